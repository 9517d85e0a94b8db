#include "meter.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "counters.h"
#include "dot.h"
#include "host.h"
#include "nest.h"
#include "published.h"
#include "requantise.h"

const char *const bo_deed_names[BO_DEEDS] = {
    "reboot",       "read_records",  "read_releases", "read_result", "read_marks",  "read_header",
    "read_input",   "read_weights",  "read_sums",     "read_output", "read_all",    "write_all",
    "write_record", "write_release", "write_result",  "write_mark",  "write_input", "write_sums",
    "write_output", "mac",           "pool",          "requantise",  "state"};

static bo_meter *current;

static uint32_t commits_counted(void) {
  uint32_t commits = 0;
  for (uint32_t i = 0; i < BO_ACCOUNTS; i++)
    commits += bo_counted[i].commits;
  return commits;
}

static bo_account *account(bo_meter *m) { return &m->accounts[bo_counted_layer]; }

static void add(bo_booked *to, const bo_booked *what) {
  to->count += what->count;
  to->elements += what->elements;
  to->energy_J += what->energy_J;
  to->latency_s += what->latency_s;
}

static void book(bo_meter *m, bo_deed deed, const bo_booked *what) {
  bo_account *to = account(m);
  add(&to->deeds[deed], what);
  to->energy_J += what->energy_J;
  to->on_s += what->latency_s;
}

/** A boot is booked once it is known what it is for. */
static void book_boot(bo_meter *m) {
  for (int deed = BO_DID_REBOOT; deed <= BO_DID_READ_RECORDS; deed++) {
    book(m, (bo_deed)deed, &m->boot[deed]);
    memset(&m->boot[deed], 0, sizeof m->boot[deed]);
  }
}

/** Draws a cost; the share of it that was done before power failed, or 1. */
static double draw(bo_meter *m, bo_deed deed, double count, double elements, bo_cost cost) {
  const int free = m->mains || m->published;
  const double share = free ? 1 : bo_capacitor_run(&m->capacitor, cost.energy_J, cost.latency_s);
  if (free)
    m->capacitor.time_s += cost.latency_s;
  const bo_booked what = {share < 1 ? 0 : count, share < 1 ? 0 : elements, share * cost.energy_J,
                          share * cost.latency_s};
  m->cycle_J += what.energy_J;
  m->since_kept_J += what.energy_J;
  if (deed <= BO_DID_READ_RECORDS) {
    add(&m->boot[deed], &what);
  } else {
    book_boot(m);
    book(m, deed, &what);
  }
  return share;
}

static void draw_whole(bo_meter *m, bo_deed deed, double count, double elements, bo_cost cost) {
  if (draw(m, deed, count, elements, cost) < 1)
    bo_host_power_fails(BO_HOST_NO_WRITE);
}

bo_reuse bo_reuse_of(const bo_design *design) {
  const uint8_t last = design->order[3];
  return last == BO_M ? BO_REUSE_I : last == BO_N ? BO_REUSE_O : BO_REUSE_W;
}

static int within(uint32_t address, uint32_t from, uint32_t to) {
  return address >= from && address < to;
}

/** Bytes of a plane: where the layer has any, its sums lie in the first or in the second. */
static int in_planes(const bo_meter *m, const bo_layer *layer, uint32_t address) {
  const bo_nest nest = bo_nest_make(&layer->shape, &layer->design);
  const bo_plane plane = bo_plane_make(&layer->shape, &layer->design, &nest);
  const uint32_t bytes = bo_plane_bytes(&plane);
  const uint32_t *planes = m->model->planes;
  return within(address, planes[0], planes[0] + bytes) ||
         within(address, planes[1], planes[1] + bytes);
}

typedef struct {
  bo_deed deed;
  bo_cost overhead;
} charge;

