/** The capacitor's voltage over time, small enough to draw: the whole run as a band, a part in
 * full. */
#ifndef BROWNOUT_POWER_CURVE_H
#define BROWNOUT_POWER_CURVE_H

#include <stddef.h>
#include <stdio.h>

#define BO_CURVE_BUCKETS 512u
#define BO_CURVE_POINTS 4096u

typedef struct {
  /** Lowest and highest voltage of each stretch of `step_s`; stretches double when they run out. */
  double step_s;
  double low_V[BO_CURVE_BUCKETS], high_V[BO_CURVE_BUCKETS];
  size_t buckets;
  double last_V;
  /** Points [s, V] from `detail_from_s` on, at least `detail_step_s` apart, until they run out. */
  double detail_from_s, detail_step_s;
  double time_s[BO_CURVE_POINTS], voltage_V[BO_CURVE_POINTS];
  size_t points;
} bo_curve;

void bo_curve_start(bo_curve *curve, double voltage_V);

/** Begins the part in full at this moment. */
void bo_curve_detail(bo_curve *curve, double from_s, double step_s);

/** A bo_capacitor's watch; `context` is the curve. */
void bo_curve_add(void *context, double time_s, double voltage_V);

/** `{"step_s","low_V":[],"high_V":[],"detail":[[s,V],...]}` */
void bo_curve_print(const bo_curve *curve, FILE *to);

#endif
