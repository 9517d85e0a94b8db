/**
 * The power simulation: one dumped model on one platform, from a capacitor and a source. Prints one
 * line of JSON; exit status 0: it ran to the end and every output is equal, 1: not, 2: wrong call.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brownout.h"
#include "counters.h"
#include "curve.h"
#include "host.h"
#include "meter.h"
#include "platform.h"
#include "published.h"
#include "runtime.h"
#include "vectors.h"

static const char usage[] =
    "usage: bo_power --platform TABLE --image NVM.BIN --vectors VECTORS.BIN [options]\n"
    "  --source KIND[:key=value,...]   constant (default), square, markov, rf, solar, trace\n"
    "  --after-commit sleep|run_on     default: as the dump has it\n"
    "  --above-V V                     run_on: a supply monitor switches off below; default: none, "
    "power fails\n"
    "  --inferences N                  measured, after one that is not; default 1\n"
    "  --cold                          the first start of a new image runs on the capacitor, too\n"
    "  --provision                     NVM starts empty, the image lies in program memory\n"
    "  --accounts brownout|inas2021    inas2021: as published, off after each commit, no "
    "capacitor\n"
    "  --limit-s S                     of simulated time; default 1e7\n"
    "  --detail-step-s S               of the voltage curve's part in full; default 1e-3\n";

/** Power failures without progress between them after which nothing better is to be expected. */
#define HOPELESS 1000u

typedef struct {
  bo_meter meter;
  bo_platform platform;
  bo_source source;
  bo_curve curve;
  bo_runtime runtime;
  const bo_vectors_file *vectors;
  void *output;
  uint32_t wanted, consumed, released, mismatches;
  int sleeps;
  const char *wrong;
  /* What is measured: from the first delivery to the last. */
  int measuring, measured;
  double from_s, from_commits, from_harvested_J;
  bo_account accounts[BO_ACCOUNTS];
  double time_s, commits, harvested_J;
  double deaths, cycles; /**< of the whole run */
  double detail_step_s;
} simulation;

static void wrong_call(const char *what, const char *value) {
  fprintf(stderr, "%s: %s\n%s", what, value, usage);
  exit(2);
}

/** Opens and closes what is measured, where deliveries say so. */
static void mark(simulation *s) {
  const bo_meter *m = &s->meter;
  if (!s->measuring && m->delivered >= 1) {
    s->measuring = 1;
    s->from_s = m->capacitor.time_s;
    s->from_commits = m->commits;
    s->from_harvested_J = m->capacitor.harvested_J;
    bo_meter_clear(&s->meter);
    bo_curve_detail(&s->curve, s->from_s, s->detail_step_s);
  } else if (s->measuring && !s->measured && m->delivered >= s->wanted) {
    s->measured = 1;
    s->time_s = m->capacitor.time_s - s->from_s;
    s->commits = m->commits - s->from_commits;
    s->harvested_J = m->capacitor.harvested_J - s->from_harvested_J;
    memcpy(s->accounts, m->accounts, sizeof s->accounts);
  }
}

static void use_result(simulation *s) {
  const uint16_t number = s->runtime.inference;
  const int again = s->consumed != 0u && number == (uint16_t)s->consumed;
  if (again && s->released == s->consumed) {
    s->wrong = "a released result was delivered again";
  } else if (!again && number != (uint16_t)(s->consumed + 1u)) {
    s->wrong = "a result was skipped or is out of order";
  }
  if (s->wrong != NULL)
    return;
  if (!again)
    s->consumed++;
  const uint16_t vector = (uint16_t)((s->consumed - 1u) % s->vectors->count);
  if (memcmp(bo_vector_output(s->vectors, vector), s->output, bo_output_bytes(&brownout_model)) !=
      0)
    s->mismatches += !again;
}

/** What main() does after every boot. */
static void program(void *context) {
  simulation *s = context;
  memset(&s->runtime, 0, sizeof s->runtime);
  bo_meter_boot(&s->meter);
  while (s->wrong == NULL) {
    const int enough = s->consumed == s->wanted;
    const uint16_t vector = (uint16_t)(s->consumed % s->vectors->count);
    const void *input = enough ? NULL : bo_vector_input(s->vectors, vector);
    const bo_status status = bo_runtime_infer(&s->runtime, &brownout_model, input, s->output);
    if (status == BO_NONE && enough) {
      s->released = s->consumed;
      return;
    }
    if (status != BO_DONE) {
      s->wrong = status == BO_REFUSED ? "the runtime refused" : "the runtime did nothing";
      return;
    }
    mark(s);
    use_result(s);
    bo_runtime_release(&s->runtime);
    s->released = s->consumed;
  }
}

