/**
 * The loop nest: how (layer, design) is walked as tiles and preservation batches.
 *
 * The runtime executes this walk; the explorer's test twin walks the same header and adds up costs.
 * Static inline, no memory, C11 and C++20. Facts: DESIGN.md section 1, docs/protocol-brownout.md.
 *
 * A batch is S consecutive tiles of one sweep of the reuse loop, the innermost one (the two spatial
 * loops together where both are innermost). It never crosses the sweep's end. A batch starts with
 * VM empty and loads each buffer once per run of equal tile index.
 */
#ifndef BROWNOUT_NEST_H
#define BROWNOUT_NEST_H

#include "format.h"

/** Trip counts of the four tile loops; of a global pool N counts the input tiles of one channel
 * tile. */
typedef struct {
  uint32_t trips[4];
  uint8_t sweep_loops;   /**< innermost loops that make the sweep: 1 or 2 */
  uint32_t sweep;        /**< tiles of one sweep */
  uint32_t chunks;       /**< batches of one sweep */
  uint32_t outer;        /**< sweeps */
  uint32_t batches;      /**< outer * chunks */
  uint32_t pool_columns; /**< of a global pool: input tiles in a row of tiles */
} bo_nest;

/** One batch: outer indices, and the tiles [first, first + tiles) of its sweep. */
typedef struct {
  uint32_t index[4]; /**< of the outer loops; the sweep's loops are set by bo_nest_tile() */
  uint32_t first;
  uint32_t tiles;
  uint32_t chunk;
} bo_batch;

/** One tile: indices, output extent, input window. Of a global pool r0 = c0 = 0, rows = columns
 * = 1. */
typedef struct {
  uint32_t index[4];
  uint16_t r0, rows, c0, columns, m0, channels; /**< OFM part */
  uint16_t n0, depth;                           /**< IFM channels */
  int32_t y0, x0;                               /**< IFM corner; negative inside the padding */
  uint16_t window_h, window_w; /**< IFM window with padding: the VM buffer's size */
} bo_tile;

/** Transfers of `elements` each: codes of bo_element_bytes(), or 32-bit sums or scales; the source
 * advances as the caller computes. */
typedef struct {
  uint32_t rows;    /**< groups, `row_step` apart */
  uint32_t columns; /**< transfers in a group */
  uint32_t elements;
} bo_transfers;

static inline uint32_t bo_ceil_div(uint32_t a, uint32_t b) { return (a + b - 1u) / b; }
static inline uint16_t bo_min(uint32_t a, uint32_t b) { return (uint16_t)(a < b ? a : b); }

/** Whether an output channel reads input channels of its own: no sum over input channels. */
static inline int bo_is_channelwise(const bo_shape *shape) {
  return BO_CHANNELWISE && shape->kind >= BO_DEPTHWISE;
}

/** Whether two input maps are read. */
static inline int bo_has_second(const bo_shape *shape) {
  return BO_CHANNELWISE && shape->kind >= BO_ADD;
}

static inline int bo_is_kind(const bo_shape *shape, uint8_t kind) {
  return BO_CHANNELWISE && shape->kind == kind;
}

/** Bytes of one code of maps and weights. */
static inline uint32_t bo_element_bytes(const bo_shape *shape) {
#ifdef BO_ELEMENT_BYTES
  (void)shape;
  return BO_ELEMENT_BYTES;
#else
  return shape->element_bytes;
#endif
}

/** Whether each output channel has a multiplier and a shift of its own. */
static inline int bo_has_scales(const bo_shape *shape) {
  return BO_PER_CHANNEL && shape->per_channel != 0u;
}

