#include "curve.h"

#include <string.h>

void bo_curve_start(bo_curve *curve, double voltage_V) {
  memset(curve, 0, sizeof *curve);
  curve->step_s = 1e-3;
  curve->last_V = voltage_V;
  bo_curve_add(curve, 0, voltage_V);
}

void bo_curve_detail(bo_curve *curve, double from_s, double step_s) {
  curve->points = 0;
  curve->detail_from_s = from_s;
  curve->detail_step_s = step_s;
  curve->time_s[0] = from_s;
  curve->voltage_V[0] = curve->last_V;
  curve->points = 1;
}

static void halve(bo_curve *curve) {
  for (size_t i = 0; i < BO_CURVE_BUCKETS / 2u; i++) {
    const double *low = &curve->low_V[2u * i], *high = &curve->high_V[2u * i];
    curve->low_V[i] = low[0] < low[1] ? low[0] : low[1];
    curve->high_V[i] = high[0] > high[1] ? high[0] : high[1];
  }
  curve->buckets = BO_CURVE_BUCKETS / 2u;
  curve->step_s *= 2;
}

void bo_curve_add(void *context, double time_s, double voltage_V) {
  bo_curve *curve = context;
  while (time_s >= curve->step_s * BO_CURVE_BUCKETS) {
    /* Stretches without a sample hold the voltage before them. */
    while (curve->buckets < BO_CURVE_BUCKETS) {
      curve->low_V[curve->buckets] = curve->high_V[curve->buckets] = curve->last_V;
      curve->buckets++;
    }
    halve(curve);
  }
  const size_t bucket = (size_t)(time_s / curve->step_s);
  while (curve->buckets <= bucket) {
    curve->low_V[curve->buckets] = curve->high_V[curve->buckets] = curve->last_V;
    curve->buckets++;
  }
  if (voltage_V < curve->low_V[bucket])
    curve->low_V[bucket] = voltage_V;
  if (voltage_V > curve->high_V[bucket])
    curve->high_V[bucket] = voltage_V;
  curve->last_V = voltage_V;
  if (curve->points != 0u && curve->points < BO_CURVE_POINTS &&
      time_s >= curve->time_s[curve->points - 1u] + curve->detail_step_s) {
    curve->time_s[curve->points] = time_s;
    curve->voltage_V[curve->points++] = voltage_V;
  }
}

static void print_list(const double *values, size_t count, FILE *to) {
  for (size_t i = 0; i < count; i++)
    fprintf(to, "%s%.5f", i == 0u ? "" : ",", values[i]);
}

void bo_curve_print(const bo_curve *curve, FILE *to) {
  fprintf(to, "{\"step_s\":%.9g,\"low_V\":[", curve->step_s);
  print_list(curve->low_V, curve->buckets, to);
  fprintf(to, "],\"high_V\":[");
  print_list(curve->high_V, curve->buckets, to);
  fprintf(to, "],\"detail\":[");
  for (size_t i = 0; i < curve->points; i++)
    fprintf(to, "%s[%.6f,%.5f]", i == 0u ? "" : ",", curve->time_s[i], curve->voltage_V[i]);
  fprintf(to, "]}");
}