static void simulate(simulation *s, double limit_s) {
  bo_capacitor *c = &s->meter.capacitor;
  unsigned in_vain = 0;
  double kept = 0;
  uint8_t records[BO_NVM_RELEASES];
  for (;;) {
    memcpy(records, bo_host_nvm(), sizeof records);
    const bo_cycle_end ended = bo_host_power_cycle(program, s, NULL, s->sleeps);
    const int died = ended == BO_CYCLE_CUT;
    bo_meter_cycle_end(&s->meter, died);
    s->cycles++;
    s->deaths += died;
    if (ended == BO_CYCLE_RETURNED || s->wrong != NULL)
      return;
    /* Steps of a first start show in the place of records alone. */
    const int stands = memcmp(records, bo_host_nvm(), sizeof records) == 0;
    in_vain = died && s->meter.kept == kept && stands ? in_vain + 1u : 0u;
    kept = s->meter.kept;
    if (in_vain == HOPELESS) {
      s->wrong = "no progress: one step needs more than the capacitor holds";
      return;
    }
    const double before_s = c->time_s;
    if (s->meter.published) {
      const double off_s = bo_published_off_s(&s->platform, s->meter.cycle_J);
      c->time_s += isnan(off_s) ? 0 : off_s;
    } else if (!bo_capacitor_charge(c, s->platform.v_on, limit_s)) {
      s->wrong = "the capacitor is not full again within the time limit";
      return;
    }
    bo_meter_off(&s->meter, c->time_s - before_s);
    mark(s);
  }
}

static void print_layer(const bo_account *a, const char *name, int first) {
  printf("%s{\"name\":\"%s\",\"latency_s\":%.12g,\"on_s\":%.12g,\"off_s\":%.12g,\"energy_J\":%.12g,"
         "\"energy_max_J\":%.12g,\"energy_min_J\":%.12g,\"power_cycles\":%.0f,\"deaths\":%.0f,"
         "\"over_budget\":%.0f,\"lost_J\":%.12g,\"lost_max_J\":%.12g,\"deeds\":{",
         first ? "" : ",", name, a->on_s + a->off_s, a->on_s, a->off_s, a->energy_J, a->cycle_max_J,
         isfinite(a->cycle_min_J) ? a->cycle_min_J : 0.0, a->cycles, a->deaths, a->over, a->lost_J,
         a->lost_max_J);
  int comma = 0;
  for (int deed = 0; deed < BO_DEEDS; deed++) {
    const bo_booked *b = &a->deeds[deed];
    if (b->latency_s == 0 && b->energy_J == 0)
      continue;
    printf("%s\"%s\":{\"count\":%.0f,\"elements\":%.0f,\"energy_J\":%.12g,\"latency_s\":%.12g}",
           comma++ ? "," : "", bo_deed_names[deed], b->count, b->elements, b->energy_J,
           b->latency_s);
  }
  printf("}}");
}

static void print(const simulation *s) {
  double energy_J = 0, deaths = 0, cycles = 0, worst_J = 0, over = 0;
  for (uint16_t i = 0; i <= brownout_model.layer_count; i++) {
    const bo_account *a = &s->accounts[i];
    energy_J += a->energy_J;
    deaths += a->deaths;
    cycles += a->cycles;
    over += a->over;
    worst_J = a->cycle_max_J > worst_J ? a->cycle_max_J : worst_J;
  }
  printf(
      "{\"after_commit\":\"%s\",\"inferences\":%u,\"measured\":%u,\"mismatches\":%u,\"failure\":",
      s->sleeps ? "sleep" : "run_on", s->consumed, s->measured ? s->wanted - 1u : 0u,
      s->mismatches);
  if (s->wrong == NULL)
    printf("null");
  else
    printf("\"%s\"", s->wrong);
  printf(",\"all\":{\"time_s\":%.12g,\"power_cycles\":%.0f,\"deaths\":%.0f,\"commits\":%.0f},"
         "\"latency_s\":%.12g,\"energy_J\":%.12g,\"harvested_J\":%.12g,\"power_cycles\":%.0f,"
         "\"deaths\":%.0f,\"commits\":%.0f,\"energy_max_J\":%.12g,\"over_budget\":%.0f,"
         "\"budget_J\":%.12g,\"full_J\":%.12g,\"layers\":[",
         s->meter.capacitor.time_s, s->cycles, s->deaths, s->meter.commits, s->time_s, energy_J,
         s->harvested_J, cycles, deaths, s->commits, worst_J, over, bo_safe_J(&s->platform),
         bo_full_J(&s->platform));
  for (uint16_t i = 0; i < brownout_model.layer_count; i++) {
    char name[16];
    snprintf(name, sizeof name, "%u", i);
    print_layer(&s->accounts[i], name, i == 0u);
  }
  print_layer(&s->accounts[brownout_model.layer_count], "start and delivery", 0);
  printf("],\"voltage\":");
  bo_curve_print(&s->curve, stdout);
  printf("}\n");
}

static uint8_t *read_file(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0)
    wrong_call("cannot read", path);
  const long size = ftell(file);
  rewind(file);
  uint8_t *data = malloc(size > 0 ? (size_t)size : 1u);
  if (data == NULL || size < 0 || fread(data, 1, (size_t)size, file) != (size_t)size)
    wrong_call("cannot read", path);
  fclose(file);
  *bytes = (size_t)size;
  return data;
}