static inline bo_nest bo_nest_make(const bo_shape *shape, const bo_design *design) {
  bo_nest nest;
  nest.pool_columns = 1;
  nest.trips[BO_M] = bo_ceil_div(shape->m, design->tm);
  if (shape->kind == BO_GLOBAL_AVG_POOL) {
    nest.trips[BO_R] = 1;
    nest.trips[BO_C] = 1;
    nest.pool_columns = bo_ceil_div(shape->w, design->tc);
    nest.trips[BO_N] = bo_ceil_div(shape->h, design->tr) * nest.pool_columns;
  } else {
    nest.trips[BO_R] = bo_ceil_div(shape->r, design->tr);
    nest.trips[BO_C] = bo_ceil_div(shape->c, design->tc);
    nest.trips[BO_N] = bo_is_channelwise(shape) ? 1u : bo_ceil_div(shape->n, design->tn);
  }
  const uint8_t last = design->order[3];
  const uint8_t before = design->order[2];
  const int spatial = (last == BO_R || last == BO_C) && (before == BO_R || before == BO_C);
  nest.sweep_loops = spatial ? 2 : 1;
  nest.sweep = spatial ? nest.trips[last] * nest.trips[before] : nest.trips[last];
  nest.chunks = bo_ceil_div(nest.sweep, design->s);
  nest.outer = 1;
  for (int i = 0; i < 4 - nest.sweep_loops; i++)
    nest.outer *= nest.trips[design->order[i]];
  nest.batches = nest.outer * nest.chunks;
  return nest;
}

/** Decodes batch `index` in [0, nest->batches). */
static inline bo_batch bo_nest_batch(const bo_nest *nest, const bo_design *design, uint32_t index) {
  bo_batch batch;
  uint32_t rest = index / nest->chunks;
  batch.chunk = index % nest->chunks;
  batch.first = batch.chunk * design->s;
  batch.tiles = bo_min(nest->sweep - batch.first, design->s);
  for (int i = 0; i < 4; i++)
    batch.index[i] = 0;
  for (int i = 3 - nest->sweep_loops; i >= 0; i--) {
    const uint8_t loop = design->order[i];
    batch.index[loop] = rest % nest->trips[loop];
    rest /= nest->trips[loop];
  }
  return batch;
}

/** Tile `t` in [0, batch->tiles) of a batch. */
static inline bo_tile bo_nest_tile(const bo_shape *shape, const bo_design *design,
                                   const bo_nest *nest, const bo_batch *batch, uint32_t t) {
  bo_tile tile;
  const uint32_t step = batch->first + t;
  const uint8_t last = design->order[3];
  for (int i = 0; i < 4; i++)
    tile.index[i] = batch->index[i];
  if (nest->sweep_loops == 2) {
    tile.index[last] = step % nest->trips[last];
    tile.index[design->order[2]] = step / nest->trips[last];
  } else {
    tile.index[last] = step;
  }
  tile.m0 = (uint16_t)(tile.index[BO_M] * design->tm);
  tile.channels = bo_min(design->tm, (uint32_t)shape->m - tile.m0);
  if (shape->kind == BO_GLOBAL_AVG_POOL) {
    const uint32_t y = tile.index[BO_N] / nest->pool_columns * design->tr;
    const uint32_t x = tile.index[BO_N] % nest->pool_columns * design->tc;
    tile.r0 = 0, tile.rows = 1, tile.c0 = 0, tile.columns = 1;
    tile.n0 = tile.m0, tile.depth = tile.channels;
    tile.y0 = (int32_t)y, tile.x0 = (int32_t)x;
    tile.window_h = bo_min(design->tr, shape->h - y);
    tile.window_w = bo_min(design->tc, shape->w - x);
    return tile;
  }
  tile.r0 = (uint16_t)(tile.index[BO_R] * design->tr);
  tile.rows = bo_min(design->tr, (uint32_t)shape->r - tile.r0);
  tile.c0 = (uint16_t)(tile.index[BO_C] * design->tc);
  tile.columns = bo_min(design->tc, (uint32_t)shape->c - tile.c0);
  tile.n0 = (uint16_t)(tile.index[BO_N] * design->tn);
  tile.depth = bo_min(design->tn, (uint32_t)shape->n - tile.n0);
  if (bo_is_channelwise(shape))
    tile.n0 = tile.m0, tile.depth = tile.channels;
  tile.y0 = (int32_t)tile.r0 * shape->stride_h - shape->pad_top;
  tile.x0 = (int32_t)tile.c0 * shape->stride_w - shape->pad_left;
  tile.window_h = (uint16_t)((tile.rows - 1u) * shape->stride_h + shape->kernel_h);
  tile.window_w = (uint16_t)((tile.columns - 1u) * shape->stride_w + shape->kernel_w);
  return tile;
}

