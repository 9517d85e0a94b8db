/**
 * The host runner: one dumped model, its NVM image and vectors, with and without power cuts. Prints
 * one line of JSON; exit status 0: every output equal, 1: some not, 2: wrong call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brownout.h"
#include "campaign.h"
#include "counters.h"
#include "vectors_file.h"

static const char usage[] =
    "usage: runner NVM.BIN VECTORS.BIN MODE\n"
    "  uncut [--inferences N]\n"
    "  cuts [--seed N] [--campaigns N] [--max-cuts N] [--inferences N]\n"
    "       [--cut-mode before,torn,reorder]\n"
    "  every-write [--inferences N]     one cut at each NVM write, in every way\n"
    "  replay ID                        what a failure printed\n"
    "  any mode: [--provision]          start with empty NVM, the image in program memory\n";

typedef struct {
  uint32_t seed, campaigns, max_cuts, inferences, modes;
} options;

static void __attribute__((noreturn)) wrong_call(const char *what, const char *value) {
  fprintf(stderr, "%s: %s\n%s", what, value, usage);
  exit(2);
}

static uint8_t *read_file(const char *path, uint32_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  fseek(file, 0, SEEK_END);
  const long size = ftell(file);
  rewind(file);
  uint8_t *data = malloc((size_t)size + 1u);
  if (data == NULL || size < 0 || fread(data, 1, (size_t)size, file) != (size_t)size) {
    wrong_call("cannot read", path);
  }
  fclose(file);
  *bytes = (uint32_t)size;
  return data;
}

static void load_vectors(const char *path, bo_subject *subject) {
  uint32_t bytes;
  const bo_model *model = subject->model;
  const uint8_t *data = read_file(path, &bytes);
  const bo_vectors_file *file = bo_vectors_of(model, data, bytes);
  const size_t inputs = bo_code_bytes(model) * (size_t)model->inputs;
  const size_t outputs = bo_output_bytes(model);
  if (file == NULL)
    wrong_call("not the vectors of this model", path);
  uint8_t *in = malloc(file->count * inputs);
  uint8_t *out = malloc(file->count * outputs);
  if (in == NULL || out == NULL)
    exit(70);
  for (uint16_t v = 0; v < file->count; v++) {
    memcpy(in + v * inputs, bo_vector_input(file, v), inputs);
    memcpy(out + v * outputs, bo_vector_output(file, v), outputs);
  }
  subject->inputs = in;
  subject->expected = out;
  subject->count = file->count;
}

static uint32_t modes_of(const char *words) {
  static const struct {
    const char *word;
    uint32_t modes;
  } known[] = {{"before", 1u << BO_CUT_BEFORE},
               {"torn", 1u << BO_CUT_TORN},
               {"reorder", 1u << BO_CUT_LAST_ONLY | 1u << BO_CUT_SUBSET}};
  uint32_t modes = 0;
  for (const char *at = words; *at != 0;) {
    const size_t length = strcspn(at, ",");
    uint32_t found = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
      if (strlen(known[i].word) == length && strncmp(at, known[i].word, length) == 0) {
        found = known[i].modes;
      }
    }
    if (found == 0u)
      wrong_call("cut mode", words);
    modes |= found;
    at += length;
    at += *at == ',';
  }
  return modes;
}

static uint32_t number(const char *name, const char *text) {
  char *end = NULL;
  const unsigned long value = text == NULL ? 0 : strtoul(text, &end, 10);
  if (text == NULL || *text == 0 || *end != 0 || value > 0xfffffffful)
    wrong_call(name, "number");
  return (uint32_t)value;
}

static void parse(int count, char **words, options *o, bo_subject *subject) {
  for (int i = 0; i < count; i++) {
    const char *name = words[i];
    if (strcmp(name, "--provision") == 0) {
      subject->provision = 1;
      continue;
    }
    const char *value = i + 1 < count ? words[++i] : NULL;
    if (strcmp(name, "--seed") == 0)
      o->seed = number(name, value);
    else if (strcmp(name, "--campaigns") == 0)
      o->campaigns = number(name, value);
    else if (strcmp(name, "--max-cuts") == 0)
      o->max_cuts = number(name, value);
    else if (strcmp(name, "--inferences") == 0)
      o->inferences = number(name, value);
    else if (strcmp(name, "--cut-mode") == 0 && value != NULL)
      o->modes = modes_of(value);
    else
      wrong_call("unknown option", name);
  }
}

static void print_counters(uint16_t layers) {
  printf(",\"layers\":[");
  for (uint16_t i = 0; i <= layers && i < BO_COUNTERS_LAYERS; i++) {
    const bo_counters *c = &bo_counted[i];
    printf("%s{\"boots\":%u,\"reads\":%u,\"read_bytes\":%u,\"writes\":%u,\"write_bytes\":%u,"
           "\"commits\":%u,\"mac_calls\":%u,\"macs\":%u,\"pooled\":%u,\"requantised\":%u,"
           "\"marks\":%u,\"states_set\":%u,\"states_stripped\":%u}",
           i == 0u ? "" : ",", c->boots, c->reads, c->read_bytes, c->writes, c->write_bytes,
           c->commits, c->mac_calls, c->macs, c->pooled, c->requantised, c->marks, c->states_set,
           c->states_stripped);
  }
  printf("]");
}

int main(int count, char **words) {
  if (count < 4)
    wrong_call("too few words", "");
  bo_report report;
  bo_subject subject;
  memset(&report, 0, sizeof report);
  memset(&subject, 0, sizeof subject);
  subject.model = &brownout_model;
  subject.image = read_file(words[1], &subject.image_bytes);
  if (subject.image_bytes > brownout_model.nvm_bytes) {
    wrong_call("larger than the model's NVM", words[1]);
  }
  load_vectors(words[2], &subject);
  options o = {1, 10, 100, subject.count, BO_ALL_CUTS};
  const char *mode = words[3];
  const int replay = strcmp(mode, "replay") == 0;
  if (replay && count < 5)
    wrong_call("replay", "needs an id");
  parse(count - 4 - replay, words + 4 + replay, &o, &subject);
  bo_host_vm(brownout_model.vm_bytes);
  if (strcmp(mode, "uncut") == 0) {
    bo_campaign_uncut(&subject, o.inferences, 1, &report);
  } else if (strcmp(mode, "cuts") == 0) {
    for (uint32_t i = 0; i < o.campaigns && report.mismatches == 0u; i++) {
      bo_campaign_random(&subject, o.seed, i, o.max_cuts, o.modes, o.inferences, &report);
    }
  } else if (strcmp(mode, "every-write") == 0) {
    bo_campaign_exhaustive(&subject, o.inferences, &report);
  } else if (!replay || !bo_campaign_replay(&subject, words[4], &report)) {
    wrong_call("no such mode or replay id", replay ? words[4] : mode);
  }
  printf("{\"mode\":\"%s\",\"inferences\":%u,\"cuts\":%u,\"boots\":%u,\"commits\":%u,"
         "\"mismatches\":%u,\"failure\":",
         mode, report.inferences, report.cuts, report.boots, report.commits, report.mismatches);
  if (report.mismatches == 0u)
    printf("null");
  else
    printf("\"%s\"", report.failure);
  if (strcmp(mode, "uncut") == 0)
    print_counters(brownout_model.layer_count);
  printf("}\n");
  return report.mismatches != 0u;
}
