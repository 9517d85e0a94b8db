#include "engine.h"

#include <stddef.h>

#include "compute.h"
#include "nest.h"
#include "nvm.h"
#include "planted.h"
#include "scheme.h"

/** A batch at work: the layer's constants and the buffers of VM. */
typedef struct {
  bo_progress *progress;
  const bo_model *model;
  const bo_layer *layer;
  bo_nest nest;
  bo_batch batch;
  bo_plane plane;
  uint32_t visit;       /**< of the batch's output tiles; see bo_visit() */
  uint32_t block_bytes; /**< from the sums of one output tile to those of the next */
  uint8_t *input;
  uint8_t *weights;
  int32_t *bias;
  bo_scale *scales;
#if BO_HAS_GROUPS
  uint32_t output;   /**< first output of the tile at hand that is not in NVM */
  uint32_t computed; /**< first output of it whose sum is not up to date */
#endif
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
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
  if (bo_is_scheme(w->model, BO_SCHEME_STATEFUL)) {
    const uint32_t codes = of.count == 0u ? 0u : (uint32_t)width * of.count;
    for (uint16_t i = 0; i < h; i++)
      bo_states_strip(at.vm + (size_t)(i * at.vm_row), codes, code);
  }
#endif
  return to + (size_t)bytes;
}

static void load_input(const work *w, const bo_tile *tile) {
  const bo_layer *layer = w->layer;
  uint8_t *next = load_part(w, tile, 0, layer->input, w->input);
  if (bo_has_second(&layer->shape))
    load_part(w, tile, 1, BO_BUG_SECOND_INPUT ? layer->input : layer->second, next);
}