/** Whether two tiles of one batch use the same contents of a buffer. */
static inline int bo_same_input(const bo_shape *shape, const bo_tile *a, const bo_tile *b) {
  if (shape->kind == BO_GLOBAL_AVG_POOL)
    return a->index[BO_N] == b->index[BO_N] && a->index[BO_M] == b->index[BO_M];
  return a->index[BO_R] == b->index[BO_R] && a->index[BO_C] == b->index[BO_C] &&
         a->index[BO_N] == b->index[BO_N] &&
         (!bo_is_channelwise(shape) || a->index[BO_M] == b->index[BO_M]);
}
static inline int bo_same_weights(const bo_tile *a, const bo_tile *b) {
  return a->index[BO_M] == b->index[BO_M] && a->index[BO_N] == b->index[BO_N];
}
static inline int bo_same_output(const bo_tile *a, const bo_tile *b) {
  return a->index[BO_R] == b->index[BO_R] && a->index[BO_C] == b->index[BO_C] &&
         a->index[BO_M] == b->index[BO_M];
}

/** Whether N is the reuse loop, so that a batch accumulates one output tile over several N tiles.
 */
static inline int bo_reduces_in_batch(const bo_design *design) { return design->order[3] == BO_N; }

/**
 * How often an output tile has been committed before this batch. Its parity names the plane to
 * WRITE; the other one is read. (The tile index n alone would not do: with N innermost and an even
 * S it has one parity for ever, and a batch would overwrite what it must be able to read again.)
 */
static inline uint32_t bo_visit(const bo_design *design, const bo_batch *batch) {
  return bo_reduces_in_batch(design) ? batch->chunk : batch->index[BO_N];
}

/** Visits of each output tile; planes are needed where it is above 1. */
static inline uint32_t bo_visits(const bo_design *design, const bo_nest *nest) {
  return bo_reduces_in_batch(design) ? nest->chunks : nest->trips[BO_N];
}

/** Whether this batch completes its output tiles, so that it writes the OFM and no partial sums. */
static inline int bo_last_visit(const bo_design *design, const bo_nest *nest,
                                const bo_batch *batch) {
  return bo_visit(design, batch) + 1u == bo_visits(design, nest);
}

/** Output tiles that a batch of `tiles` tiles touches. */
static inline uint32_t bo_output_tiles(const bo_design *design, uint32_t tiles) {
  return bo_reduces_in_batch(design) ? 1u : tiles;
}

/** Rows and columns of the input window that lie inside the IFM. */
static inline void bo_inside(const bo_shape *shape, const bo_tile *tile, uint16_t *y, uint16_t *h,
                             uint16_t *x, uint16_t *w) {
  const int32_t top = tile->y0 < 0 ? 0 : tile->y0;
  const int32_t left = tile->x0 < 0 ? 0 : tile->x0;
  const int32_t bottom =
      tile->y0 + tile->window_h < shape->h ? tile->y0 + tile->window_h : shape->h;
  const int32_t right = tile->x0 + tile->window_w < shape->w ? tile->x0 + tile->window_w : shape->w;
  *y = (uint16_t)top, *x = (uint16_t)left;
  *h = (uint16_t)(bottom > top ? bottom - top : 0);
  *w = (uint16_t)(right > left ? right - left : 0);
}

/**
 * A transfer joins neighbours only where both sides are contiguous: pixels where the tile spans all
 * channels of the map, rows where it also spans the row, in NVM and in VM.
 */
