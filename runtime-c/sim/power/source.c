#include "source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"constant", "square", "markov", "rf", "solar", "trace"};
#define KINDS (sizeof kinds / sizeof *kinds)

/** xorshift32, uniform in (0, 1). */
static double uniform(bo_source *source) {
  uint32_t x = source->random;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  source->random = x;
  return (x + 0.5) / 4294967296.0;
}

static double exponential(bo_source *source, double mean) { return -mean * log(uniform(source)); }

static void seed(bo_source *source, uint32_t number) {
  uint32_t x = number * 0x9e3779b9u ^ 0x85ebca6bu;
  x ^= x >> 16;
  x *= 0xc2b2ae35u;
  x ^= x >> 13;
  source->random = x == 0u ? 1u : x;
}

static int refuse(const char *what, const char *value) {
  fprintf(stderr, "source: %s: %s\n", what, value);
  return 0;
}

typedef struct {
  bo_source *source;
  bo_trace_format trace;
} reading;

static int read_pair(reading *r, char *pair) {
  char *value = strchr(pair, '=');
  if (value == NULL)
    return refuse("expected key=value", pair);
  *value++ = 0;
  if (strcmp(pair, "file") == 0) {
    r->trace.file = value;
    return 1;
  }
  if (strcmp(pair, "as") == 0) {
    r->source->is_power = strcmp(value, "watts") == 0;
    return r->source->is_power || strcmp(value, "volts") == 0
               ? 1
               : refuse("as: expected volts or watts", value);
  }
  char *end;
  const double number = strtod(value, &end);
  if (end == value || *end != 0 || !isfinite(number) || number < 0)
    return refuse("expected a number, 0 or more", pair);
  const struct {
    const char *key;
    double *at;
  } numbers[] = {
      {"volts", &r->source->volts},       {"ohm", &r->source->ohm},
      {"period_s", &r->source->period_s}, {"duty", &r->source->duty},
      {"on_s", &r->source->on_s},         {"off_s", &r->source->off_s},
      {"watts", &r->source->watts},       {"day_s", &r->source->day_s},
      {"start_s", &r->source->start_s},   {"cloud_s", &r->source->cloud_s},
      {"cloud", &r->source->cloud},       {"time_scale", &r->trace.time_scale},
      {"step_s", &r->trace.step_s},       {"scale", &r->trace.scale},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strcmp(numbers[i].key, pair) == 0) {
      *numbers[i].at = number;
      return 1;
    }
  }
  if (strcmp(pair, "seed") == 0)
    seed(r->source, (uint32_t)number);
  else if (strcmp(pair, "time") == 0)
    r->trace.time_column = (unsigned)number;
  else if (strcmp(pair, "value") == 0)
    r->trace.value_column = (unsigned)number;
  else
    return refuse("no such key", pair);
  return 1;
}

int bo_source_read(bo_source *source, const char *text, double volts, double ohm) {
  char copy[1024];
  memset(source, 0, sizeof *source);
  source->volts = volts, source->ohm = ohm;
  source->period_s = 1, source->duty = 0.5;
  source->on_s = 0.1, source->off_s = 0.4;
  source->watts = 0.01;
  source->day_s = 86400, source->start_s = 0.25 * 86400;
  source->cloud_s = 120, source->cloud = 0.25;
  seed(source, 1);
  if (strlen(text) >= sizeof copy)
    return refuse("too long", text);
  strcpy(copy, text);
  char *pairs = strchr(copy, ':');
  if (pairs != NULL)
    *pairs++ = 0;
  size_t kind = 0;
  while (kind < KINDS && strcmp(kinds[kind], copy) != 0)
    kind++;
  if (kind == KINDS)
    return refuse("expected constant, square, markov, rf, solar or trace", copy);
  source->kind = (bo_source_kind)kind;
  reading r = {source, {NULL, 0, 1, 1, 1, 1}};
  for (char *pair = pairs; pair != NULL && *pair != 0;) {
    char *next = strchr(pair, ',');
    if (next != NULL)
      *next++ = 0;
    if (!read_pair(&r, pair))
      return 0;
    pair = next;
  }
  if (!(source->ohm > 0 && source->period_s > 0 && source->on_s > 0 && source->off_s > 0 &&
        source->day_s > 0 && source->cloud_s > 0 && source->duty <= 1 && source->cloud <= 1)) {
    return refuse("ohm and lengths must be above 0, duty and cloud at most 1", text);
  }
  if (source->kind == BO_SOURCE_TRACE)
    return r.trace.file == NULL ? refuse("a trace needs file=", text)
                                : bo_trace_read(source, &r.trace);
  return 1;
}

