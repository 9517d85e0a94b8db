/** The platform's coefficients in SI units, as a text file of `name value` lines. */
#ifndef BROWNOUT_POWER_TABLE_H
#define BROWNOUT_POWER_TABLE_H

#include <stdio.h>

typedef struct {
  double energy_J, latency_s;
} bo_cost;

/** Of n elements: fixed + n * per_element. */
typedef struct {
  bo_cost fixed, per_element;
} bo_affine;

/** The buffer that a batch keeps: I where it sweeps over M, W over R and C, O over N. */
typedef enum { BO_REUSE_I, BO_REUSE_W, BO_REUSE_O } bo_reuse;

typedef struct {
  double capacitance_F, harvester_ohm;
  double v_on, v_off, v_supply; /**< V */
  double safe_margin;
  bo_affine nvm_read, nvm_write; /**< n elements of 2 bytes */
  bo_affine mac;                 /**< one call of length n */
  bo_cost add, max, requantise, commit, reboot;
  bo_cost fetch_input, fetch_weights, fetch_output[3], backup_output[3]; /**< [bo_reuse] */
  bo_cost partial_sum, accumulate, pool;
} bo_platform;

/** Reads every coefficient; 0 with a message on standard error where one is missing, unknown,
 * twice, negative or no number. `name` is for messages. */
int bo_platform_read(bo_platform *platform, FILE *file, const char *name);

static inline bo_cost bo_affine_of(const bo_affine *affine, double elements) {
  const bo_cost cost = {affine->fixed.energy_J + elements * affine->per_element.energy_J,
                        affine->fixed.latency_s + elements * affine->per_element.latency_s};
  return cost;
}

static inline bo_cost bo_cost_sum(bo_cost a, bo_cost b) {
  const bo_cost sum = {a.energy_J + b.energy_J, a.latency_s + b.latency_s};
  return sum;
}

/** Joules from V_on to V_off, and the share of them that is called safe. */
static inline double bo_full_J(const bo_platform *p) {
  return 0.5 * p->capacitance_F * (p->v_on * p->v_on - p->v_off * p->v_off);
}
static inline double bo_safe_J(const bo_platform *p) { return p->safe_margin * bo_full_J(p); }

#endif