/** A tile's work on what VM holds; `input` and `weights` are where those of the tile begin. */
static void compute(const bo_layer *layer, const bo_tile *tile, const uint8_t *input,
                    const uint8_t *weights, int32_t *sums) {
  const bo_shape *shape = &layer->shape;
  if (shape->kind == BO_CONV) {
    bo_compute_products(shape, &layer->design, tile, input, weights, sums);
    return;
  }
  if (shape->kind == BO_GLOBAL_AVG_POOL) {
    bo_compute_pool(shape, tile, input, sums);
    return;
  }
#if BO_CHANNELWISE
  if (shape->kind == BO_DEPTHWISE)
    bo_compute_depthwise(shape, tile, input, weights, sums);
  else if (bo_has_second(shape))
    bo_compute_joined(shape, tile, layer->multipliers, input, sums);
  else
    bo_compute_windows(shape, tile, input, sums);
  if (!(BO_BUG_PADDED_MEAN && bo_is_kind(shape, BO_AVG_POOL)))
    bo_compute_finish(shape, tile, sums);
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

/** Where a tile's sums lie in the plane of a visit, and in VM. */
static rectangle sums_in_plane(const work *w, const bo_tile *tile, int32_t *sums, uint32_t visit) {
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
  return at;
}

static void move_sums(const work *w, const bo_tile *tile, int32_t *sums, uint32_t visit,
                      int direction) {
  transfer(sums_in_plane(w, tile, sums, visit), bo_plane_transfers(&w->plane, tile), 4, direction);
}

/** Where a tile's codes lie in the OFM, and in VM. */
static rectangle codes_in_map(const work *w, const bo_tile *tile, void *codes) {
  const bo_shape *shape = &w->layer->shape;
  const uint32_t code = bo_element_bytes(shape);
  rectangle at;
  at.nvm_column = code * shape->m;
  at.nvm_row = at.nvm_column * shape->c;
  at.nvm = w->layer->output + tile->r0 * at.nvm_row + tile->c0 * at.nvm_column + code * tile->m0;
  at.vm = codes;
  at.vm_column = code * tile->channels;
  at.vm_row = at.vm_column * tile->columns;
  return at;
}

/** Codes in place of sums, of a part that begins at output `first` of the tile `of`. */
static void make_codes(const work *w, const bo_tile *of, const bo_tile *part, uint32_t first,
                       int32_t *sums) {
  const bo_shape *shape = &w->layer->shape;
  const bo_scale *scales = bo_has_scales(shape) ? w->scales + (part->m0 - of->m0) : NULL;
  uint8_t *codes = (uint8_t *)sums + (size_t)(first * bo_element_bytes(shape));
  bo_compute_codes(shape, part, &w->layer->requantisation, scales, sums + first, codes);
}

static void store_outputs(const work *w, const bo_tile *tile, int32_t *sums) {
  const bo_shape *shape = &w->layer->shape;
  make_codes(w, tile, tile, 0, sums);
  transfer(codes_in_map(w, tile, sums), bo_output_transfers(shape, tile), bo_element_bytes(shape),
           STORE);
}

#if BO_HAS_GROUPS
/** Outputs whose sums are computed together, so that a group may end within: all channels of a
 * pixel where a channel's elements lie apart, the tile where it is cheap; one of a conv. */
static uint32_t computed_together(const bo_shape *shape, const bo_tile *tile) {
  if (shape->kind == BO_CONV)
    return 1;
  if (shape->kind == BO_GLOBAL_AVG_POOL || bo_has_second(shape))
    return bo_tile_outputs(tile);
  return tile->channels;
}

/** Brings the sums of the outputs before `to` up to date. */
static void compute_to(work *w, const bo_tile *tile, int32_t *sums, uint32_t to) {
  const bo_layer *layer = w->layer;
  const bo_shape *shape = &layer->shape;
  const uint32_t code = bo_element_bytes(shape);
  const uint32_t together = computed_together(shape, tile);
  const uint32_t end = bo_ceil_div(to, together) * together;
  while (w->computed < end) {
    bo_tile part;
    const uint32_t outputs = bo_tile_part(shape, tile, w->computed, end, &part);
    const uint32_t down = (uint32_t)(part.r0 - tile->r0) * shape->stride_h;
    const uint32_t right = (uint32_t)(part.c0 - tile->c0) * shape->stride_w;
    const uint32_t window = (uint32_t)shape->kernel_h * shape->kernel_w * tile->depth;
    compute(layer, &part, w->input + (size_t)(code * (down * tile->window_w + right) * tile->depth),
            w->weights + (size_t)(code * (uint32_t)(part.m0 - tile->m0) * window),
            sums + w->computed);
    w->computed += outputs;
  }
}

/** Writes the outputs [from, to) of a tile, run by run. */
static void send(work *w, const bo_tile *tile, const rectangle *at, uint32_t run, uint32_t bytes,
                 uint32_t from, uint32_t to) {
  const uint32_t row = (uint32_t)tile->columns * tile->channels;
  while (from < to) {
    const uint32_t left = run - from % run;
    const uint32_t count = to - from < left ? to - from : left;
    const uint32_t nvm = at->nvm + from / row * at->nvm_row +
                         from % row / tile->channels * at->nvm_column +
                         from % tile->channels * bytes;
    bo_scheme_send(w->progress, nvm, at->vm + (size_t)(from * bytes), count, bytes);
    from += count;
  }
}

/** Computes what is left of an output tile and sends it, group by group. */
static void store_groups(work *w, const bo_tile *tile, int32_t *sums, int last_visit) {
  const bo_shape *shape = &w->layer->shape;
  const uint32_t outputs = bo_tile_outputs(tile);
  const uint32_t b = w->layer->design.b;
  uint32_t run, bytes;
  rectangle at;
  if (last_visit) {
    run = bo_output_run(shape, tile), bytes = bo_element_bytes(shape);
    at = codes_in_map(w, tile, sums);
  } else {
    run = bo_plane_run(&w->plane, tile), bytes = 4;
    at = sums_in_plane(w, tile, sums, w->visit);
  }
  for (uint32_t from = w->output; from < outputs;) {
    const uint32_t full = (from / b + 1u) * b;
    const uint32_t to = full < outputs ? full : outputs;
    compute_to(w, tile, sums, to);
    for (uint32_t done = from; last_visit && done < to;) {
      bo_tile part;
      const uint32_t first = done;
      done += bo_tile_part(shape, tile, done, to, &part);
      make_codes(w, tile, &part, first, sums);
    }
    if (BO_BUG_MARK_BEFORE_DATA)
      bo_scheme_sent(w->progress, to - from);
    send(w, tile, &at, run, bytes, from, to);
    if (!BO_BUG_MARK_BEFORE_DATA)
      bo_scheme_sent(w->progress, to - from);
    from = to;
  }
}
#endif

uint32_t bo_engine_batches(const bo_layer *layer) {
  return bo_nest_make(&layer->shape, &layer->design).batches;
}

void bo_engine_run(bo_progress *progress, const bo_place *place) {
  const bo_model *model = progress->model;
  const bo_layer *layer = &model->layers[progress->record.layer];
  const bo_shape *shape = &layer->shape;
  const bo_design *design = &layer->design;
  work w;
  w.progress = progress;
  w.model = model;
  w.layer = layer;
  w.nest = bo_nest_make(shape, design);
  w.batch = bo_nest_batch(&w.nest, design, place->batch);
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
#if BO_HAS_GROUPS
  const int groups = bo_has_groups(model);
  const uint32_t from = groups ? place->tile : 0u;
#else
  const uint32_t from = 0;
#endif

  bo_tile before = {0};
  for (uint32_t t = from; t < w.batch.tiles; t++) {
    const bo_tile tile = bo_nest_tile(shape, design, &w.nest, &w.batch, t);
    const int first = t == from && !(BO_BUG_RESUME_IN_STALE_VM && from != 0u);
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
    const int finishes = !reduces || t + 1u == w.batch.tiles;
    const int new_m = !BO_BUG_STALE_SCALES && !bo_same_channels(&before, &tile);
    if (finishes && last_visit && bo_has_scales(shape) && (first || reduces || new_m))
      load_scales(&w, &tile);
    before = tile;
#if BO_HAS_GROUPS
    if (groups) {
      const uint32_t together = computed_together(shape, &tile);
      w.output = t == from || reduces ? place->output : 0u;
      w.computed = w.output / together * together;
      if (finishes)
        store_groups(&w, &tile, sums, last_visit);
      else
        compute_to(&w, &tile, sums, bo_tile_outputs(&tile));
      continue;
    }
#endif
    compute(layer, &tile, w.input, w.weights, sums);
    if (finishes) {
      if (last_visit) {
        store_outputs(&w, &tile, sums);
      } else {
        move_sums(&w, &tile, sums, w.visit, STORE);
      }
    }
  }
}
