#include "source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  double *times_s, *values;
  size_t count, room;
} samples;

static int keep(samples *s, double time_s, double value) {
  if (s->count + 2u > s->room) {
    s->room = 2u * s->room + 1024u;
    double *times = realloc(s->times_s, s->room * sizeof *times);
    if (times != NULL)
      s->times_s = times;
    double *values = realloc(s->values, s->room * sizeof *values);
    if (values != NULL)
      s->values = values;
    if (times == NULL || values == NULL)
      return 0;
  }
  s->times_s[s->count] = time_s;
  /* Sensors have offsets and marks of missing values below zero; no harvester takes. */
  s->values[s->count++] = value > 0 ? value : 0;
  return 1;
}

/** The number in a column, from 1; columns are separated by commas, semicolons or blanks. */
static int column(const char *line, unsigned index, double *value) {
  const int separated = strpbrk(line, ",;") != NULL;
  const char *at = line;
  for (unsigned i = 1;; i++) {
    at += strspn(at, " \t");
    if (i == index)
      break;
    at += strcspn(at, separated ? ",;\r\n" : " \t\r\n");
    if (separated && (*at == ',' || *at == ';'))
      at++;
    else if (*at == 0 || *at == '\r' || *at == '\n')
      return 0;
  }
  char *end;
  *value = strtod(at, &end);
  return end != at && strchr(",; \t\r\n", *end) != NULL && isfinite(*value);
}

static int refuse(samples *s, const char *file, size_t number, const char *what) {
  fprintf(stderr, "%s:%zu: %s\n", file, number, what);
  free(s->times_s);
  free(s->values);
  return 0;
}

int bo_trace_read(bo_source *source, const bo_trace_format *format) {
  char line[4096];
  samples s = {0};
  double first = 0, last = 0;
  size_t number = 0;
  FILE *file = fopen(format->file, "r");
  if (file == NULL) {
    perror(format->file);
    return 0;
  }
  const char *wrong = NULL;
  while (wrong == NULL && fgets(line, sizeof line, file) != NULL) {
    number++;
    const char *text = strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line;
    if (text[strspn(text, " \t\r\n")] == 0)
      continue;
    double value, time = (double)s.count;
    const int whole = column(text, format->value_column, &value) &&
                      (format->time_column == 0u || column(text, format->time_column, &time));
    if (!whole && s.count == 0u)
      continue; /* a header */
    if (!whole) {
      wrong = "no number in the column";
      break;
    }
    time *= format->time_column == 0u ? format->step_s : format->time_scale;
    if (s.count == 0u)
      first = time;
    time -= first;
    if (s.count != 0u && time <= last)
      wrong = "time does not advance";
    else if (!keep(&s, time, value * format->scale))
      wrong = "out of memory";
    last = time;
  }
  fclose(file);
  if (wrong == NULL && s.count < 2u)
    wrong = "fewer than two samples in that column";
  if (wrong != NULL)
    return refuse(&s, format->file, number, wrong);
  /* The last sample lasts as long as the one before. */
  s.times_s[s.count] = 2 * last - s.times_s[s.count - 2u];
  source->times_s = s.times_s;
  source->values = s.values;
  source->count = s.count;
  return 1;
}