static inline bo_transfers bo_join(uint32_t rows, uint32_t columns, uint32_t channels,
                                   int all_channels, int all_columns) {
  bo_transfers t = {rows, columns, channels};
  if (rows == 0u || columns == 0u) {
    /* A window that lies wholly in the padding moves nothing. */
    t.rows = 0, t.columns = 0, t.elements = 0;
    return t;
  }
  if (all_channels) {
    t.elements *= columns, t.columns = 1;
    if (all_columns)
      t.elements *= rows, t.rows = 1;
  }
  return t;
}

/** Channels of an input map that a tile reads. */
typedef struct {
  uint16_t first, count; /**< in the map; count 0: the tile reads nothing of it */
  uint16_t of;           /**< channels of the map */
} bo_part;

/** Of the first input map (`part` 0) or, of add and concat, the second (1). */
static inline bo_part bo_input_part(const bo_shape *shape, const bo_tile *tile, int part) {
  bo_part p = {tile->n0, tile->depth, shape->n};
  if (bo_is_kind(shape, BO_CONCAT)) {
    const uint32_t from = part == 0 ? 0u : shape->n;
    const uint32_t to = part == 0 ? shape->n : shape->m;
    const uint32_t end = (uint32_t)tile->m0 + tile->channels;
    const uint32_t low = tile->m0 > from ? tile->m0 : from;
    const uint32_t high = end < to ? end : to;
    p.of = (uint16_t)(to - from);
    p.first = (uint16_t)(low < high ? low - from : 0u);
    p.count = (uint16_t)(low < high ? high - low : 0u);
  }
  return p;
}

/** Of one input map; see bo_input_part(). */
static inline bo_transfers bo_part_transfers(const bo_shape *shape, const bo_tile *tile, int part) {
  const bo_part p = bo_input_part(shape, tile, part);
  uint16_t y, h, x, w;
  bo_inside(shape, tile, &y, &h, &x, &w);
  return bo_join(p.count == 0u ? 0u : h, w, p.count, p.count == p.of,
                 w == shape->w && w == tile->window_w);
}

/** Of the first input map; add and concat also transfer bo_second_transfers(). */
static inline bo_transfers bo_input_transfers(const bo_shape *shape, const bo_tile *tile) {
  return bo_part_transfers(shape, tile, 0);
}

static inline bo_transfers bo_second_transfers(const bo_shape *shape, const bo_tile *tile) {
  bo_transfers none = {0, 0, 0};
  return bo_has_second(shape) ? bo_part_transfers(shape, tile, 1) : none;
}

/** Of OFM codes, from or to the map [r][c][m]. */
static inline bo_transfers bo_output_transfers(const bo_shape *shape, const bo_tile *tile) {
  return bo_join(tile->rows, tile->columns, tile->channels, tile->channels == shape->m,
                 tile->columns == shape->c);
}

/**
 * Of the scales of a tile's output channels, bo_scale [channels]: read before codes are made, with
 * the last visit of an output tile, once per run of equal m (bo_same_channels()). Elements are 4
 * bytes.
 */
static inline bo_transfers bo_scale_transfers(const bo_shape *shape, const bo_tile *tile) {
  const uint32_t one = bo_has_scales(shape) ? 1u : 0u;
  bo_transfers t = {one, one, one * tile->channels};
  return t;
}

/** Whether two tiles are of the same output channels: bias and scales stay. */
static inline int bo_same_channels(const bo_tile *a, const bo_tile *b) {
  return a->index[BO_M] == b->index[BO_M];
}

static inline uint32_t bo_weight_elements(const bo_shape *shape, const bo_tile *tile) {
  if (bo_is_kind(shape, BO_DEPTHWISE))
    return (uint32_t)shape->kernel_h * shape->kernel_w * tile->channels;
  return shape->kind == BO_CONV
             ? (uint32_t)shape->kernel_h * shape->kernel_w * tile->channels * tile->depth
             : 0u;
}

