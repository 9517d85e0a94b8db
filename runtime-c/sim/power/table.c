#include "table.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *name;
  size_t at; /**< of a double in bo_platform */
} field;

#define SCALAR(name)                                                                               \
  { #name, offsetof(bo_platform, name) }
#define COST(name, place)                                                                          \
  {name ".energy_J", offsetof(bo_platform, place.energy_J)}, {                                     \
    name ".latency_s", offsetof(bo_platform, place.latency_s)                                      \
  }
#define AFFINE(name)                                                                               \
  {#name ".energy_fixed_J", offsetof(bo_platform, name.fixed.energy_J)},                           \
      {#name ".energy_per_element_J", offsetof(bo_platform, name.per_element.energy_J)},           \
      {#name ".latency_fixed_s", offsetof(bo_platform, name.fixed.latency_s)}, {                   \
    #name ".latency_per_element_s", offsetof(bo_platform, name.per_element.latency_s)              \
  }

static const field fields[] = {
    SCALAR(capacitance_F),
    SCALAR(harvester_ohm),
    SCALAR(v_on),
    SCALAR(v_off),
    SCALAR(v_supply),
    SCALAR(safe_margin),
    AFFINE(nvm_read),
    AFFINE(nvm_write),
    AFFINE(mac),
    COST("add", add),
    COST("max", max),
    COST("requantise", requantise),
    COST("commit", commit),
    COST("reboot", reboot),
    COST("fetch_input", fetch_input),
    COST("fetch_weights", fetch_weights),
    COST("fetch_output_I", fetch_output[BO_REUSE_I]),
    COST("fetch_output_W", fetch_output[BO_REUSE_W]),
    COST("fetch_output_O", fetch_output[BO_REUSE_O]),
    COST("backup_output_I", backup_output[BO_REUSE_I]),
    COST("backup_output_W", backup_output[BO_REUSE_W]),
    COST("backup_output_O", backup_output[BO_REUSE_O]),
    COST("partial_sum", partial_sum),
    COST("accumulate", accumulate),
    COST("pool", pool),
};
#define FIELDS (sizeof fields / sizeof *fields)

static int consistent(const bo_platform *p, const char *name) {
  if (p->capacitance_F > 0 && p->harvester_ohm > 0 && p->v_off > 0 && p->v_off < p->v_on &&
      p->v_on < p->v_supply && p->safe_margin > 0) {
    return 1;
  }
  fprintf(stderr,
          "%s: needs capacitance_F, harvester_ohm, safe_margin > 0 and "
          "0 < v_off < v_on < v_supply\n",
          name);
  return 0;
}

int bo_platform_read(bo_platform *platform, FILE *file, const char *name) {
  char line[256], seen[FIELDS] = {0};
  int number = 0;
  memset(platform, 0, sizeof *platform);
  while (fgets(line, sizeof line, file) != NULL) {
    char word[128], text[64], rest[2];
    number++;
    const int words = sscanf(line, "%127s %63s %1s", word, text, rest);
    if (words < 1 || word[0] == '#')
      continue;
    size_t i = 0;
    while (i < FIELDS && strcmp(fields[i].name, word) != 0)
      i++;
    char *end = text;
    const double value = words == 2 ? strtod(text, &end) : 0;
    if (i == FIELDS || seen[i] || words != 2 || *end != 0 || end == text || !isfinite(value) ||
        value < 0) {
      fprintf(stderr, "%s:%d: %s: %s\n", name, number, word,
              i == FIELDS ? "no such coefficient"
              : seen[i]   ? "said twice"
                          : "expected one number, 0 or more");
      return 0;
    }
    seen[i] = 1;
    memcpy((char *)platform + fields[i].at, &value, sizeof value);
  }
  for (size_t i = 0; i < FIELDS; i++) {
    if (!seen[i]) {
      fprintf(stderr, "%s: %s is missing\n", name, fields[i].name);
      return 0;
    }
  }
  return consistent(platform, name);
}
