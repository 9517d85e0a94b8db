#include "power.h"

#include <math.h>
#include <string.h>

static void trace(power_supply *p, int always) {
  if (p->trace == NULL || (!always && fabs(p->voltage - p->traced) < 1e-3))
    return;
  fprintf(p->trace, "%.9g,%.6g\n", p->time_s, p->voltage);
  p->traced = p->voltage;
}

void power_start(power_supply *p, const power_config *config, FILE *trace_file) {
  memset(p, 0, sizeof *p);
  p->config = *config;
  p->voltage = p->lowest = config->v_on;
  p->trace = trace_file;
  trace(p, 1);
}

void power_charge(power_supply *p) {
  const power_config *c = &p->config;
  trace(p, 1);
  if (p->voltage < c->v_on) {
    const double wait_s = c->harvester_ohm * c->capacitance_F *
                          log((c->v_supply - p->voltage) / (c->v_supply - c->v_on));
    p->time_s += wait_s;
    p->charging_s += wait_s;
    p->voltage = c->v_on;
  }
  trace(p, 1);
}

/* One small step; a step lasts some instructions, the time constant R C is thousands of them. */
static void draw(power_supply *p, double energy_J, double dt_s) {
  const power_config *c = &p->config;
  double squared = p->voltage * p->voltage - 2.0 * energy_J / c->capacitance_F;
  if (squared < 0.0)
    squared = 0.0;
  p->voltage = sqrt(squared);
  p->voltage += dt_s * (c->v_supply - p->voltage) / (c->harvester_ohm * c->capacitance_F);
  p->energy_J += energy_J;
  p->time_s += dt_s;
  if (p->voltage < p->lowest)
    p->lowest = p->voltage;
  trace(p, 0);
}

void power_boot(power_supply *p, const board_counts *now) {
  draw(p, p->config.boot_J, p->config.boot_s);
  p->before = *now;
}

int power_take(power_supply *p, const board_counts *now) {
  const power_config *c = &p->config;
  const board_counts *b = &p->before;
  const double energy_J = c->cycle_J * (double)(now->cycles - b->cycles) +
                          c->nvm_read_J * (double)(now->nvm_reads - b->nvm_reads) +
                          c->nvm_write_J * (double)(now->nvm_writes - b->nvm_writes) +
                          c->spi_byte_J * (double)(now->spi_bytes - b->spi_bytes);
  draw(p, energy_J, now->time_s - b->time_s);
  p->before = *now;
  return p->voltage > c->v_off;
}