/** Offset (elements) of a weight tile: tiles lie in the order m, then n; each is [Tm][Kh][Kw][Tn].
 */
static inline uint32_t bo_weight_offset(const bo_shape *shape, const bo_tile *tile) {
  if (bo_is_kind(shape, BO_DEPTHWISE))
    return (uint32_t)shape->kernel_h * shape->kernel_w * tile->m0;
  return (uint32_t)shape->kernel_h * shape->kernel_w *
         ((uint32_t)tile->m0 * shape->n + (uint32_t)tile->channels * tile->n0);
}

/**
 * Size of a plane of partial sums: the outputs that are in flight at once. A dimension whose loop
 * lies outside the N loop is finished tile by tile, so only one tile of it is in flight.
 */
typedef struct {
  uint32_t rows, columns, channels;
} bo_plane;

static inline int bo_outside_n(const bo_design *design, uint8_t loop) {
  for (int i = 0; i < 4; i++) {
    if (design->order[i] == loop)
      return 1;
    if (design->order[i] == BO_N)
      return 0;
  }
  return 0;
}

static inline bo_plane bo_plane_make(const bo_shape *shape, const bo_design *design,
                                     const bo_nest *nest) {
  bo_plane plane = {0, 0, 0};
  if (bo_visits(design, nest) < 2u)
    return plane;
  if (shape->kind == BO_GLOBAL_AVG_POOL) {
    plane.rows = 1, plane.columns = 1;
  } else {
    plane.rows = bo_outside_n(design, BO_R) ? bo_min(design->tr, shape->r) : shape->r;
    plane.columns = bo_outside_n(design, BO_C) ? bo_min(design->tc, shape->c) : shape->c;
  }
  plane.channels = bo_outside_n(design, BO_M) ? bo_min(design->tm, shape->m) : shape->m;
  return plane;
}

/** Offset (elements) of a tile's first sum in a plane: 0 in a dimension that is in flight tile by
 * tile. */
static inline uint32_t bo_plane_offset(const bo_plane *plane, const bo_design *design,
                                       const bo_tile *tile) {
  const uint32_t r = bo_outside_n(design, BO_R) ? 0u : tile->r0;
  const uint32_t c = bo_outside_n(design, BO_C) ? 0u : tile->c0;
  const uint32_t m = bo_outside_n(design, BO_M) ? 0u : tile->m0;
  return (r * plane->columns + c) * plane->channels + m;
}

static inline uint32_t bo_plane_bytes(const bo_plane *plane) {
  return plane->rows * plane->columns * plane->channels * 4u;
}

/** Of 32-bit partial sums, from or to a plane [rows][columns][channels]; elements are int32. */
static inline bo_transfers bo_plane_transfers(const bo_plane *plane, const bo_tile *tile) {
  return bo_join(tile->rows, tile->columns, tile->channels, tile->channels == plane->channels,
                 tile->columns == plane->columns);
}

/** Kernel calls of one tile and their length, by MAC span; a span falls back where it is not
 * contiguous. */
typedef struct {
  uint32_t calls;
  uint32_t length;
  uint8_t span;
} bo_macs;

static inline bo_macs bo_tile_macs(const bo_shape *shape, const bo_design *design,
                                   const bo_tile *tile) {
  bo_macs macs;
  const uint32_t outputs = (uint32_t)tile->rows * tile->columns * tile->channels;
  if (bo_is_kind(shape, BO_DEPTHWISE)) {
    /* A channel's elements lie apart in the input tile: a call spans one row of the kernel. */
    macs.span = BO_SPAN_ROW;
    macs.calls = outputs * shape->kernel_h;
    macs.length = shape->kernel_w;
    return macs;
  }
  macs.span = design->span;
  if (macs.span == BO_SPAN_WINDOW && tile->window_w != shape->kernel_w)
    macs.span = BO_SPAN_ROW;
  macs.calls = outputs;
  macs.length = tile->depth;
  if (macs.span == BO_SPAN_CHANNEL)
    macs.calls *= (uint32_t)shape->kernel_h * shape->kernel_w;
  else if (macs.span == BO_SPAN_ROW)
    macs.calls *= shape->kernel_h, macs.length *= shape->kernel_w;
  else
    macs.length *= (uint32_t)shape->kernel_h * shape->kernel_w;
  return macs;
}

