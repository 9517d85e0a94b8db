#include "engine.h"

#include <stddef.h>

#include "compute.h"
#include "nest.h"
#include "nvm.h"
#include "planted.h"

/** A batch at work: the layer's constants and the buffers of VM. */
typedef struct {
  const bo_model *model;
  const bo_layer *layer;
  bo_nest nest;
  bo_batch batch;
  bo_plane plane;
  uint32_t visit;       /**< of the batch's output tiles; see bo_visit() */
  uint32_t block_bytes; /**< from the sums of one output tile to those of the next */
  uint8_t *input;
  void *weights;
  int32_t *bias;
  bo_scale *scales;
} work;

static void *vm_at(uint32_t offset) { return (uint8_t *)bo_vm + offset; }

/** NVM and VM of a rectangle of transfers; steps in bytes. */
typedef struct {
  uint32_t nvm, nvm_row, nvm_column;
  uint8_t *vm;
  uint32_t vm_row, vm_column;
} rectangle;

enum { LOAD, STORE };

static void transfer(rectangle at, bo_transfers count, uint32_t element_bytes, int direction) {
  const uint16_t bytes = (uint16_t)(count.elements * element_bytes);
  for (uint32_t i = 0; i < count.rows; i++) {
    uint32_t nvm = at.nvm;
    uint8_t *vm = at.vm;
    for (uint32_t j = 0; j < count.columns; j++) {
      if (direction == LOAD) {
        bo_nvm_read(nvm, vm, bytes);
      } else {
        bo_nvm_write(nvm, vm, bytes);
      }
      nvm += at.nvm_column;
      vm += at.vm_column;
    }
    at.nvm += at.nvm_row;
    at.vm += at.vm_row;
  }
}

/** Loads a tile's part of one input map; returns where the next part goes. */
static uint8_t *load_part(const work *w, const bo_tile *tile, int part, uint32_t map, uint8_t *to) {
  const bo_shape *shape = &w->layer->shape;
  const uint32_t code = bo_element_bytes(shape);
  const bo_part of = bo_input_part(shape, tile, part);
  const uint32_t pixel = code * of.count;
  const uint32_t bytes = (uint32_t)tile->window_h * tile->window_w * pixel;
  uint16_t y, h, x, width;
  bo_inside(shape, tile, &y, &h, &x, &width);
  const int is_product = shape->kind == BO_CONV || bo_is_kind(shape, BO_DEPTHWISE);
  if (is_product && (h != tile->window_h || width != tile->window_w) && !BO_BUG_STALE_PADDING) {
    for (uint32_t i = 0; i < bytes; i++)
      to[i] = 0;
  }
  rectangle at;
  at.nvm_column = code * of.of;
  at.nvm_row = at.nvm_column * shape->w;
  at.nvm = map + y * at.nvm_row + x * at.nvm_column + code * of.first;
  at.vm_column = pixel;
  at.vm_row = pixel * tile->window_w;
  const uint32_t top = (uint32_t)(y - tile->y0);
  const uint32_t left = (uint32_t)(x - tile->x0);
  at.vm = to + top * at.vm_row + left * at.vm_column;
  transfer(at, bo_part_transfers(shape, tile, part), code, LOAD);
  return to + (size_t)bytes;
}

static void load_input(const work *w, const bo_tile *tile) {
  const bo_layer *layer = w->layer;
  uint8_t *next = load_part(w, tile, 0, layer->input, w->input);
  if (bo_has_second(&layer->shape))
    load_part(w, tile, 1, BO_BUG_SECOND_INPUT ? layer->input : layer->second, next);
}

/** A tile's work on what VM holds. */
static void compute(const work *w, const bo_tile *tile, int32_t *sums) {
  const bo_layer *layer = w->layer;
  const bo_shape *shape = &layer->shape;
  if (shape->kind == BO_CONV) {
    bo_compute_products(shape, &layer->design, tile, w->input, w->weights, sums);
    return;
  }
  if (shape->kind == BO_GLOBAL_AVG_POOL) {
    bo_compute_pool(shape, tile, w->input, sums);
    return;
  }
#if BO_CHANNELWISE
  if (shape->kind == BO_DEPTHWISE)
    bo_compute_depthwise(shape, tile, w->input, w->weights, sums);
  else if (bo_has_second(shape))
    bo_compute_joined(shape, tile, layer->multipliers, w->input, sums);
  else
    bo_compute_windows(shape, tile, w->input, sums);
#endif
}

static void load_weights(const work *w, const bo_tile *tile) {
  const bo_shape *shape = &w->layer->shape;
  if (BO_BUG_STALE_VM && w->batch.chunk != 0u)
    return;
  const uint32_t code = bo_element_bytes(shape);
  bo_nvm_read(w->layer->weights + code * bo_weight_offset(shape, tile), w->weights,
              (uint16_t)(code * bo_weight_elements(shape, tile)));
}

static void load_bias(const work *w, const bo_tile *tile) {
  bo_nvm_read(w->layer->bias + 4u * (uint32_t)tile->m0, w->bias, (uint16_t)(4u * tile->channels));
}

