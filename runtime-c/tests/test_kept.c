/**
 * Counters that survive resets, under cuts that fall inside their saves, too: each total is what
 * happened up to the last save that reached NVM. Only in the build that keeps them.
 */
#include "check.h"
#include "kept.h"

#if BO_KEEP_COUNTERS
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "crc.h"
#include "network.h"

typedef struct {
  uint64_t of[BO_KEPT_FIELDS];
} totals;

/** What the watcher of a run knows beside the device. */
static struct {
  const bo_model *model;
  totals saved[NETWORK_LAYERS + 1u]; /**< per layer, as of the last save that reached NVM */
  totals sent;                       /**< as of the one that may be on its way */
  int sending;                       /**< 1 + its layer; 0: none is */
  bo_counters before[NETWORK_LAYERS + 1u];
  uint32_t cuts_in_saves, saves, commits;
} seen;

static uint64_t total(const bo_kept *kept, unsigned field) {
  return (uint64_t)kept->high[field] << 32 | kept->low[field];
}

/** As bo_counters has them; what it lacks is 0. */
static totals counted(const bo_counters *c) {
  return (totals){{c->boots, 0, c->commits, c->reads, c->read_bytes, c->writes, c->write_bytes,
                   c->macs, c->pooled, 0}};
}

/** The newest whole slot of a layer, judged from outside; zeros where there is none. */
static bo_kept newest(const bo_model *model, uint32_t layer) {
  bo_kept best;
  memset(&best, 0, sizeof best);
  for (uint32_t slot = 0; slot < 2u; slot++) {
    bo_kept kept;
    memcpy(&kept, bo_host_nvm() + bo_kept_slots(model, layer) + slot * BO_KEPT_BYTES, sizeof kept);
    if (kept.crc == bo_crc16(BO_CRC16_START, &kept, offsetof(bo_kept, crc)) &&
        kept.image_id == model->image_id && (best.save == 0u || kept.save > best.save))
      best = kept;
  }
  return best;
}

static int equals(const totals *a, const bo_kept *kept) {
  for (unsigned field = 0; field < BO_KEPT_FIELDS; field++) {
    /* These two the counters in VM do not have; repeats() looks at them. */
    const int own = field == BO_KEPT_REPEATS || field == BO_KEPT_REPEATED;
    if (!own && a->of[field] != total(kept, field))
      return 0;
  }
  return 1;
}

static void on_write(uint32_t address, uint16_t bytes) {
  (void)bytes;
  const uint32_t first = bo_kept_slots(seen.model, 0);
  if (address < first)
    return;
  const uint32_t layer = (address - first) / (2u * BO_KEPT_BYTES);
  const totals now = counted(&bo_counted[layer]), then = counted(&seen.before[layer]);
  seen.sent = seen.saved[layer];
  for (unsigned field = 0; field < BO_KEPT_FIELDS; field++)
    seen.sent.of[field] += now.of[field] - then.of[field];
  seen.before[layer] = bo_counted[layer];
  seen.sending = 1 + (int)layer;
  seen.saves++;
}

static void on_confirmed(void) {
  if (seen.sending != 0)
    seen.saved[seen.sending - 1] = seen.sent;
  seen.sending = 0;
}

static void on_read(uint32_t address, uint16_t bytes) {
  (void)address;
  (void)bytes;
}

static void watch(const bo_model *model) {
  memset(&seen, 0, sizeof seen);
  memset(bo_counted, 0, sizeof bo_counted);
  seen.model = model;
}

static bo_cycle_end power_cycle(bo_application *app, const bo_cut *cut, int off) {
  static const bo_host_meter hooks = {on_read, on_write, on_confirmed, NULL};
  memcpy(seen.before, bo_counted, sizeof seen.before);
  seen.sending = 0;
  bo_host_measure(&hooks);
  const bo_cycle_end ended = bo_host_power_cycle(bo_application_run, app, cut, off);
  bo_host_measure(NULL);
  return ended;
}

/** Every layer's newest whole totals are those of its last save; one that was cut counts or not. */
static void compare(const char *what, const network *net, uint32_t seed) {
  if (seen.sending != 0) {
    const uint32_t layer = (uint32_t)seen.sending - 1u;
    const bo_kept kept = newest(seen.model, layer);
    seen.cuts_in_saves++;
    if (equals(&seen.sent, &kept))
      seen.saved[layer] = seen.sent;
  }
  for (uint32_t layer = 0; layer <= seen.model->layer_count; layer++) {
    const bo_kept kept = newest(seen.model, layer);
    CHECK(equals(&seen.saved[layer], &kept), "seed %u: %s: totals of layer %u: %s", (unsigned)seed,
          what, (unsigned)layer, network_text(net));
  }
}