/** Sum, over `count` windows from the coordinate `at`, of their elements inside [0, size). */
static inline uint32_t bo_covered(int32_t at, uint32_t count, uint32_t stride, uint32_t kernel,
                                  uint32_t size) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count; i++, at += (int32_t)stride) {
    const int32_t low = at < 0 ? 0 : at;
    const int32_t high =
        at + (int32_t)kernel < (int32_t)size ? at + (int32_t)kernel : (int32_t)size;
    sum += high > low ? (uint32_t)(high - low) : 0u;
  }
  return sum;
}

/** Elements that a tile takes into its outputs one by one: of pools, add and concat. */
static inline uint32_t bo_pooled(const bo_shape *shape, const bo_tile *tile) {
  const uint32_t outputs = (uint32_t)tile->rows * tile->columns * tile->channels;
  switch (shape->kind) {
  case BO_GLOBAL_AVG_POOL:
    return (uint32_t)tile->window_h * tile->window_w * tile->depth;
  case BO_MAX_POOL:
  case BO_AVG_POOL:
    return tile->channels *
           bo_covered(tile->y0, tile->rows, shape->stride_h, shape->kernel_h, shape->h) *
           bo_covered(tile->x0, tile->columns, shape->stride_w, shape->kernel_w, shape->w);
  case BO_ADD:
    return 2u * outputs;
  case BO_CONCAT:
    return outputs;
  default:
    return 0;
  }
}

/** Whether any window reaches into the padding. */
static inline int bo_is_padded(const bo_shape *shape) {
  return shape->pad_top != 0u || shape->pad_left != 0u ||
         (shape->r - 1u) * shape->stride_h + shape->kernel_h > shape->h ||
         (shape->c - 1u) * shape->stride_w + shape->kernel_w > shape->w;
}

/** Outputs whose sum is divided by the number of elements that it is of: of a padded average pool.
 */
static inline uint32_t bo_divided(const bo_shape *shape, const bo_tile *tile) {
  return bo_is_kind(shape, BO_AVG_POOL) && bo_is_padded(shape)
             ? (uint32_t)tile->rows * tile->columns * tile->channels
             : 0u;
}

static inline uint32_t bo_align4(uint32_t bytes) { return (bytes + 3u) & ~(uint32_t)3u; }

/** Bytes in VM from the sums of one output tile to those of the next: a full tile's 32-bit sums. */
static inline uint32_t bo_vm_block_bytes(const bo_shape *shape, const bo_design *design) {
  const uint32_t tm = bo_min(design->tm, shape->m);
  if (shape->kind == BO_GLOBAL_AVG_POOL)
    return 4u * tm;
  return 4u * tm * bo_min(design->tr, shape->r) * bo_min(design->tc, shape->c);
}

