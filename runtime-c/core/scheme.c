#include "scheme.h"

#include "engine.h"
#include "nest.h"
#include "nvm.h"
#include "planted.h"

/** Bytes of one write of the input map; inputs of any size go in pieces that fit a transfer. */
#define INPUT_BYTES 32768u

#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
/** Of scheme stateful: one visit, so that a cell is written once, and a bit to spare in each code.
 */
static int has_room_for_states(const bo_model *model, const bo_layer *layer) {
  const bo_nest nest = bo_nest_make(&layer->shape, &layer->design);
  const int32_t limit = bo_code_bytes(model) == 1u ? 1 << 6 : 1 << 14;
  return bo_visits(&layer->design, &nest) == 1u && layer->requantisation.minimum >= -limit &&
         layer->requantisation.maximum < limit;
}
#endif

int bo_scheme_fits(const bo_model *model) {
  (void)model;
#if BO_HAS_GROUPS
  for (uint16_t i = 0; bo_has_groups(model) && i < model->layer_count; i++) {
    if (model->layers[i].design.b == 0u)
      return 0;
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
    if (bo_is_scheme(model, BO_SCHEME_STATEFUL) && !has_room_for_states(model, &model->layers[i]))
      return 0;
#endif
  }
#endif
  return 1;
}

void bo_scheme_boot(bo_progress *progress) {
  (void)progress;
#if BO_HAS_SCHEME(BO_SCHEME_HAWAII)
  progress->sent = 0;
  progress->mark_slot = 0;
  if (bo_is_scheme(progress->model, BO_SCHEME_HAWAII) &&
      progress->record.layer < progress->model->layer_count)
    bo_marks_read(progress);
#endif
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
  progress->resumes = 1;
#endif
}

#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
/** The codes of the input map get their states in VM. */
static void store_input_with_states(bo_progress *progress, uint16_t inference, const uint8_t *codes,
                                    uint32_t bytes) {
  const bo_model *model = progress->model;
  const uint32_t room = bo_port_vm_bytes() & ~(uint32_t)3u;
  const uint32_t most = room < INPUT_BYTES ? room : INPUT_BYTES;
  uint8_t *const vm = (uint8_t *)bo_vm;
  if (progress->fresh && !BO_BUG_STATES_NOT_CLEARED)
    bo_states_clear(model);
  for (uint32_t first = 0; first < bytes; first += most) {
    const uint32_t piece = bytes - first < most ? bytes - first : most;
    for (uint32_t i = 0; i < piece; i++)
      vm[i] = codes[first + i];
    bo_states_set(model, inference, 0, model->input + first, vm, piece / bo_code_bytes(model));
    bo_nvm_write(model->input + first, vm, (uint16_t)piece);
  }
}
#endif

void bo_scheme_store_input(bo_progress *progress, uint16_t inference, const void *input) {
  const bo_model *model = progress->model;
  const uint32_t bytes = bo_code_bytes(model) * model->inputs;
  const uint8_t *const codes = input;
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
  if (bo_is_scheme(model, BO_SCHEME_STATEFUL)) {
    store_input_with_states(progress, inference, codes, bytes);
    return;
  }
#endif
  (void)inference;
  for (uint32_t first = 0; first < bytes; first += INPUT_BYTES) {
    const uint32_t left = bytes - first;
    bo_nvm_write(model->input + first, codes + first,
                 (uint16_t)(left < INPUT_BYTES ? left : INPUT_BYTES));
  }
}

/** `layer` is next, from its beginning. */
static void go_on(bo_progress *progress, uint16_t layer, uint16_t inference) {
  if (bo_is_scheme(progress->model, BO_SCHEME_IDEAL)) {
    progress->record.layer = layer;
    progress->record.inference = inference;
    progress->record.batch = 0;
  } else {
    bo_commit(progress, layer, inference, 0);
  }
#if BO_HAS_SCHEME(BO_SCHEME_HAWAII)
  progress->sent = 0;
  progress->mark_slot = 0;
#endif
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
  progress->resumes = 0;
#endif
}

void bo_scheme_start(bo_progress *progress, uint16_t inference) { go_on(progress, 0, inference); }

