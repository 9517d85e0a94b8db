#include "exploration.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "scheme.h"

/** A state that a cut left, and what its boot must make of it. */
typedef struct {
  uint64_t hash;
  uint8_t *nvm; /**< until it is booted from */
  uint32_t consumed, released;
  uint32_t parent; /**< the run that was cut */
  bo_cut cut;
  uint32_t depth; /**< cuts that led here */
  int booted, committed;
  uint32_t sequence; /**< of its first commit, or at its end */
  uint32_t work;     /**< done until then */
} state;

/** A cut of the run at hand, until its next commit tells what was left to do. */
typedef struct {
  uint32_t to; /**< the state it left */
  uint16_t layer;
  uint32_t work; /**< done before it */
} edge;

/** What the commit after a cut asks of the state that the cut left. */
typedef struct {
  uint32_t to;
  uint16_t layer;
  uint32_t sequence;
  uint32_t left; /**< work from the cut to the commit, had it not come */
} demand;

typedef struct {
  void *data;
  size_t count, room, bytes;
} list;

static struct {
  const bo_subject *subject;
  const bo_exploration_limits *limits;
  bo_exploration *seen;
  bo_application app;
  list states;  /**< state */
  list edges;   /**< edge: since the last commit */
  list demands; /**< demand: of states that were not booted from yet */
  uint32_t *table;
  size_t table_size;
  list passed; /**< uint64_t: of NVM at the commits of the uncut run, and at its end */
  uint32_t at; /**< the state whose run this is */
  uint8_t *nvm;
  int record_sent;
  uint32_t commits;   /**< in this run, when a record was written last */
  const bo_cut *only; /**< a replay: the one cut to try */
  int stops;          /**< a run may end at a commit, where it has met the uncut run */
} all;

static void *add(list *to, const void *item) {
  if (to->count == to->room) {
    to->room = to->room == 0u ? 256u : 2u * to->room;
    to->data = realloc(to->data, to->room * to->bytes);
    if (to->data == NULL) {
      fputs("out of memory\n", stderr);
      exit(70);
    }
  }
  return memcpy((uint8_t *)to->data + to->bytes * to->count++, item, to->bytes);
}

static state *state_at(uint32_t index) { return &((state *)all.states.data)[index]; }

/** FNV-1a over 64 bits, a word at a time, of the model's NVM and what the application remembers. */
static uint64_t hash_of(const uint8_t *nvm, uint32_t consumed, uint32_t released) {
  const uint32_t bytes = all.subject->model->nvm_bytes;
  uint64_t hash = 0xcbf29ce484222325u ^ ((uint64_t)consumed << 32 | released);
  uint32_t i = 0;
  for (; i + 8u <= bytes; i += 8u) {
    uint64_t word;
    memcpy(&word, nvm + i, 8);
    hash = (hash ^ word) * 0x100000001b3u;
    hash ^= hash >> 29;
  }
  for (; i < bytes; i++)
    hash = (hash ^ nvm[i]) * 0x100000001b3u;
  return hash;
}

static size_t slot_of(uint64_t hash) {
  size_t slot = (size_t)(hash ^ hash >> 32) & (all.table_size - 1u);
  while (all.table[slot] != 0u && state_at(all.table[slot] - 1u)->hash != hash)
    slot = (slot + 1u) & (all.table_size - 1u);
  return slot;
}

static void grow_table(void) {
  if (all.table_size > 2u * all.states.count)
    return;
  free(all.table);
  all.table_size = all.table_size == 0u ? 1024u : 4u * all.table_size;
  all.table = calloc(all.table_size, sizeof *all.table);
  if (all.table == NULL)
    exit(70);
  for (uint32_t i = 0; i < all.states.count; i++)
    all.table[slot_of(state_at(i)->hash)] = i + 1u;
}

static void path_of(uint32_t index, char *text, size_t room) {
  uint32_t path[32];
  size_t used = 0, length = 0;
  for (uint32_t i = index; i != 0u && length < 32u; i = state_at(i)->parent)
    path[length++] = i;
  text[0] = 0;
  while (length != 0u && used < room) {
    const bo_cut *cut = &state_at(path[--length])->cut;
    used += (size_t)snprintf(text + used, room - used, "%u.%u.%u%s", (unsigned)cut->write,
                             (unsigned)cut->mode, (unsigned)cut->detail, length == 0u ? "" : "/");
  }
}

