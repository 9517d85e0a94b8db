#include "campaign.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "application.h"
#include "counters.h"
#include "engine.h"
#include "image.h"

static void end(bo_application *app, bo_report *report) {
  report->inferences += app->consumed;
  free(app->output);
}

/** Power cycles that `inferences` inferences and `cuts` cuts need at most: each cut costs one. */
static uint32_t cycles_allowed(const bo_subject *subject, uint32_t inferences, uint32_t cuts) {
  /* Start and delivery, and what a first start goes through. */
  uint32_t steps = 5u + subject->model->constants_bytes / BO_IMAGE_STEP_BYTES;
  for (uint32_t i = 0; i < subject->model->layer_count; i++) {
    steps += bo_engine_batches(&subject->model->layers[i]);
  }
  return (inferences + 1u) * steps + cuts;
}

static void __attribute__((format(printf, 2, 3))) fail(bo_report *report, const char *format, ...) {
  if (report->mismatches++ != 0u)
    return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(report->failure, sizeof report->failure, format, arguments);
  va_end(arguments);
}

static uint32_t commits_counted(void) {
  uint32_t commits = 0;
  for (uint32_t i = 0; i < BO_COUNTERS_LAYERS; i++)
    commits += bo_counted[i].commits;
  return commits;
}

void bo_campaign_uncut(const bo_subject *subject, uint32_t inferences, int off_after_commit,
                       bo_report *report) {
  bo_application app;
  bo_application_begin(&app, subject, inferences);
  const uint32_t allowed = cycles_allowed(subject, inferences, 0);
  const uint32_t before = commits_counted();
  for (uint32_t cycles = 0; cycles < allowed; cycles++) {
    report->boots++;
    if (bo_host_power_cycle(bo_application_run, &app, NULL, off_after_commit) == BO_CYCLE_RETURNED)
      break;
  }
  report->commits += commits_counted() - before;
  if (app.wrong == NULL && app.released != inferences)
    app.wrong = "no progress";
  if (app.wrong != NULL) {
    fail(report, "%s; inference %u, uncut", app.wrong, (unsigned)app.consumed);
  }
  end(&app, report);
}

void bo_campaign_random(const bo_subject *subject, uint32_t seed, uint32_t campaign,
                        uint32_t max_cuts, uint32_t modes, uint32_t inferences, bo_report *report) {
  bo_application app;
  uint32_t random = bo_host_seed(seed, campaign);
  const int off = (int)(campaign & 1u);
  uint32_t cuts_left = max_cuts;
  uint32_t longest = 1;
  bo_application_begin(&app, subject, inferences);
  const uint32_t allowed = cycles_allowed(subject, inferences, max_cuts);
  for (uint32_t cycles = 0; cycles < allowed; cycles++) {
    bo_cut cut = {0, BO_CUT_BEFORE, 0};
    /* Cut lengths of every order: many boots die early, some live long. */
    const uint32_t range = 1u + bo_host_random(&random) % (2u * longest);
    if (cuts_left != 0u) {
      cut.write = 1u + bo_host_random(&random) % range;
      do {
        cut.mode = (bo_cut_mode)(bo_host_random(&random) % BO_CUT_MODES);
      } while ((modes >> cut.mode & 1u) == 0u);
      cut.detail = bo_host_random(&random);
      if (cut.mode == BO_CUT_TORN)
        cut.detail %= 1u + (cut.detail >> 16 & 1u ? 16u : 256u);
    }
    report->boots++;
    const bo_cycle_end ended = bo_host_power_cycle(bo_application_run, &app, &cut, off);
    if (bo_host_writes() > longest)
      longest = bo_host_writes();
    if (ended == BO_CYCLE_RETURNED)
      break;
    if (ended == BO_CYCLE_OFF) {
      report->commits++;
    } else {
      report->cuts++;
      cuts_left--;
    }
  }
  if (app.wrong == NULL && app.released != inferences)
    app.wrong = "no progress";
  if (app.wrong != NULL) {
    fail(report, "%s; inference %u; replay random:%u:%u:%u:%u:%u", app.wrong,
         (unsigned)app.consumed, (unsigned)seed, (unsigned)campaign, (unsigned)max_cuts,
         (unsigned)modes, (unsigned)inferences);
  }
  end(&app, report);
}

/** FNV-1a over 64 bits, a word at a time: tells states of the model's NVM apart. Counters behind it
 * differ from run to run. */
static uint64_t nvm_hash(const bo_model *model) {
  const uint8_t *nvm = bo_host_nvm();
  const uint32_t bytes = model->nvm_bytes;
  uint64_t hash = 0xcbf29ce484222325u;
  uint32_t i = 0;
  for (; i + 8u <= bytes; i += 8u) {
    uint64_t word;
    memcpy(&word, nvm + i, 8);
    hash = (hash ^ word) * 0x100000001b3u;
    hash ^= hash >> 29;
  }
  for (; i < bytes; i++)
    hash = (hash ^ nvm[i]) * 0x100000001b3u;
  return hash;
}

/** One exhaustive campaign at work. */
typedef struct {
  bo_application app;
  uint64_t *states; /**< of NVM after each uncut power cycle */
  uint32_t cycles;
  uint8_t *nvm; /**< before the power cycle at hand */
  bo_application before;
  uint32_t cycle;
} exhaustive;

static void restore(exhaustive *all) {
  memcpy(bo_host_nvm(), all->nvm, bo_host_nvm_bytes());
  all->app = all->before;
}