/** VM buffers of a design, for full tiles: the one allocator of VM. */
static inline bo_vm_layout bo_vm_plan(const bo_shape *shape, const bo_design *design,
                                      const bo_nest *nest) {
  bo_vm_layout vm;
  const uint32_t tm = bo_min(design->tm, shape->m);
  const uint32_t sums = bo_output_tiles(design, bo_min(design->s, nest->sweep));
  uint32_t input, weights;
  if (shape->kind == BO_GLOBAL_AVG_POOL) {
    input = (uint32_t)bo_min(design->tr, shape->h) * bo_min(design->tc, shape->w) * tm;
    weights = 0;
  } else {
    const uint32_t tr = bo_min(design->tr, shape->r), tc = bo_min(design->tc, shape->c);
    const uint32_t tn = bo_min(design->tn, shape->n);
    input = ((tr - 1u) * shape->stride_h + shape->kernel_h) *
            ((tc - 1u) * shape->stride_w + shape->kernel_w) * tn;
    weights = (uint32_t)shape->kernel_h * shape->kernel_w * tm * tn;
    if (bo_is_channelwise(shape)) {
      input = input / tn * tm * (bo_is_kind(shape, BO_ADD) ? 2u : 1u);
      weights = bo_is_kind(shape, BO_DEPTHWISE) ? weights / tn : 0u;
    }
  }
  const uint32_t code = bo_element_bytes(shape);
  vm.input = 0;
  vm.weights = bo_align4(input * code);
  vm.bias = vm.weights + bo_align4(weights * code);
  vm.scales = vm.bias + (shape->has_bias ? tm * 4u : 0u);
  vm.sums = vm.scales + (bo_has_scales(shape) ? tm * BO_SCALE_BYTES : 0u);
  vm.total_bytes = vm.sums + sums * bo_vm_block_bytes(shape, design);
  return vm;
}

/**
 * Schemes hawaii and stateful send a tile's outputs, in the order [row][column][channel], in groups
 * of B; the last group of a tile may be smaller. A group is sent in runs that lie side by side.
 */
static inline uint32_t bo_tile_outputs(const bo_tile *tile) {
  return (uint32_t)tile->rows * tile->columns * tile->channels;
}

/** Outputs of a tile that lie side by side in a map or plane [..][columns][channels] and in VM. */
static inline uint32_t bo_run(const bo_tile *tile, uint32_t columns, uint32_t channels) {
  uint32_t run = tile->channels;
  if (tile->channels == channels) {
    run *= tile->columns;
    if (tile->columns == columns)
      run *= tile->rows;
  }
  return run;
}

/** Of codes in the OFM. */
static inline uint32_t bo_output_run(const bo_shape *shape, const bo_tile *tile) {
  return bo_run(tile, shape->c, shape->m);
}

/** Of partial sums in a plane. */
static inline uint32_t bo_plane_run(const bo_plane *plane, const bo_tile *tile) {
  return bo_run(tile, plane->columns, plane->channels);
}

/** Groups of a tile: of hawaii as many marks, but for the last group of a layer. */
static inline uint32_t bo_groups(uint32_t outputs, uint32_t b) { return bo_ceil_div(outputs, b); }

/** Transfers of a tile that is sent in groups of `b`: one ends with each run and with each group.
 */
static inline uint32_t bo_group_transfers(uint32_t outputs, uint32_t run, uint32_t b) {
  const uint32_t inside = outputs - 1u;
  uint32_t divisor = run, rest = b;
  while (rest != 0u) {
    const uint32_t next = divisor % rest;
    divisor = rest;
    rest = next;
  }
  return 1u + inside / run + inside / b - inside / (run / divisor) / b;
}

/** Output tiles of a layer, each counted once per visit, in the order in which they are sent. */
static inline uint32_t bo_tiles_sent(const bo_design *design, const bo_nest *nest) {
  return bo_reduces_in_batch(design) ? nest->batches : nest->outer * nest->sweep;
}

/** Where the walk stands: outputs before `output` of tile `tile` of batch `batch` are in NVM. */
typedef struct {
  uint32_t batch;
  uint32_t tile;   /**< of the batch; 0 where a batch has one output tile */
  uint32_t output; /**< of the tile */
} bo_place;

/** The beginning of the `index`-th output tile that is sent. */
static inline bo_place bo_place_of_tile(const bo_design *design, const bo_nest *nest,
                                        uint32_t index) {
  bo_place place = {index, 0, 0};
  if (!bo_reduces_in_batch(design)) {
    const uint32_t step = index % nest->sweep;
    place.batch = index / nest->sweep * nest->chunks + step / design->s;
    place.tile = step % design->s;
  }
  return place;
}