static void __attribute__((format(printf, 2, 3))) fail(uint32_t index, const char *format, ...) {
  char what[160], path[120];
  if (all.seen->mismatches++ != 0u)
    return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  path_of(index, path, sizeof path);
  snprintf(all.seen->failure, sizeof all.seen->failure, "%s; replay reach:%u:%s", what,
           (unsigned)all.limits->inferences, path);
}

/** Steps of a first start have records in the same place; they are no commits. */
static uint32_t commits_counted(void) {
  uint32_t commits = 0;
  for (uint32_t i = 0; i < BO_COUNTERS_LAYERS; i++)
    commits += bo_counted[i].commits;
  return commits;
}

static uint32_t work_done(void) {
  uint32_t work = 0;
  for (uint32_t i = 0; i < BO_COUNTERS_LAYERS; i++)
    work += bo_counted[i].macs + bo_counted[i].pooled;
  return work;
}

/** Holds a cut against the run from the state that it left. */
static void check(const demand *d) {
  const state *to = state_at(d->to);
  if ((int32_t)(to->sequence - d->sequence) < 0) {
    fail(d->to, "a boot falls behind the last commit");
    return;
  }
  if (to->sequence != d->sequence || !to->committed || to->work <= d->left)
    return;
  const uint32_t lost = to->work - d->left;
  const uint32_t most = bo_lost_most(all.subject->model, d->layer);
  all.seen->lost += lost;
  if (lost > all.seen->lost_most)
    all.seen->lost_most = lost;
  if (lost > most)
    fail(d->to, "a cut costs %u of work, not %u at most", (unsigned)lost, (unsigned)most);
}

/** The state that a cut leaves, known or new. */
static void reach(const bo_cut *cut) {
  const bo_application *app = &all.app;
  bo_host_after_cut(cut, all.nvm);
  all.seen->cuts++;
  state new = {.hash = hash_of(all.nvm, app->consumed, app->released),
               .consumed = app->consumed,
               .released = app->released,
               .parent = all.at,
               .cut = *cut,
               .depth = state_at(all.at)->depth + 1u};
  size_t slot = slot_of(new.hash);
  if (all.table[slot] == 0u || all.only != NULL) {
    if (new.depth > all.limits->cuts || all.states.count >= all.limits->states) {
      all.seen->closed = 0;
      return;
    }
    new.nvm = malloc(bo_host_nvm_bytes());
    if (new.nvm == NULL)
      exit(70);
    memcpy(new.nvm, all.nvm, bo_host_nvm_bytes());
    add(&all.states, &new);
    if (all.only == NULL) {
      grow_table();
      slot = slot_of(new.hash);
    }
    all.table[slot] = (uint32_t)all.states.count;
    if (new.depth > all.seen->deepest)
      all.seen->deepest = new.depth;
  }
  const edge e = {all.table[slot] - 1u, bo_counted_layer, work_done()};
  add(&all.edges, &e);
}

/** Every way in which the medium allows a write to be cut. */
static void on_write(uint32_t address, uint16_t bytes) {
  bo_cut cut = {bo_host_writes() + 1u, BO_CUT_BEFORE, 0};
  if (address < BO_NVM_RELEASES && commits_counted() != all.commits) {
    all.commits = commits_counted();
    all.record_sent = 1;
  }
  if (all.only != NULL) {
    if (all.only->write == cut.write)
      reach(all.only);
    return;
  }
  reach(&cut);
  cut.mode = BO_CUT_TORN;
  for (cut.detail = 1; cut.detail <= bytes; cut.detail++) {
    const int middle = cut.detail == bytes / 2u || cut.detail == bytes / 2u + 1u;
    if (bytes <= 16u || cut.detail <= 2u || middle || cut.detail + 2u >= bytes)
      reach(&cut);
  }
  if (bo_host_unconfirmed() < 2u)
    return;
  cut.mode = BO_CUT_LAST_ONLY, cut.detail = 0;
  reach(&cut);
  cut.mode = BO_CUT_SUBSET;
  for (cut.detail = 1; cut.detail <= 2u; cut.detail++)
    reach(&cut);
}

static void on_read(uint32_t address, uint16_t bytes) {
  (void)address;
  (void)bytes;
}