static void load_scales(const work *w, const bo_tile *tile) {
  bo_nvm_read(w->layer->scales + BO_SCALE_BYTES * (uint32_t)tile->m0, w->scales,
              (uint16_t)(BO_SCALE_BYTES * tile->channels));
}

static void move_sums(const work *w, const bo_tile *tile, int32_t *sums, uint32_t visit,
                      int direction) {
  const bo_plane *plane = &w->plane;
  const uint32_t offset = bo_plane_offset(plane, &w->layer->design, tile);
  const uint32_t parity = BO_BUG_SINGLE_PLANE ? 0u : visit & 1u;
  rectangle at;
  at.nvm = w->model->planes[parity] + 4u * offset;
  at.nvm_column = 4u * plane->channels;
  at.nvm_row = at.nvm_column * plane->columns;
  at.vm = (uint8_t *)sums;
  at.vm_column = 4u * (uint32_t)tile->channels;
  at.vm_row = at.vm_column * tile->columns;
  transfer(at, bo_plane_transfers(plane, tile), 4, direction);
}

static void store_outputs(const work *w, const bo_tile *tile, int32_t *sums) {
  const bo_shape *shape = &w->layer->shape;
#if BO_CHANNELWISE
  if (!(BO_BUG_PADDED_MEAN && bo_is_kind(shape, BO_AVG_POOL)))
    bo_compute_finish(shape, tile, sums);
#endif
  const uint32_t code = bo_element_bytes(shape);
  void *codes = bo_compute_codes(shape, tile, &w->layer->requantisation,
                                 bo_has_scales(shape) ? w->scales : NULL, sums);
  rectangle at;
  at.nvm_column = code * shape->m;
  at.nvm_row = at.nvm_column * shape->c;
  at.nvm = w->layer->output + tile->r0 * at.nvm_row + tile->c0 * at.nvm_column + code * tile->m0;
  at.vm = codes;
  at.vm_column = code * tile->channels;
  at.vm_row = at.vm_column * tile->columns;
  transfer(at, bo_output_transfers(shape, tile), code, STORE);
}

uint32_t bo_engine_batches(const bo_layer *layer) {
  return bo_nest_make(&layer->shape, &layer->design).batches;
}

void bo_engine_run(const bo_model *model, const bo_layer *layer, uint32_t index) {
  const bo_shape *shape = &layer->shape;
  const bo_design *design = &layer->design;
  work w;
  w.model = model;
  w.layer = layer;
  w.nest = bo_nest_make(shape, design);
  w.batch = bo_nest_batch(&w.nest, design, index);
  w.plane = bo_plane_make(shape, design, &w.nest);
  w.visit = bo_visit(design, &w.batch);
  w.block_bytes = bo_vm_block_bytes(shape, design);
  w.input = vm_at(layer->vm.input);
  w.weights = vm_at(layer->vm.weights);
  w.bias = vm_at(layer->vm.bias);
  w.scales = vm_at(layer->vm.scales);
  const int last_visit =
      (BO_BUG_EARLY_REQUANTISE && w.visit == 0u) || bo_last_visit(design, &w.nest, &w.batch);
  const int reduces = bo_reduces_in_batch(design);

  bo_tile before = {0};
  for (uint32_t t = 0; t < w.batch.tiles; t++) {
    const bo_tile tile = bo_nest_tile(shape, design, &w.nest, &w.batch, t);
    const int first = t == 0u;
    int32_t *sums = vm_at(layer->vm.sums + (reduces ? 0u : t * w.block_bytes));
    const int kept = BO_BUG_STALE_CHANNELS && bo_is_channelwise(shape);
    if (first || (!kept && !bo_same_input(shape, &before, &tile)))
      load_input(&w, &tile);
    if (shape->kind == BO_CONV && (first || !bo_same_weights(&before, &tile))) {
      load_weights(&w, &tile);
    }
    if (bo_is_kind(shape, BO_DEPTHWISE) && (first || !bo_same_weights(&before, &tile))) {
      load_weights(&w, &tile);
    }
    if (first || !bo_same_output(&before, &tile)) {
      if (w.visit == 0u || BO_BUG_BIAS_EVERY_VISIT) {
        const int new_m = first || !bo_same_channels(&before, &tile);
        if (shape->has_bias && new_m)
          load_bias(&w, &tile);
#if BO_CHANNELWISE
        if (shape->kind == BO_MAX_POOL && !BO_BUG_MAXIMUM_FROM_ZERO)
          bo_compute_start_maximum(&tile, sums);
        else
#endif
          bo_compute_start(&tile, shape->has_bias ? w.bias : NULL, sums);
      }
      if (w.visit != 0u && !BO_BUG_BIAS_EVERY_VISIT) {
        move_sums(&w, &tile, sums, w.visit - 1u, LOAD);
      }
    }
    compute(&w, &tile, sums);
    if (!reduces || t + 1u == w.batch.tiles) {
      if (last_visit) {
        const int new_m = !BO_BUG_STALE_SCALES && !bo_same_channels(&before, &tile);
        if (bo_has_scales(shape) && (first || reduces || new_m))
          load_scales(&w, &tile);
        store_outputs(&w, &tile, sums);
      } else {
        move_sums(&w, &tile, sums, w.visit, STORE);
      }
    }
    before = tile;
  }
}