/** Size of a loop's dimension in outputs, and of its tiles; of N: visits, one by one. */
typedef struct {
  uint32_t size, step;
} bo_extent;

static inline bo_extent bo_extent_of(const bo_shape *shape, const bo_design *design,
                                     const bo_nest *nest, uint8_t loop) {
  bo_extent e = {1, 1};
  const int is_pool = shape->kind == BO_GLOBAL_AVG_POOL;
  if (loop == BO_N)
    e.size = bo_visits(design, nest);
  else if (loop == BO_M)
    e.size = shape->m, e.step = bo_min(design->tm, shape->m);
  else if (loop == BO_R && !is_pool)
    e.size = shape->r, e.step = bo_min(design->tr, shape->r);
  else if (loop == BO_C && !is_pool)
    e.size = shape->c, e.step = bo_min(design->tc, shape->c);
  return e;
}

/** Outputs that a layer sends, counted once per visit: it sends partial sums, too. */
static inline uint32_t bo_outputs_sent(const bo_shape *shape, const bo_design *design,
                                       const bo_nest *nest) {
  uint32_t outputs = 1;
  for (uint8_t loop = 0; loop < 4u; loop++)
    outputs *= bo_extent_of(shape, design, nest, loop).size;
  return outputs;
}

/** Where the walk stands when `sent` outputs, fewer than the layer's, are in NVM. */
static inline bo_place bo_place_of(const bo_shape *shape, const bo_design *design,
                                   const bo_nest *nest, uint32_t sent) {
  uint32_t inner = bo_outputs_sent(shape, design, nest);
  uint32_t outer = 1, index = 0, rest = sent;
  for (int i = 0; i < 4; i++) {
    const bo_extent e = bo_extent_of(shape, design, nest, design->order[i]);
    const uint32_t trips = bo_ceil_div(e.size, e.step);
    inner /= e.size;
    const uint32_t each = outer * e.step * inner;
    const uint32_t at = rest / each < trips - 1u ? rest / each : trips - 1u;
    rest -= at * each;
    outer *= bo_min(e.step, e.size - at * e.step);
    index = index * trips + at;
  }
  bo_place place = bo_place_of_tile(design, nest, index);
  place.output = rest;
  return place;
}

/** Most reads by which a boot of scheme stateful finds its place among `tiles` and `groups`. */
static inline uint32_t bo_probes_most(uint32_t tiles, uint32_t groups) {
  uint32_t probes = 0;
  for (; tiles != 0u; tiles /= 2u)
    probes++;
  for (uint32_t left = groups - 1u; left != 0u; left /= 2u)
    probes++;
  return probes;
}

/**
 * The outputs from `from` on, up to `to`, that make a tile, too: a part of a pixel, of a row, or
 * whole rows. Returns how many they are; `window_h` and `window_w` stay the whole tile's.
 */
static inline uint32_t bo_tile_part(const bo_shape *shape, const bo_tile *tile, uint32_t from,
                                    uint32_t to, bo_tile *part) {
  const uint32_t row = (uint32_t)tile->columns * tile->channels;
  const uint32_t r = from / row, c = from % row / tile->channels, m = from % tile->channels;
  const uint32_t left = to - from;
  *part = *tile;
  part->rows = 1, part->columns = 1;
  if (m != 0u || left < tile->channels) {
    part->channels = bo_min(left, tile->channels - m);
  } else if (c != 0u || left < row) {
    part->columns = bo_min(left / tile->channels, tile->columns - c);
  } else {
    part->columns = tile->columns;
    part->rows = (uint16_t)(left / row);
  }
  part->r0 = (uint16_t)(tile->r0 + r);
  part->c0 = (uint16_t)(tile->c0 + c);
  part->m0 = (uint16_t)(tile->m0 + m);
  part->y0 += (int32_t)(r * shape->stride_h);
  part->x0 += (int32_t)(c * shape->stride_w);
  return bo_tile_outputs(part);
}

#endif