static int has_passed(uint64_t hash) {
  for (size_t i = 0; i < all.passed.count; i++) {
    if (((const uint64_t *)all.passed.data)[i] == hash)
      return 1;
  }
  return 0;
}

/** NVM here must be as in the uncut run. That a result is released the application may not know: it
 * is so where the cut came behind the last byte. */
static void meet(const char *where) {
  const uint64_t hash = hash_of(bo_host_nvm(), all.app.consumed, 0);
  if (all.at == 0u)
    add(&all.passed, &hash);
  else if (!has_passed(hash) && all.app.wrong == NULL)
    fail(all.at, "NVM differs from the uncut run %s", where);
}

static void on_confirmed(void) {
  if (!all.record_sent)
    return;
  all.record_sent = 0;
  const uint32_t work = work_done();
  const uint32_t sequence = all.app.runtime.progress.record.sequence;
  for (size_t i = 0; i < all.edges.count; i++) {
    const edge *e = &((const edge *)all.edges.data)[i];
    const demand d = {e->to, e->layer, sequence, work - e->work};
    if (e->to != all.at && state_at(e->to)->booted)
      check(&d);
    else
      add(&all.demands, &d);
  }
  all.edges.count = 0;
  state *from = state_at(all.at);
  if (!from->committed) {
    from->committed = 1;
    from->sequence = sequence;
    from->work = work;
  }
  meet("at a commit");
  /* From here on this is the uncut run, whose writes are cut already. */
  if (all.at != 0u && all.stops && all.at % 16u != 0u)
    bo_host_power_fails(BO_HOST_NO_WRITE);
}

/** One run from a state, uncut, in which every write is cut on paper. */
static void run_from(uint32_t index) {
  static const bo_host_meter hooks = {on_read, on_write, on_confirmed, NULL};
  state *from = state_at(index);
  memcpy(bo_host_nvm(), from->nvm, bo_host_nvm_bytes());
  all.at = index;
  all.app.consumed = from->consumed;
  all.app.released = from->released;
  all.app.wrong = NULL;
  all.record_sent = 0;
  all.commits = 0;
  all.edges.count = 0;
  memset(bo_counted, 0, sizeof bo_counted);
  bo_host_measure(&hooks);
  const bo_cycle_end ended = bo_host_power_cycle(bo_application_run, &all.app, NULL, 0);
  bo_host_measure(NULL);
  all.seen->boots++;
  from = state_at(index);
  from->booted = 1;
  if (!from->committed) {
    from->sequence = all.app.runtime.progress.record.sequence;
    from->work = work_done();
  }
  if (all.app.wrong != NULL)
    fail(index, "%s", all.app.wrong);
  else if (ended == BO_CYCLE_RETURNED)
    meet("at its end");
}

/** Checks what is known now. */
static void settle(void) {
  demand *demands = all.demands.data;
  size_t open = 0;
  for (size_t i = 0; i < all.demands.count; i++) {
    if (state_at(demands[i].to)->booted)
      check(&demands[i]);
    else
      demands[open++] = demands[i];
  }
  all.demands.count = open;
}

static void begin(const bo_subject *subject, const bo_exploration_limits *limits,
                  bo_exploration *seen) {
  memset(&all, 0, sizeof all);
  all.subject = subject;
  all.limits = limits;
  all.seen = seen;
  all.states.bytes = sizeof(state);
  all.edges.bytes = sizeof(edge);
  all.demands.bytes = sizeof(demand);
  all.passed.bytes = sizeof(uint64_t);
  all.stops = 1;
  seen->closed = 1;
  bo_application_begin(&all.app, subject, limits->inferences);
  state first = {.hash = hash_of(bo_host_nvm(), 0, 0)};
  first.nvm = malloc(bo_host_nvm_bytes());
  all.nvm = malloc(bo_host_nvm_bytes());
  if (first.nvm == NULL || all.nvm == NULL)
    exit(70);
  memcpy(first.nvm, bo_host_nvm(), bo_host_nvm_bytes());
  add(&all.states, &first);
  grow_table();
}

static void end(void) {
  all.seen->states += (uint32_t)all.states.count;
  for (uint32_t i = 0; i < all.states.count; i++)
    free(state_at(i)->nvm);
  free(all.states.data);
  free(all.edges.data);
  free(all.demands.data);
  free(all.passed.data);
  free(all.table);
  free(all.nvm);
  free(all.app.output);
}

