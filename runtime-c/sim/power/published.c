#include "published.h"

#include <math.h>

#include "counters.h"

static bo_cost pieces(const bo_affine *transfer, bo_cost overhead, double elements, double each) {
  const double count = elements / each;
  const bo_cost one = bo_cost_sum(bo_affine_of(transfer, each), overhead);
  const bo_cost all = {count * one.energy_J, count * one.latency_s};
  return all;
}

/** Reuse I joins the S tiles of a batch in one transfer per pixel: later tiles add elements only.
 */
static bo_cost back_up(bo_meter *m, const bo_layer *layer, bo_reuse reuse, double outputs) {
  const bo_design *d = &layer->design;
  const bo_affine *write = &m->platform->nvm_write;
  const double tile = (double)d->tr * d->tc * d->tm;
  const int joined = reuse == BO_REUSE_I && m->backed_up >= tile;
  m->backed_up += outputs;
  if (!joined)
    return pieces(write, m->platform->backup_output[reuse], outputs, d->tm);
  const bo_cost more = {outputs * write->per_element.energy_J,
                        outputs * write->per_element.latency_s};
  return more;
}

bo_cost bo_published_transfer(bo_meter *m, bo_deed deed, double elements) {
  static const bo_cost nothing = {0, 0};
  const bo_platform *p = m->platform;
  const bo_affine *read = &p->nvm_read;
  if (deed == BO_DID_READ_RECORDS) {
    /* The runtime reads two records of 8; published are one set of loop indices. */
    m->indices_read = !m->indices_read;
    return m->indices_read ? bo_affine_of(read, 4) : nothing;
  }
  if (deed == BO_DID_WRITE_RECORD)
    return bo_affine_of(&p->nvm_write, 4);
  if (bo_counted_layer >= m->model->layer_count)
    return nothing;
  const bo_layer *layer = &m->model->layers[bo_counted_layer];
  const bo_reuse reuse = bo_reuse_of(&layer->design);
  const double tm = layer->design.tm;
  const int pool = layer->shape.kind == BO_GLOBAL_AVG_POOL;
  bo_cost sums = nothing;
  switch (deed) {
  case BO_DID_READ_INPUT:
    /* A pool fetches its outputs in every power cycle, also in the first of a channel. */
    if (pool && !m->sums_read)
      sums = pieces(read, p->fetch_output[BO_REUSE_O], tm, tm);
    m->sums_read = 1;
    return bo_cost_sum(sums, pieces(read, p->fetch_input, elements, pool ? tm : layer->design.tn));
  case BO_DID_READ_WEIGHTS:
    return pieces(read, p->fetch_weights, elements, layer->design.tn);
  case BO_DID_READ_SUMS:
    return pool ? nothing : pieces(read, p->fetch_output[reuse], elements / 2, tm);
  case BO_DID_WRITE_SUMS:
    return back_up(m, layer, reuse, elements / 2);
  case BO_DID_WRITE_OUTPUT:
    return back_up(m, layer, reuse, elements);
  default:
    return nothing;
  }
}

bo_cost bo_published_pool(const bo_platform *platform) {
  return bo_cost_sum(platform->max, platform->pool);
}

double bo_published_off_s(const bo_platform *p, double energy_J) {
  const double volts = sqrt(2 * (bo_safe_J(p) - energy_J) / p->capacitance_F + p->v_off * p->v_off);
  return -p->harvester_ohm * p->capacitance_F *
         log((p->v_on - p->v_supply) / (volts - p->v_supply));
}