static void one_cut(exhaustive *all, const bo_cut *cut, bo_report *report) {
  restore(all);
  bo_host_power_cycle(bo_application_run, &all->app, cut, 1);
  report->cuts++;
  if (all->app.wrong == NULL)
    bo_host_power_cycle(bo_application_run, &all->app, NULL, 1);
  report->boots += 2;
  const char *wrong = all->app.wrong;
  if (wrong == NULL) {
    const uint64_t state = nvm_hash(all->app.subject->model);
    const uint32_t next = all->cycle + 1u < all->cycles ? all->cycle + 1u : all->cycle;
    /* The cut may have come behind the record: then the step was done, and one more is now. */
    if (state != all->states[all->cycle] && state != all->states[next]) {
      wrong = "NVM differs from the uncut run";
    }
  }
  if (wrong != NULL) {
    fail(report, "%s; replay one:%u:%u:%u:%u:%u", wrong, (unsigned)all->cycle, (unsigned)cut->write,
         (unsigned)cut->mode, (unsigned)cut->detail, (unsigned)all->app.wanted);
  }
}

static void cuts_of_write(exhaustive *all, uint32_t write, uint32_t bytes, bo_report *report) {
  bo_cut cut = {write, BO_CUT_BEFORE, 0};
  one_cut(all, &cut, report);
  cut.mode = BO_CUT_TORN;
  for (cut.detail = 1; cut.detail <= bytes; cut.detail++) {
    const int middle = cut.detail == bytes / 2u || cut.detail == bytes / 2u + 1u;
    if (bytes <= 32u || cut.detail <= 2u || middle || cut.detail + 2u >= bytes) {
      one_cut(all, &cut, report);
    }
  }
  cut.mode = BO_CUT_LAST_ONLY, cut.detail = 0;
  one_cut(all, &cut, report);
  cut.mode = BO_CUT_SUBSET;
  for (cut.detail = 1; cut.detail <= 2u; cut.detail++)
    one_cut(all, &cut, report);
}

/** Runs uncut, calling for every power cycle; `only` restricts the cuts to one (a replay). */
static void exhaust(const bo_subject *subject, uint32_t inferences, uint32_t only_cycle,
                    const bo_cut *only, bo_report *report) {
  exhaustive all;
  uint32_t room = 1024;
  memset(&all, 0, sizeof all);
  all.states = malloc(room * sizeof *all.states);
  bo_application_begin(&all.app, subject, inferences);
  all.nvm = malloc(bo_host_nvm_bytes());
  if (all.states == NULL || all.nvm == NULL)
    exit(70);
  bo_cycle_end ended = BO_CYCLE_OFF;
  const uint32_t allowed = cycles_allowed(subject, inferences, 0);
  while (ended != BO_CYCLE_RETURNED && all.cycles < allowed) {
    ended = bo_host_power_cycle(bo_application_run, &all.app, NULL, 1);
    if (all.cycles == room) {
      room *= 2u;
      all.states = realloc(all.states, room * sizeof *all.states);
      if (all.states == NULL)
        exit(70);
    }
    all.states[all.cycles++] = nvm_hash(subject->model);
    report->boots++;
    report->commits += ended == BO_CYCLE_OFF;
  }
  if (all.app.wrong == NULL && all.app.released != inferences)
    all.app.wrong = "no progress";
  if (all.app.wrong != NULL)
    fail(report, "%s; uncut", all.app.wrong);
  report->inferences += all.app.consumed;
  free(all.app.output);

  bo_application_begin(&all.app, subject, inferences);
  for (all.cycle = 0; all.cycle < all.cycles && report->mismatches == 0u; all.cycle++) {
    memcpy(all.nvm, bo_host_nvm(), bo_host_nvm_bytes());
    all.before = all.app;
    bo_host_power_cycle(bo_application_run, &all.app, NULL, 1);
    const uint32_t writes = bo_host_writes();
    uint32_t *sizes = malloc((writes + 1u) * sizeof *sizes);
    if (sizes == NULL)
      exit(70);
    for (uint32_t write = 1; write <= writes; write++)
      sizes[write] = bo_host_write_bytes(write);
    if (only == NULL) {
      for (uint32_t write = 1; write <= writes; write++) {
        cuts_of_write(&all, write, sizes[write], report);
      }
    } else if (all.cycle == only_cycle) {
      one_cut(&all, only, report);
    }
    free(sizes);
    restore(&all);
    bo_host_power_cycle(bo_application_run, &all.app, NULL, 1);
    if (report->mismatches == 0u && nvm_hash(subject->model) != all.states[all.cycle]) {
      fail(report, "the uncut run does not repeat itself; power cycle %u", (unsigned)all.cycle);
    }
  }
  free(all.app.output);
  free(all.states);
  free(all.nvm);
}

void bo_campaign_exhaustive(const bo_subject *subject, uint32_t inferences, bo_report *report) {
  exhaust(subject, inferences, 0, NULL, report);
}

int bo_campaign_parse(const char *id, bo_replay *replay) {
  unsigned a, b, c, d, e;
  replay->is_random = sscanf(id, "random:%u:%u:%u:%u:%u", &a, &b, &c, &d, &e) == 5;
  if (!replay->is_random &&
      (sscanf(id, "one:%u:%u:%u:%u:%u", &a, &b, &c, &d, &e) != 5 || c >= BO_CUT_MODES))
    return 0;
  const uint32_t numbers[5] = {a, b, c, d, e};
  memcpy(replay->numbers, numbers, sizeof numbers);
  return 1;
}

int bo_campaign_replay(const bo_subject *subject, const char *id, bo_report *report) {
  bo_replay replay;
  const uint32_t *n = replay.numbers;
  if (!bo_campaign_parse(id, &replay))
    return 0;
  if (replay.is_random) {
    bo_campaign_random(subject, n[0], n[1], n[2], n[3], n[4], report);
  } else {
    const bo_cut cut = {n[1], (bo_cut_mode)n[2], n[3]};
    exhaust(subject, n[4], n[0], &cut, report);
  }
  return 1;
}