/** What a transfer is, from where it goes and which layer runs. */
static charge classify(const bo_meter *m, uint32_t address, int writing) {
  const bo_model *model = m->model;
  const bo_platform *p = m->platform;
  const int batch = bo_counted_layer < model->layer_count;
  const bo_layer *layer = batch ? &model->layers[bo_counted_layer] : NULL;
  const bo_reuse reuse = batch ? bo_reuse_of(&layer->design) : BO_REUSE_O;
  charge c = {BO_DID_READ_RECORDS, {0, 0}};
  if (address < BO_NVM_RELEASES) {
    /* Steps of a first start have their records there, too, and erase. */
    const int commits = commits_counted() != m->committed;
    c.deed = !writing ? BO_DID_READ_RECORDS : commits ? BO_DID_WRITE_RECORD : BO_DID_WRITE_ALL;
    if (writing)
      c.overhead = p->commit;
  } else if (address < BO_NVM_RESULTS) {
    c.deed = writing ? BO_DID_WRITE_RELEASE : BO_DID_READ_RELEASES;
  } else if (address < bo_marks_address(model->outputs, bo_code_bytes(model))) {
    c.deed = writing ? BO_DID_WRITE_RESULT : BO_DID_READ_RESULT;
    if (writing)
      c.overhead = p->backup_output[BO_REUSE_O];
  } else if (address < model->header) {
    c.deed = writing ? BO_DID_WRITE_MARK : BO_DID_READ_MARKS;
  } else if (address < model->header + BO_HEADER_BYTES) {
    c.deed = writing ? BO_DID_WRITE_ALL : BO_DID_READ_HEADER;
  } else if (address < model->header + BO_HEADER_BYTES + model->constants_bytes) {
    c.deed = batch ? BO_DID_READ_WEIGHTS : writing ? BO_DID_WRITE_ALL : BO_DID_READ_ALL;
    if (batch)
      c.overhead = p->fetch_weights;
  } else if (!batch) {
    c.deed = writing ? BO_DID_WRITE_INPUT : BO_DID_READ_OUTPUT;
    c.overhead = writing ? p->backup_output[BO_REUSE_O] : p->fetch_output[BO_REUSE_O];
  } else if (in_planes(m, layer, address)) {
    c.deed = writing ? BO_DID_WRITE_SUMS : BO_DID_READ_SUMS;
    c.overhead = writing ? p->backup_output[reuse] : p->fetch_output[reuse];
  } else {
    c.deed = writing ? BO_DID_WRITE_OUTPUT : BO_DID_READ_INPUT;
    c.overhead = writing ? p->backup_output[reuse] : p->fetch_input;
  }
  return c;
}

static bo_cost times(double n, bo_cost cost) {
  const bo_cost all = {n * cost.energy_J, n * cost.latency_s};
  return all;
}

static bo_cost mac_cost(const bo_platform *p, double calls, double macs) {
  const bo_cost after = bo_cost_sum(p->add, bo_cost_sum(p->partial_sum, p->accumulate));
  return bo_cost_sum(times(calls, bo_cost_sum(p->mac.fixed, after)),
                     times(macs, p->mac.per_element));
}

static bo_cost pool_cost(const bo_meter *m, double elements) {
  const bo_platform *p = m->platform;
  return times(elements, m->published ? bo_published_pool(p) : bo_cost_sum(p->add, p->pool));
}

static bo_work counted(uint16_t layer) {
  const bo_counters *c = &bo_counted[layer];
  const bo_work work = {c->mac_calls, c->macs, c->pooled, c->requantised,
                        c->states_set + c->states_stripped};
  return work;
}

/** Draws what the runtime counted and no metered kernel did, before the transfer that follows. */
static void catch_up(bo_meter *m) {
  const bo_work now = counted(bo_counted_layer);
  const bo_work then = m->counted[bo_counted_layer], drawn = m->drawn;
  static const bo_work nothing;
  m->counted[bo_counted_layer] = now;
  m->drawn = nothing;
  const int32_t calls = (int32_t)(now.calls - then.calls - drawn.calls);
  const int32_t macs = (int32_t)(now.macs - then.macs - drawn.macs);
  const int32_t pooled = (int32_t)(now.pooled - then.pooled - drawn.pooled);
  const int32_t requantised = (int32_t)(now.requantised - then.requantised - drawn.requantised);
  const int32_t states = (int32_t)(now.states - then.states);
  if (states > 0)
    draw_whole(m, BO_DID_STATE, states, states, times(states, m->platform->add));
  if (calls > 0)
    draw_whole(m, BO_DID_MAC, calls, macs, mac_cost(m->platform, calls, macs));
  if (pooled > 0)
    draw_whole(m, BO_DID_POOL, pooled, pooled, pool_cost(m, pooled));
  if (requantised > 0 && !m->published)
    draw_whole(m, BO_DID_REQUANTISE, requantised, requantised,
               times(requantised, m->platform->requantise));
}

static void on_read(uint32_t address, uint16_t bytes) {
  catch_up(current);
  const charge c = classify(current, address, 0);
  const double elements = bytes / 2.0;
  if (current->published) {
    draw(current, c.deed, 1, elements, bo_published_transfer(current, c.deed, elements));
    return;
  }
  draw_whole(current, c.deed, 0, 0, c.overhead);
  draw_whole(current, c.deed, 1, elements, bo_affine_of(&current->platform->nvm_read, elements));
}

/** Draws a write; where power fails within it, NVM keeps what was through. */
static void send(bo_meter *m, const charge *c, uint16_t bytes) {
  const bo_affine *write = &m->platform->nvm_write;
  const double elements = bytes / 2.0;
  if (draw(m, c->deed, 0, 0, c->overhead) < 1 || draw(m, c->deed, 0, 0, write->fixed) < 1)
    bo_host_power_fails(0);
  const bo_cost transfer = {elements * write->per_element.energy_J,
                            elements * write->per_element.latency_s};
  const double share = draw(m, c->deed, 1, elements, transfer);
  if (share < 1)
    bo_host_power_fails((uint32_t)(share * bytes));
}