static void load_vectors(simulation *s, const char *path) {
  size_t bytes;
  const bo_vectors_file *file = (const bo_vectors_file *)(const void *)read_file(path, &bytes);
  if (bytes < sizeof *file || file->magic != BO_VECTORS_MAGIC || file->count == 0u ||
      file->inputs != BO_INPUTS || file->outputs != BO_OUTPUTS ||
      file->element_bytes != brownout_model.element_bytes ||
      bytes < sizeof *file + (size_t)file->element_bytes * file->count * (BO_INPUTS + BO_OUTPUTS)) {
    wrong_call("not the vectors of this model", path);
  }
  s->vectors = file;
}

static void load_image(const char *path, int provision) {
  size_t bytes;
  const uint8_t *image = read_file(path, &bytes);
  if (bytes > brownout_model.nvm_bytes)
    wrong_call("larger than the model's NVM", path);
  bo_host_nvm_make(brownout_model.nvm_bytes);
  if (provision)
    bo_host_image(image, (uint32_t)bytes);
  else
    memcpy(bo_host_nvm(), image, bytes);
}

static double number(const char *name, const char *text, double most) {
  char *end = NULL;
  const double value = strtod(text, &end);
  if (end == text || *end != 0 || !(value > 0 && value <= most))
    wrong_call(name, text);
  return value;
}

int main(int count, char **words) {
  static simulation s;
  const char *platform = NULL, *image = NULL, *vectors = NULL, *source = "constant";
  double limit_s = 1e7, above_V = 0;
  int cold = 0, published = 0, provision = 0;
  s.sleeps = BO_AFTER_COMMIT_SLEEP;
  s.wanted = 2;
  s.detail_step_s = 1e-3;
  for (int i = 1; i < count; i++) {
    const char *name = words[i];
    if (strcmp(name, "--cold") == 0) {
      cold = 1;
      continue;
    }
    if (strcmp(name, "--provision") == 0) {
      provision = 1;
      continue;
    }
    if (i + 1 == count)
      wrong_call("unknown option, or no value", name);
    const char *value = words[++i];
    if (strcmp(name, "--platform") == 0)
      platform = value;
    else if (strcmp(name, "--image") == 0)
      image = value;
    else if (strcmp(name, "--vectors") == 0)
      vectors = value;
    else if (strcmp(name, "--source") == 0)
      source = value;
    else if (strcmp(name, "--inferences") == 0)
      s.wanted = 1u + (uint32_t)number(name, value, 1e6);
    else if (strcmp(name, "--limit-s") == 0)
      limit_s = number(name, value, 1e12);
    else if (strcmp(name, "--above-V") == 0)
      above_V = number(name, value, 1e3);
    else if (strcmp(name, "--detail-step-s") == 0)
      s.detail_step_s = number(name, value, 1e6);
    else if (strcmp(name, "--accounts") == 0 && strcmp(value, "inas2021") == 0)
      published = 1;
    else if (strcmp(name, "--accounts") == 0 && strcmp(value, "brownout") == 0)
      published = 0;
    else if (strcmp(name, "--after-commit") == 0 && strcmp(value, "sleep") == 0)
      s.sleeps = 1;
    else if (strcmp(name, "--after-commit") == 0 && strcmp(value, "run_on") == 0)
      s.sleeps = 0;
    else
      wrong_call("unknown option or value", name);
  }
  if (platform == NULL || image == NULL || vectors == NULL)
    wrong_call("missing", "--platform, --image or --vectors");
  if (brownout_model.layer_count >= BO_ACCOUNTS)
    wrong_call("more layers than accounts", image);
  FILE *table = fopen(platform, "r");
  if (table == NULL)
    wrong_call("cannot read", platform);
  if (!bo_platform_read(&s.platform, table, platform) ||
      !bo_source_read(&s.source, source, s.platform.v_supply, s.platform.harvester_ohm)) {
    return 2;
  }
  fclose(table);
  load_image(image, provision);
  load_vectors(&s, vectors);
  s.output = malloc(bo_output_bytes(&brownout_model));
  if (s.output == NULL)
    return 70;
  bo_host_vm(BO_VM_BYTES);
  bo_meter_start(&s.meter, &brownout_model, &s.platform, &s.source);
  s.meter.mains = !cold && !published;
  s.meter.published = published;
  s.meter.above_V = above_V;
  s.sleeps |= published;
  bo_curve_start(&s.curve, s.platform.v_on);
  s.meter.capacitor.watch = bo_curve_add;
  s.meter.capacitor.context = &s.curve;
  simulate(&s, limit_s);
  if (s.wrong == NULL && s.released != s.wanted)
    s.wrong = "no progress";
  print(&s);
  bo_source_free(&s.source);
  return s.wrong != NULL || s.mismatches != 0u;
}