static uint64_t sum(unsigned field) {
  uint64_t all = 0;
  for (uint32_t layer = 0; layer <= seen.model->layer_count; layer++) {
    const bo_kept kept = newest(seen.model, layer);
    all += total(&kept, field);
  }
  return all;
}

static network *draw(uint32_t seed, uint8_t scheme) {
  const network_limits limits = {.layers = 1u + seed % 3u,
                                 .max_side = 3u + seed % 6u,
                                 .max_channels = 1u + seed % 6u,
                                 .max_batches = 24,
                                 .vectors = 2,
                                 .scheme = scheme};
  return network_make(300000u + seed, &limits);
}

/** Without a cut: as many commits and multiply-accumulates as were made, none in vain. */
static void uncut(void) {
  for (uint32_t seed = 1; seed <= 60u && !check_has_failed(); seed++) {
    network *net = draw(seed, (uint8_t)(seed % 5u));
    bo_application app;
    bo_application_begin(&app, &net->subject, 3);
    watch(&net->model);
    uint32_t boots = 1;
    while (power_cycle(&app, NULL, 1) == BO_CYCLE_OFF) {
      compare("uncut", net, seed);
      /* What precedes an image's first commit is not counted. */
      boots += !app.runtime.progress.fresh;
    }
    compare("uncut", net, seed);
    CHECK(app.wrong == NULL, "seed %u: %s", (unsigned)seed, app.wrong);
    CHECK(sum(BO_KEPT_COMMITS) == app.runtime.progress.record.sequence, "seed %u: commits",
          (unsigned)seed);
    CHECK(sum(BO_KEPT_BOOTS) == boots, "seed %u: %u boots, not %u", (unsigned)seed,
          (unsigned)sum(BO_KEPT_BOOTS), (unsigned)boots);
    CHECK(sum(BO_KEPT_REPEATS) + sum(BO_KEPT_REPEATED) == 0u, "seed %u: repeated", (unsigned)seed);
    uint64_t macs = 0;
    for (uint32_t layer = 0; layer < net->model.layer_count; layer++)
      macs += bo_counted[layer].macs;
    CHECK(sum(BO_KEPT_MACS) == macs, "seed %u: MACs", (unsigned)seed);
    free(app.output);
    network_free(net);
  }
}

/** Power cycles cut at random writes, saves included: totals, outputs, and what is in vain. */
static void many_cuts(uint32_t *cuts, uint32_t *in_saves) {
  for (uint32_t seed = 1; seed <= 200u && !check_has_failed(); seed++) {
    network *net = draw(seed, (uint8_t)(seed % 5u));
    bo_application app;
    uint32_t random = bo_host_seed(seed, 77), here = 0, confirmed = 0;
    bo_application_begin(&app, &net->subject, 4);
    watch(&net->model);
    for (uint32_t cycle = 0; cycle < 4000u && app.wrong == NULL; cycle++) {
      bo_cut cut = {0, BO_CUT_BEFORE, 0};
      if (here < 120u) {
        cut.write = 1u + bo_host_random(&random) % 12u;
        cut.mode = (bo_cut_mode)(bo_host_random(&random) % BO_CUT_MODES);
        cut.detail = bo_host_random(&random) % 80u;
      }
      const bo_cycle_end ended = power_cycle(&app, &cut, (int)(seed & 1u));
      here += ended == BO_CYCLE_CUT;
      compare("cut", net, seed);
      if (app.runtime.booted != 0u)
        confirmed = app.runtime.progress.record.sequence;
      CHECK(sum(BO_KEPT_COMMITS) <= confirmed, "seed %u: a step counts before its record",
            (unsigned)seed);
      CHECK(sum(BO_KEPT_REPEATS) <= here, "seed %u: more repeated than cut", (unsigned)seed);
      if (ended == BO_CYCLE_RETURNED || check_has_failed())
        break;
    }
    CHECK(app.wrong == NULL && app.released == 4u, "seed %u: %s", (unsigned)seed,
          app.wrong == NULL ? "no progress" : app.wrong);
    *cuts += here;
    *in_saves += seen.cuts_in_saves;
    free(app.output);
    network_free(net);
  }
}