/** Whether a boot would go on behind it; of stateful, behind the last of these codes. */
static int keeps_progress(const bo_meter *m, bo_deed deed) {
  return deed == BO_DID_WRITE_RECORD || deed == BO_DID_WRITE_MARK ||
         (deed == BO_DID_WRITE_OUTPUT && bo_is_scheme(m->model, BO_SCHEME_STATEFUL));
}

static void on_write(uint32_t address, uint16_t bytes) {
  bo_meter *m = current;
  catch_up(m);
  const charge c = classify(m, address, 1);
  if (m->published) {
    draw(m, c.deed, 1, bytes / 2.0, bo_published_transfer(m, c.deed, bytes / 2.0));
  } else {
    send(m, &c, bytes);
  }
  if (c.deed == BO_DID_WRITE_RESULT)
    m->result_written = 1;
  if (keeps_progress(m, c.deed)) {
    m->since_kept_J = 0;
    m->kept++;
  }
  if (c.deed == BO_DID_WRITE_RECORD) {
    m->commits++;
    m->committed = commits_counted();
    m->mains = 0;
    m->delivered += m->result_written;
    m->result_written = 0;
  }
}

/** Kernels that are metered one by one; the work of others shows when the runtime counts it. */
static void on_product(uint16_t n) {
  current->drawn.calls++;
  current->drawn.macs += n;
  draw_whole(current, BO_DID_MAC, 1, n, mac_cost(current->platform, 1, n));
}

int32_t bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n) {
  on_product(n);
  return bo_dot_s16_reference(a, b, n);
}

int32_t bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n) {
  on_product(n);
  return bo_dot_s8_reference(a, b, n);
}

int16_t __real_bo_requantise(int32_t sum, const bo_requantisation *by);
int16_t __wrap_bo_requantise(int32_t sum, const bo_requantisation *by);
int16_t __wrap_bo_requantise(int32_t sum, const bo_requantisation *by) {
  current->drawn.requantised++;
  /* Published sums are codes already. */
  if (!current->published)
    draw_whole(current, BO_DID_REQUANTISE, 1, 1, current->platform->requantise);
  return __real_bo_requantise(sum, by);
}

void bo_meter_clear(bo_meter *m) {
  memset(m->accounts, 0, sizeof m->accounts);
  for (size_t i = 0; i < BO_ACCOUNTS; i++)
    m->accounts[i].cycle_min_J = INFINITY;
}

/** The supply monitor looks behind each commit. */
static int is_low(void) { return current->capacitor.voltage_V < current->above_V; }

void bo_meter_start(bo_meter *m, const bo_model *model, const bo_platform *platform,
                    bo_source *source) {
  static const bo_host_meter hooks = {on_read, on_write, NULL, is_low};
  memset(m, 0, sizeof *m);
  m->model = model;
  m->platform = platform;
  m->capacitor.capacitance_F = platform->capacitance_F;
  m->capacitor.v_off = platform->v_off;
  m->capacitor.v_most = platform->v_supply;
  m->capacitor.voltage_V = platform->v_on;
  m->capacitor.source = source;
  bo_meter_clear(m);
  current = m;
  bo_host_measure(&hooks);
}

void bo_meter_boot(bo_meter *m) {
  m->cycle_J = 0;
  m->result_written = 0;
  m->indices_read = m->sums_read = 0;
  m->backed_up = 0;
  m->committed = commits_counted();
  for (uint16_t i = 0; i < BO_ACCOUNTS; i++)
    m->counted[i] = counted(i);
  memset(&m->drawn, 0, sizeof m->drawn);
  draw_whole(m, BO_DID_REBOOT, 1, 0, m->platform->reboot);
}

void bo_meter_cycle_end(bo_meter *m, int died) {
  bo_account *a = account(m);
  book_boot(m);
  a->cycles++;
  a->over += m->cycle_J > bo_safe_J(m->platform) * (1 + 1e-9);
  if (m->cycle_J > a->cycle_max_J)
    a->cycle_max_J = m->cycle_J;
  /* A cycle that died says nothing of what a whole one needs. */
  if (!died && m->cycle_J < a->cycle_min_J)
    a->cycle_min_J = m->cycle_J;
  if (died) {
    a->deaths++;
    a->lost_J += m->since_kept_J;
    if (m->since_kept_J > a->lost_max_J)
      a->lost_max_J = m->since_kept_J;
  }
  m->since_kept_J = 0;
}

void bo_meter_off(bo_meter *m, double off_s) { account(m)->off_s += off_s; }