#if BO_HAS_SCHEME(BO_SCHEME_TILE)
/** One batch and its commit. */
static void step_batch(bo_progress *progress) {
  const bo_record now = progress->record;
  const bo_layer *layer = &progress->model->layers[now.layer];
  const bo_place place = {now.batch, 0, 0};
  const int more = now.batch + 1u < bo_engine_batches(layer);
  const uint16_t next_layer = (uint16_t)(now.layer + (more ? 0u : 1u));
  const uint32_t next_batch = more ? now.batch + 1u : 0u;
  if (BO_BUG_COMMIT_BEFORE_DATA) {
    bo_commit(progress, next_layer, now.inference, next_batch);
    progress->record.layer = now.layer;
    bo_engine_run(progress, &place);
    progress->record.layer = next_layer;
    return;
  }
  bo_engine_run(progress, &place);
  bo_commit(progress, next_layer, now.inference, next_batch);
}
#endif

#if BO_SCHEME != BO_SCHEME_TILE
/** Where the layer at hand goes on. */
static bo_place place_in_layer(bo_progress *progress) {
  bo_place place = {0, 0, 0};
#if BO_HAS_SCHEME(BO_SCHEME_HAWAII)
  if (bo_is_scheme(progress->model, BO_SCHEME_HAWAII)) {
    const bo_layer *layer = &progress->model->layers[progress->record.layer];
    const bo_nest nest = bo_nest_make(&layer->shape, &layer->design);
    progress->to_send = bo_outputs_sent(&layer->shape, &layer->design, &nest);
    place = bo_place_of(&layer->shape, &layer->design, &nest, progress->sent);
    if (BO_BUG_RESUME_ONE_LATE && place.output != 0u)
      place.output++;
  }
#endif
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
  if (bo_is_scheme(progress->model, BO_SCHEME_STATEFUL) && progress->resumes)
    place = bo_states_place(progress);
#endif
  (void)progress;
  return place;
}

/** What is left of a layer, and its record where the scheme has one. */
static void step_layer(bo_progress *progress) {
  const bo_record now = progress->record;
  const uint32_t batches = bo_engine_batches(&progress->model->layers[now.layer]);
  bo_place place = place_in_layer(progress);
  while (place.batch < batches) {
    bo_engine_run(progress, &place);
    place.batch++;
    place.tile = 0;
    place.output = 0;
  }
  go_on(progress, (uint16_t)(now.layer + 1u), now.inference);
}
#endif

void bo_scheme_step(bo_progress *progress) {
#if BO_HAS_SCHEME(BO_SCHEME_TILE)
  if (bo_is_scheme(progress->model, BO_SCHEME_TILE)) {
    step_batch(progress);
    return;
  }
#endif
#if BO_SCHEME != BO_SCHEME_TILE
  step_layer(progress);
#endif
}

#if BO_HAS_GROUPS
void bo_scheme_send(bo_progress *progress, uint32_t nvm, uint8_t *from, uint32_t count,
                    uint32_t bytes) {
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
  if (bo_is_scheme(progress->model, BO_SCHEME_STATEFUL)) {
    const uint32_t last = (count - 1u) * bytes;
    bo_states_set(progress->model, progress->record.inference, progress->record.layer + 1u, nvm,
                  from, count);
    if (BO_BUG_STATE_BEFORE_GROUP) {
      bo_nvm_write(nvm + last, from + last, (uint16_t)bytes);
      bo_port_confirm();
    }
    bo_nvm_write(nvm, from, (uint16_t)(count * bytes));
    /* Only the last state of a group is looked at: all before it must be there first. */
    if (!BO_BUG_STATE_UNCONFIRMED)
      bo_port_confirm();
    return;
  }
#endif
  (void)progress;
  bo_nvm_write(nvm, from, (uint16_t)(count * bytes));
}

void bo_scheme_sent(bo_progress *progress, uint32_t outputs) {
  (void)progress;
  (void)outputs;
#if BO_HAS_SCHEME(BO_SCHEME_HAWAII)
  if (bo_is_scheme(progress->model, BO_SCHEME_HAWAII)) {
    progress->sent += outputs;
    /* Behind the layer's last group comes its record. */
    if (progress->sent < progress->to_send)
      bo_mark_write(progress);
  }
#endif
}
#endif