void bo_source_free(bo_source *source) {
  free(source->times_s);
  free(source->values);
  source->times_s = source->values = NULL;
}

/** Draws the lengths of on and off until they cover `time_s`. */
static void draw_until(bo_source *source, double time_s, double on_s, double off_s) {
  while (time_s >= source->until_s) {
    source->on = !source->on;
    source->from_s = source->until_s;
    source->until_s += exponential(source, source->on ? on_s : off_s);
    source->drawn = source->on ? exponential(source, 1) : 0;
  }
}

static bo_supply voltage(const bo_source *source, double volts, double until_s) {
  const bo_supply supply = {0, volts, source->ohm, until_s};
  return supply;
}

static bo_supply power(double watts, double until_s) {
  const bo_supply supply = {1, watts, 0, until_s};
  return supply;
}

static bo_supply square(const bo_source *source, double time_s) {
  double start = floor(time_s / source->period_s) * source->period_s;
  const double off = start + source->duty * source->period_s;
  if (time_s < off)
    return voltage(source, source->volts, off);
  return voltage(source, source->duty == 1 ? source->volts : 0, start + source->period_s);
}

/** A minute of a day of 24 hours is one step. */
static bo_supply solar(bo_source *source, double time_s) {
  const double step = source->day_s / 1440;
  const double index = floor(time_s / step);
  const double clock = fmod((index + 0.5) * step + source->start_s, source->day_s) / source->day_s;
  draw_until(source, time_s, source->cloud_s, source->cloud_s);
  const double height = sin(2 * 3.14159265358979323846 * (clock - 0.25));
  const double through = source->on ? source->cloud : 1;
  const double until = (index + 1) * step;
  return power(height > 0 ? source->watts * height * through : 0,
               until < source->until_s ? until : source->until_s);
}

static bo_supply recorded(bo_source *source, double time_s) {
  const double length = source->times_s[source->count];
  while (time_s >= source->turn_s + length) {
    source->turn_s += length;
    source->at = 0;
  }
  while (time_s >= source->turn_s + source->times_s[source->at + 1u] &&
         source->at + 1u < source->count)
    source->at++;
  const double value = source->values[source->at];
  const double until = source->turn_s + source->times_s[source->at + 1u];
  return source->is_power ? power(value, until) : voltage(source, value, until);
}

bo_supply bo_source_at(bo_source *source, double time_s) {
  bo_supply supply = voltage(source, source->volts, INFINITY);
  switch (source->kind) {
  case BO_SOURCE_CONSTANT:
    break;
  case BO_SOURCE_SQUARE:
    supply = square(source, time_s);
    break;
  case BO_SOURCE_MARKOV:
    draw_until(source, time_s, source->on_s, source->off_s);
    supply = voltage(source, source->on ? source->volts : 0, source->until_s);
    break;
  case BO_SOURCE_RF:
    draw_until(source, time_s, source->on_s, source->off_s);
    supply = power(source->on ? source->watts * source->drawn : 0, source->until_s);
    break;
  case BO_SOURCE_SOLAR:
    supply = solar(source, time_s);
    break;
  case BO_SOURCE_TRACE:
    supply = recorded(source, time_s);
    break;
  }
  /* A boundary that rounding puts before its own moment would stop time. */
  if (supply.until_s <= time_s)
    supply.until_s = nextafter(time_s, INFINITY);
  return supply;
}