/** One batch cut three times before its commit: three repeats, and at most its work three times. */
static void repeats(void) {
  uint32_t tried = 0;
  for (uint32_t seed = 1; seed <= 40u && !check_has_failed(); seed++) {
    network *net = draw(seed, BO_SCHEME_TILE);
    bo_application app;
    bo_application_begin(&app, &net->subject, 1);
    watch(&net->model);
    do { /* the constants, and the start */
      power_cycle(&app, NULL, 1);
    } while (app.runtime.progress.fresh);
    const uint32_t layer = app.runtime.progress.record.layer;
    /* Writes of a boot: its save, the word of the step that begins, then the batch's own. */
    const bo_cut cut = {3, BO_CUT_BEFORE, 0};
    for (int i = 0; i < 3; i++)
      CHECK(power_cycle(&app, &cut, 1) == BO_CYCLE_CUT, "seed %u: no cut", (unsigned)seed);
    const bo_counters before = bo_counted[layer];
    CHECK(power_cycle(&app, NULL, 1) == BO_CYCLE_OFF, "seed %u: no commit", (unsigned)seed);
    const uint32_t work =
        bo_counted[layer].macs + bo_counted[layer].pooled - before.macs - before.pooled;
    const bo_kept kept = newest(&net->model, layer);
    CHECK(total(&kept, BO_KEPT_BOOTS) == 4u && total(&kept, BO_KEPT_REPEATS) == 3u,
          "seed %u: boots and repeats", (unsigned)seed);
    CHECK(total(&kept, BO_KEPT_COMMITS) == 1u && total(&kept, BO_KEPT_REPEATED) == 3u * work,
          "seed %u: repeated work", (unsigned)seed);
    tried += work != 0u;
    free(app.output);
    network_free(net);
  }
  CHECK(tried >= 30u, "only %u batches with work", (unsigned)tried);
}

/** Another image starts from nothing; the same one goes on; beyond 32 bits totals go on, too. */
static void lives(void) {
  network *net = draw(7, BO_SCHEME_TILE);
  bo_application app;
  bo_application_begin(&app, &net->subject, 1);
  watch(&net->model);
  while (power_cycle(&app, NULL, 1) == BO_CYCLE_OFF) {
  }
  const uint32_t first = net->model.layer_count;
  bo_kept kept = newest(&net->model, first);
  const uint64_t boots = total(&kept, BO_KEPT_BOOTS);
  CHECK(boots > 1u, "no life");
  /* Many years later. */
  const uint32_t at = bo_kept_slots(&net->model, first);
  kept.low[BO_KEPT_BOOTS] = 0xffffffffu;
  kept.crc = bo_crc16(BO_CRC16_START, &kept, offsetof(bo_kept, crc));
  memcpy(bo_host_nvm() + at + (kept.save & 1u) * BO_KEPT_BYTES, &kept, sizeof kept);
  watch(&net->model);
  power_cycle(&app, NULL, 1);
  const bo_kept later = newest(&net->model, first);
  CHECK(total(&later, BO_KEPT_BOOTS) == 0x100000000u, "no carry into the upper half");
  /* Its slots stay, the image is another one's. */
  net->model.image_id ^= 1u;
  bo_application other;
  uint8_t *rest = malloc(bo_host_nvm_bytes());
  if (rest == NULL)
    exit(70);
  memcpy(rest, bo_host_nvm(), bo_host_nvm_bytes());
  bo_header *header = (bo_header *)(void *)(net->image + net->model.header);
  header->image_id = net->model.image_id;
  header->header_crc = bo_crc32(0, header, offsetof(bo_header, header_crc));
  bo_application_begin(&other, &net->subject, 1);
  memcpy(bo_host_nvm() + net->model.nvm_bytes, rest + net->model.nvm_bytes,
         bo_host_nvm_bytes() - net->model.nvm_bytes);
  watch(&net->model);
  while (power_cycle(&other, NULL, 1) == BO_CYCLE_OFF)
    compare("another image", net, 7);
  CHECK(other.wrong == NULL && sum(BO_KEPT_COMMITS) == other.runtime.progress.record.sequence,
        "another image's totals were gone on with");
  free(rest);
  free(other.output);
  free(app.output);
  network_free(net);
}

void test_kept(void) {
  uint32_t cuts = 0, in_saves = 0;
  uncut();
  repeats();
  lives();
  many_cuts(&cuts, &in_saves);
  CHECK(in_saves >= 500u, "only %u cuts within saves", (unsigned)in_saves);
  check_note("%u cuts, %u of them within a save of counters", (unsigned)cuts, (unsigned)in_saves);
}
#else
void test_kept(void) {}
#endif
