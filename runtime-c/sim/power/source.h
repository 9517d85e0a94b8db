/**
 * What the harvester gives over time: a voltage behind the harvester's resistance, or a power. A
 * source is piecewise constant, depends on its seed alone, and is asked in the order of time.
 */
#ifndef BROWNOUT_POWER_SOURCE_H
#define BROWNOUT_POWER_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/** What holds from the moment asked for until `until_s`. */
typedef struct {
  int is_power;   /**< `value` is W at any voltage; otherwise V behind `ohm`, through a diode */
  double value;   /**< V or W, 0 or more */
  double ohm;     /**< of a voltage */
  double until_s; /**< INFINITY where it stays */
} bo_supply;

typedef enum {
  BO_SOURCE_CONSTANT,
  BO_SOURCE_SQUARE, /**< on for duty * period, then off */
  BO_SOURCE_MARKOV, /**< on and off for times drawn from exponential distributions */
  BO_SOURCE_RF,     /**< bursts at random intervals, their power faded (Rayleigh: exponential) */
  BO_SOURCE_SOLAR,  /**< half a sine by day, passing clouds */
  BO_SOURCE_TRACE,  /**< recorded, repeated */
} bo_source_kind;

typedef struct {
  bo_source_kind kind;
  double volts, ohm;
  double period_s, duty; /**< square */
  double on_s, off_s;    /**< mean lengths: markov; rf: bursts and gaps */
  double watts;          /**< rf: mean power of a burst; solar: at noon without clouds */
  double day_s, start_s; /**< solar: length of a day, half of it light; time of day at 0 */
  double cloud_s, cloud; /**< solar: mean length of clouds and of gaps; share that gets through */
  double *times_s;       /**< trace: [count + 1], ascending from 0; the last one is its end */
  double *values;        /**< trace: [count], V or W */
  size_t count;
  int is_power; /**< trace */
  /* What it has drawn. */
  uint32_t random;
  double from_s, until_s, drawn;
  int on;
  size_t at;
  double turn_s; /**< when the trace began anew */
} bo_source;

/**
 * Reads `kind[:key=value,...]`; volts and ohm default to the platform's. Keys are those of the
 * structure, `seed`, and of a trace `file`, `value`, `time` (columns from 1; time 0: none, then
 * `step_s`), `time_scale`, `scale` (factors to s, and to V or W), `as` (volts | watts). Prints what
 * is wrong on standard error and returns 0.
 */
int bo_source_read(bo_source *source, const char *text, double volts, double ohm);

/** Frees what a trace holds. */
void bo_source_free(bo_source *source);

/** The supply at `time_s`, which never goes back. */
bo_supply bo_source_at(bo_source *source, double time_s);

/** Reads a recorded trace: numbers in columns, separated by blanks, commas or semicolons, after any
 * lines of headers. */
typedef struct {
  const char *file;
  unsigned time_column, value_column;
  double time_scale, step_s, scale;
} bo_trace_format;
int bo_trace_read(bo_source *source, const bo_trace_format *format);

#endif