void bo_explore(const bo_subject *subject, const bo_exploration_limits *limits,
                bo_exploration *seen) {
  begin(subject, limits, seen);
  for (uint32_t next = 0; next < all.states.count && seen->mismatches == 0u; next++) {
    run_from(next);
    free(state_at(next)->nvm);
    state_at(next)->nvm = NULL;
    settle();
  }
  end();
}

int bo_explore_replay(const bo_subject *subject, const char *id, bo_exploration *seen) {
  unsigned inferences, write, mode, detail;
  int used = 0;
  if (sscanf(id, "reach:%u:%n", &inferences, &used) != 1 || used == 0)
    return 0;
  const bo_exploration_limits limits = {inferences, 32, 64};
  static const bo_cut none = {0, BO_CUT_BEFORE, 0};
  begin(subject, &limits, seen);
  all.only = &none;
  all.stops = 0;
  /* The uncut run tells what NVM is to be; then the same again, cut. */
  run_from(0);
  uint32_t at = 0;
  int right = 1;
  for (const char *text = id + used; *text != 0 && right; text += used) {
    right = sscanf(text, "%u.%u.%u%n", &write, &mode, &detail, &used) == 3 && mode < BO_CUT_MODES;
    const bo_cut cut = {write, (bo_cut_mode)mode, detail};
    all.only = &cut;
    if (right)
      run_from(at);
    right = right && all.states.count == at + 2u && at + 2u < limits.states;
    at++;
    if (text[used] == '/')
      used++;
  }
  all.only = &none;
  if (right && at != 0u)
    run_from(at);
  settle();
  end();
  return right;
}

/** Work on a whole tile. */
static uint32_t work_of(const bo_layer *layer, const bo_tile *tile) {
  const bo_shape *shape = &layer->shape;
  if (shape->kind != BO_CONV && shape->kind != BO_DEPTHWISE)
    return bo_pooled(shape, tile);
  const bo_macs macs = bo_tile_macs(shape, &layer->design, tile);
  return macs.calls * macs.length;
}

/** Work on the outputs of a group, and on those that are computed together with them. */
static uint32_t work_of_group(const bo_layer *layer, const bo_tile *tile) {
  const bo_shape *shape = &layer->shape;
  const uint32_t window = (uint32_t)shape->kernel_h * shape->kernel_w;
  const uint32_t whole = work_of(layer, tile), b = layer->design.b;
  uint32_t group = whole;
  if (shape->kind == BO_CONV)
    group = b * window * tile->depth;
  else if (shape->kind == BO_DEPTHWISE || shape->kind == BO_MAX_POOL || shape->kind == BO_AVG_POOL)
    group = (b + 2u * (tile->channels - 1u)) * window;
  return group < whole ? group : whole;
}

static uint32_t layer_lost_most(const bo_layer *layer, int groups, uint32_t *total) {
  const bo_nest nest = bo_nest_make(&layer->shape, &layer->design);
  uint32_t most = 0;
  *total = 0;
  for (uint32_t b = 0; b < nest.batches; b++) {
    const bo_batch batch = bo_nest_batch(&nest, &layer->design, b);
    uint32_t whole = 0, group = 0;
    for (uint32_t t = 0; t < batch.tiles; t++) {
      const bo_tile tile = bo_nest_tile(&layer->shape, &layer->design, &nest, &batch, t);
      const uint32_t of_group = work_of_group(layer, &tile);
      whole += work_of(layer, &tile);
      group = of_group > group ? of_group : group;
    }
    /* With N innermost a batch's sums build up in VM: its earlier tiles are computed again. */
    const int builds_up = bo_reduces_in_batch(&layer->design) && batch.tiles > 1u;
    const uint32_t lost = groups && !builds_up ? group : whole;
    most = lost > most ? lost : most;
    *total += whole;
  }
  return most;
}

uint32_t bo_lost_most(const bo_model *model, uint16_t layer) {
  uint32_t all_layers = 0, one = 0;
  for (uint16_t i = 0; i < model->layer_count; i++) {
    uint32_t total;
    const uint32_t most = layer_lost_most(&model->layers[i], bo_has_groups(model), &total);
    if (i == layer)
      one = model->scheme == BO_SCHEME_CHECKPOINT ? total : most;
    all_layers += total;
  }
  return model->scheme == BO_SCHEME_IDEAL ? all_layers : one;
}
