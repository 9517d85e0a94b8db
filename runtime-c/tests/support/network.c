#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc.h"
#include "nest.h"

static uint32_t below(uint32_t *random, uint32_t limit) {
  return (bo_host_random(random) >> 8) % limit;
}

static uint16_t from_to(uint32_t *random, uint32_t low, uint32_t high) {
  return (uint16_t)(low + below(random, high - low + 1u));
}

static void *room(size_t bytes) {
  void *made = calloc(1, bytes == 0u ? 1u : bytes);
  if (made == NULL)
    exit(70);
  return made;
}

static uint16_t min16(uint32_t a, uint32_t b) { return (uint16_t)(a < b ? a : b); }

/** A window of a kernel up to 4 x 4; its padding is at most `most` short of the kernel. */
static void draw_window(uint32_t *random, bo_shape *shape, uint32_t most) {
  shape->kernel_h = from_to(random, 1, min16(shape->h, 4));
  shape->kernel_w = from_to(random, 1, min16(shape->w, 4));
  shape->stride_h = (uint8_t)from_to(random, 1, 3);
  shape->stride_w = (uint8_t)from_to(random, 1, 3);
  shape->pad_top = (uint8_t)below(random, shape->kernel_h + most);
  shape->pad_left = (uint8_t)below(random, shape->kernel_w + most);
  const uint32_t high = shape->h + shape->pad_top + below(random, shape->kernel_h + most);
  const uint32_t wide = shape->w + shape->pad_left + below(random, shape->kernel_w + most);
  shape->r = (uint16_t)((high - shape->kernel_h) / shape->stride_h + 1u);
  shape->c = (uint16_t)((wide - shape->kernel_w) / shape->stride_w + 1u);
}

/** Sizes of a map that a layer may read: that of layer `index`, or the network's input at -1. */
static void map_size(const network *net, int index, uint32_t size[3]) {
  const bo_shape *s = &net->layers[index < 0 ? 0 : index].shape;
  size[0] = index < 0 ? s->h : s->r;
  size[1] = index < 0 ? s->w : s->c;
  size[2] = index < 0 ? s->n : s->m;
}

/** One of the kinds whose output channels read input channels of their own. */
static void draw_channelwise(uint32_t *random, network *net, uint32_t layer, uint32_t only) {
  bo_shape *shape = &net->layers[layer].shape;
  shape->kind = (uint8_t)(BO_DEPTHWISE + below(random, 5));
  if (only != 0u)
    shape->kind = (uint8_t)(only - 1u);
  shape->m = shape->n;
  if (!bo_has_second(shape)) {
    shape->has_bias = (uint8_t)(shape->kind == BO_DEPTHWISE && below(random, 2) != 0u);
    draw_window(random, shape, shape->kind == BO_DEPTHWISE ? 1u : 0u);
    return;
  }
  shape->kernel_h = shape->kernel_w = 1;
  shape->r = shape->h, shape->c = shape->w;
  /* The map before always fits; an earlier one is taken in its place where it fits, too. */
  uint32_t size[3];
  net->second[layer] = (int)layer - 1;
  for (int at = -1; at < (int)layer; at++) {
    if (at < 0 && layer == 0u)
      continue;
    map_size(net, at, size);
    const int fits = size[0] == shape->h && size[1] == shape->w &&
                     (shape->kind == BO_CONCAT || size[2] == shape->n);
    if (fits && below(random, 2) == 0u) {
      net->second[layer] = at;
      break;
    }
  }
  if (shape->kind == BO_CONCAT) {
    if (layer == 0u)
      size[2] = shape->n;
    else
      map_size(net, net->second[layer], size);
    shape->m = (uint16_t)(shape->n + size[2]);
  }
}

/** Draws the layer that follows a map of h x w x n; the last one ends in 1 x 1. `only`: 1 + its
 * kind, or 0. */
static void draw_shape(uint32_t *random, network *net, uint32_t layer, uint16_t h, uint16_t w,
                       uint16_t n, uint32_t max_channels, int last, uint32_t only) {
  bo_shape *shape = &net->layers[layer].shape;
  memset(shape, 0, sizeof *shape);
  shape->h = h, shape->w = w, shape->n = n;
  shape->stride_h = shape->stride_w = 1;
  net->second[layer] = -2;
  const int channelwise = only == 0u ? !last && below(random, 2) == 0u : only > BO_DEPTHWISE;
  if (channelwise) {
    draw_channelwise(random, net, layer, only);
    return;
  }
  uint32_t kind = below(random, 8);
  if (only != 0u)
    kind = only == BO_GLOBAL_AVG_POOL + 1u ? 0u : 1u + kind % 7u;
  if (kind == 0u && (uint32_t)h * w > 1u) {
    shape->kind = BO_GLOBAL_AVG_POOL;
    shape->r = shape->c = 1, shape->m = n;
    shape->kernel_h = h, shape->kernel_w = w;
    return;
  }
  shape->kind = BO_CONV;
  shape->has_bias = (uint8_t)below(random, 2);
  shape->m = from_to(random, 1, max_channels);
  if (last || kind == 1u) {
    shape->kernel_h = h, shape->kernel_w = w;
    shape->r = shape->c = 1;
    return;
  }
  if (kind < 4u) {
    /* Keeps the map's size, so that a later add or concat may read both. */
    const uint32_t around = h >= 3u && w >= 3u ? below(random, 2) : 0u;
    shape->kernel_h = shape->kernel_w = (uint16_t)(1u + 2u * around);
    shape->pad_top = shape->pad_left = (uint8_t)around;
    shape->r = h, shape->c = w, shape->m = n;
    return;
  }
  /* Also paddings as large as the kernel, so that whole windows lie outside. */
  draw_window(random, shape, 1);
}

static uint16_t tile(uint32_t *random, uint32_t size) {
  return below(random, 3) == 0u ? (uint16_t)size : from_to(random, 1, size);
}

static void draw_design(uint32_t *random, const bo_shape *shape, bo_design *design,
                        const network_limits *limits) {
  const uint32_t max_batches = limits->max_batches;
  const int once = limits->scheme == BO_SCHEME_STATEFUL;
  const int is_pool = shape->kind == BO_GLOBAL_AVG_POOL;
  bo_nest nest;
  do {
    memset(design, 0, sizeof *design);
    design->tr = tile(random, is_pool ? shape->h : shape->r);
    design->tc = tile(random, is_pool ? shape->w : shape->c);
    design->tm = tile(random, shape->m);
    design->tn = is_pool || bo_is_channelwise(shape) ? 1 : tile(random, shape->n);
    design->span = (uint8_t)below(random, 3);
    for (uint8_t i = 0; i < 4u; i++) {
      const uint8_t at = (uint8_t)below(random, i + 1u);
      design->order[i] = design->order[at];
      design->order[at] = i;
    }
    design->s = 1;
    nest = bo_nest_make(shape, design);
    design->s = tile(random, min16(nest.sweep + 1u, 60000));
    design->scheme = limits->scheme;
    if (limits->scheme == BO_SCHEME_HAWAII || once)
      design->b = from_to(random, 1, 1u + below(random, 24));
    nest = bo_nest_make(shape, design);
  } while (nest.batches > max_batches || (once && bo_visits(design, &nest) != 1u) ||
           bo_vm_plan(shape, design, &nest).total_bytes > BO_HOST_VM_BYTES);
}

/** Of a layer with weights: multipliers and shifts of its own for each output channel, or none. */
static void draw_scales(uint32_t *random, network *net, uint32_t layer) {
  bo_layer *at = &net->layers[layer];
  if (at->shape.kind != BO_CONV && at->shape.kind != BO_DEPTHWISE)
    return;
  if (below(random, 2) == 0u)
    return;
  at->shape.per_channel = 1;
  net->scales[layer] = room(at->shape.m * sizeof(bo_scale));
  for (uint32_t m = 0; m < at->shape.m; m++) {
    bo_scale *scale = &net->scales[layer][m];
    scale->multiplier = (int16_t)(16384u + below(random, 16384));
    scale->shift = (uint8_t)(at->requantisation.shift - 2u + below(random, 5));
  }
}

static void draw_codes(uint32_t *random, network *net, uint32_t layer) {
  bo_layer *at = &net->layers[layer];
  const bo_shape *shape = &at->shape;
  const int is_int8 = net->model.element_bytes == 1u;
  const int is_pool = shape->kind == BO_GLOBAL_AVG_POOL || shape->kind == BO_AVG_POOL;
  const uint32_t window =
      (uint32_t)shape->kernel_h * shape->kernel_w * (shape->kind == BO_CONV ? shape->n : 1u);
  at->requantisation.multiplier = (int16_t)(16384u + below(random, 16384));
  at->requantisation.minimum = (int16_t)(below(random, 2) == 0u ? 0
                                         : is_int8              ? INT8_MIN
                                                                : INT16_MIN);
  at->requantisation.maximum = is_int8 ? INT8_MAX : INT16_MAX;
  if (net->model.scheme == BO_SCHEME_STATEFUL) {
    /* A bit of each code is for its state. */
    at->requantisation.minimum = (int16_t)(at->requantisation.minimum / 2);
    at->requantisation.maximum = (int16_t)(at->requantisation.maximum / 2);
  }
  if (is_pool) {
    uint8_t bits = 0;
    while ((1u << bits) < window)
      bits++;
    at->requantisation.shift = (uint8_t)(17u + (bits > 2u ? bits - 2u : 0u));
    return;
  }
  if (shape->kind == BO_MAX_POOL) {
    at->requantisation.shift = (uint8_t)from_to(random, 27, 30);
    return;
  }
  if (bo_has_second(shape)) {
    at->requantisation.shift = (uint8_t)from_to(random, 28, 32);
    at->multipliers[0] = (int16_t)from_to(random, 1, 32767);
    at->multipliers[1] = (int16_t)from_to(random, 1, 32767);
    return;
  }
  at->requantisation.shift = (uint8_t)from_to(random, is_int8 ? 20 : 24, is_int8 ? 24 : 29);
  /* window * amplitude * 2^15 + bias stays below 2^31. */
  const uint32_t amplitude = is_int8                ? 127u
                             : 65000u / window < 1u ? 1u
                                                    : min16(65000u / window, 32767);
  const int32_t bias = is_int8 ? 1 << 13 : 1 << 23;
  const uint32_t weights = window * shape->m;
  net->weights[layer] = room(2u * (size_t)weights);
  for (uint32_t i = 0; i < weights; i++) {
    net->weights[layer][i] =
        (int16_t)((int32_t)below(random, 2u * amplitude + 1u) - (int32_t)amplitude);
  }
  if (!shape->has_bias)
    return;
  net->biases[layer] = room(4u * (size_t)shape->m);
  for (uint32_t i = 0; i < shape->m; i++) {
    net->biases[layer][i] = (int32_t)below(random, 2u * (uint32_t)bias) - bias;
  }
}

static uint32_t elements(const bo_shape *shape) { return (uint32_t)shape->r * shape->c * shape->m; }

static uint32_t align4(uint32_t bytes) { return (bytes + 3u) & ~(uint32_t)3u; }

/** Addresses: constants behind the header; then maps, some sharing bytes in turns; then planes. */
static void lay_out(uint32_t *random, network *net) {
  bo_model *model = &net->model;
  int share = below(random, 2) == 0u;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    if (net->second[i] >= -1)
      share = 0;
  }
  const uint32_t code = model->element_bytes;
  uint32_t at = bo_header_address(model->outputs, code);
  model->header = at;
  at += BO_HEADER_BYTES;
  uint32_t largest = code * model->inputs;
  uint32_t plane = 0;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    bo_layer *layer = &net->layers[i];
    const bo_nest nest = bo_nest_make(&layer->shape, &layer->design);
    const bo_plane needed = bo_plane_make(&layer->shape, &layer->design, &nest);
    const uint32_t window = (uint32_t)layer->shape.kernel_h * layer->shape.kernel_w;
    layer->vm = bo_vm_plan(&layer->shape, &layer->design, &nest);
    if (layer->vm.total_bytes > model->vm_bytes)
      model->vm_bytes = layer->vm.total_bytes;
    if (bo_plane_bytes(&needed) > plane)
      plane = bo_plane_bytes(&needed);
    if (code * elements(&layer->shape) > largest)
      largest = code * elements(&layer->shape);
    const int depthwise = layer->shape.kind == BO_DEPTHWISE;
    if (layer->shape.kind == BO_CONV || depthwise) {
      layer->weights = at;
      at += align4(code * window * layer->shape.m * (depthwise ? 1u : layer->shape.n));
    }
    if (layer->shape.has_bias) {
      layer->bias = at;
      at += 4u * layer->shape.m;
    }
    if (layer->shape.per_channel) {
      layer->scales = at;
      at += BO_SCALE_BYTES * layer->shape.m;
    }
  }
  if (bo_result_stride(model->outputs, code) > model->vm_bytes) {
    model->vm_bytes = bo_result_stride(model->outputs, code);
  }
  net->image_bytes = at;
  model->constants_bytes = at - model->header - BO_HEADER_BYTES;
  largest = align4(largest);
  /* Maps that share bytes begin apart, so that cells of one are partly those of another. */
  const int shifted = share && model->scheme == BO_SCHEME_STATEFUL;
  const uint32_t slot = shifted ? 2u * largest : largest;
  model->input = at + (shifted ? 4u * below(random, largest / 4u + 1u) : 0u);
  const uint32_t slots[2] = {at, at + slot};
  at += slot;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    net->layers[i].input = i == 0u ? model->input : net->layers[i - 1u].output;
    if (shifted) {
      net->layers[i].output = slots[i % 2u == 0u] + 4u * below(random, largest / 4u + 1u);
      at = slots[1] + slot;
    } else if (share && i > 0u) {
      net->layers[i].output = i % 2u == 0u ? net->layers[0].output : model->input;
    } else {
      net->layers[i].output = at;
      at += largest;
    }
    if (net->second[i] >= -1)
      net->layers[i].second =
          net->second[i] < 0 ? model->input : net->layers[net->second[i]].output;
  }
  model->planes[0] = at;
  model->planes[1] = at + plane;
  model->nvm_bytes = at + 2u * plane;
}

/** [M][Kh][Kw][N] into tiles in the order m, n, each [Tm][Kh][Kw][Tn]: written from the words
 * alone. */
static void pack_weights(const network *net, uint32_t layer, uint8_t *to) {
  const bo_shape *shape = &net->layers[layer].shape;
  const bo_design *design = &net->layers[layer].design;
  const uint32_t window = (uint32_t)shape->kernel_h * shape->kernel_w;
  const uint32_t depth = shape->kind == BO_DEPTHWISE ? 1u : shape->n;
  for (uint32_t m0 = 0; m0 < shape->m; m0 += design->tm) {
    for (uint32_t n0 = 0; n0 < depth; n0 += design->tn) {
      for (uint32_t m = m0; m < m0 + design->tm && m < shape->m; m++) {
        for (uint32_t k = 0; k < window; k++) {
          for (uint32_t n = n0; n < n0 + design->tn && n < depth; n++) {
            /* Little-endian: the low byte of a small code is the code. */
            memcpy(to, &net->weights[layer][(m * window + k) * depth + n],
                   net->model.element_bytes);
            to += net->model.element_bytes;
          }
        }
      }
    }
  }
}

static void make_image(network *net) {
  bo_model *model = &net->model;
  bo_header header = {0};
  net->image = room(net->image_bytes);
  memset(net->image, 0xff, model->header);
  for (uint32_t i = 0; i < model->layer_count; i++) {
    const bo_layer *layer = &net->layers[i];
    if (layer->shape.kind == BO_CONV || layer->shape.kind == BO_DEPTHWISE)
      pack_weights(net, i, net->image + layer->weights);
    if (layer->shape.has_bias) {
      memcpy(net->image + layer->bias, net->biases[i], 4u * (size_t)layer->shape.m);
    }
    if (layer->shape.per_channel)
      memcpy(net->image + layer->scales, net->scales[i], BO_SCALE_BYTES * (size_t)layer->shape.m);
  }
  uint32_t crc = BO_CRC32_START;
  for (uint32_t i = 0; i < model->constants_bytes; i++) {
    crc = bo_crc32(crc, net->image + model->header + BO_HEADER_BYTES + i, 1);
  }
  model->image_id = (uint16_t)(crc ^ crc >> 16);
  header.magic = BO_MAGIC;
  header.version = BO_FORMAT_VERSION;
  header.image_id = model->image_id;
  header.constants_bytes = model->constants_bytes;
  header.constants_crc = crc;
  header.header_crc = bo_crc32(BO_CRC32_START, &header, BO_HEADER_BYTES - 4u);
  memcpy(net->image + model->header, &header, BO_HEADER_BYTES);
}

static int16_t naive_code(const network *net, uint32_t layer, int32_t m, int64_t sum) {
  const bo_requantisation *by = &net->layers[layer].requantisation;
  const bo_scale *scales = net->scales[layer];
  const int16_t multiplier = scales == NULL ? by->multiplier : scales[m].multiplier;
  const uint8_t shift = scales == NULL ? by->shift : scales[m].shift;
  const int64_t scaled = sum * multiplier + ((int64_t)1 << (shift - 1));
  const int64_t unit = (int64_t)1 << shift;
  int64_t code = scaled / unit;
  if (scaled % unit < 0)
    code--;
  if (code < by->minimum)
    return by->minimum;
  return (int16_t)(code > by->maximum ? by->maximum : code);
}

static int64_t floor_of(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/** The channelwise kinds, from ROUNDING.md alone. `in` and `two` are the maps that are read. */
static int64_t naive_sum(const network *net, uint32_t layer, const int16_t *in, const int16_t *two,
                         int32_t r, int32_t c, int32_t m) {
  const bo_layer *l = &net->layers[layer];
  const bo_shape *s = &l->shape;
  const int32_t at = r * s->w + c;
  if (s->kind == BO_ADD)
    return (int64_t)in[at * s->n + m] * l->multipliers[0] +
           (int64_t)two[at * s->n + m] * l->multipliers[1];
  if (s->kind == BO_CONCAT && m < s->n)
    return (int64_t)in[at * s->n + m] * l->multipliers[0];
  if (s->kind == BO_CONCAT)
    return (int64_t)two[at * (s->m - s->n) + m - s->n] * l->multipliers[1];
  int64_t sum = s->has_bias ? net->biases[layer][m] : 0, largest = INT16_MIN, count = 0;
  for (int32_t i = 0; i < s->kernel_h; i++) {
    for (int32_t j = 0; j < s->kernel_w; j++) {
      const int32_t y = r * s->stride_h - s->pad_top + i;
      const int32_t x = c * s->stride_w - s->pad_left + j;
      if (y < 0 || y >= s->h || x < 0 || x >= s->w)
        continue;
      const int64_t code = in[(y * s->w + x) * s->n + m];
      if (code > largest)
        largest = code;
      sum += s->kind == BO_DEPTHWISE
                 ? code * net->weights[layer][(m * s->kernel_h + i) * s->kernel_w + j]
                 : code;
      count++;
    }
  }
  if (s->kind == BO_MAX_POOL)
    return largest * 16384;
  if (s->kind == BO_AVG_POOL)
    return floor_of(2 * sum * s->kernel_h * s->kernel_w + count, 2 * count);
  return sum;
}

static void naive_layer(const network *net, uint32_t layer, const int16_t *in, const int16_t *two,
                        int16_t *out) {
  const bo_shape *s = &net->layers[layer].shape;
  for (int32_t r = 0; r < s->r; r++) {
    for (int32_t c = 0; c < s->c; c++) {
      for (int32_t m = 0; m < s->m; m++) {
        if (bo_is_channelwise(s)) {
          *out++ = naive_code(net, layer, m, naive_sum(net, layer, in, two, r, c, m));
          continue;
        }
        int64_t sum = s->has_bias ? net->biases[layer][m] : 0;
        for (int32_t i = 0; i < s->kernel_h; i++) {
          for (int32_t j = 0; j < s->kernel_w; j++) {
            const int32_t y = r * s->stride_h - s->pad_top + i;
            const int32_t x = c * s->stride_w - s->pad_left + j;
            if (y < 0 || y >= s->h || x < 0 || x >= s->w)
              continue;
            const int16_t *pixel = in + (y * s->w + x) * s->n;
            if (s->kind == BO_GLOBAL_AVG_POOL) {
              sum += pixel[m];
              continue;
            }
            const int16_t *weights =
                net->weights[layer] + ((m * s->kernel_h + i) * s->kernel_w + j) * s->n;
            for (int32_t n = 0; n < s->n; n++)
              sum += (int64_t)pixel[n] * weights[n];
          }
        }
        *out++ = naive_code(net, layer, m, sum);
      }
    }
  }
}

/** `count` codes as the network's maps hold them; little-endian, so the low bytes. */
static void put_codes(const network *net, uint8_t *to, const int16_t *codes, uint32_t count) {
  const uint32_t bytes = net->model.element_bytes;
  for (uint32_t i = 0; i < count; i++)
    memcpy(to + (size_t)i * bytes, &codes[i], bytes);
}

static void infer_naively(uint32_t *random, network *net) {
  const bo_model *model = &net->model;
  const int32_t largest =
      (model->element_bytes == 1u ? INT8_MAX : INT16_MAX) >> (model->scheme == BO_SCHEME_STATEFUL);
  for (uint32_t v = 0; v < net->count; v++) {
    int16_t *maps[NETWORK_LAYERS + 1u];
    maps[0] = room(2u * (size_t)model->inputs);
    for (uint32_t i = 0; i < model->inputs; i++)
      maps[0][i] = (int16_t)((int32_t)below(random, 2u * (uint32_t)largest + 1u) - largest);
    put_codes(net, net->inputs + (size_t)v * model->inputs * model->element_bytes, maps[0],
              model->inputs);
    for (uint32_t i = 0; i < model->layer_count; i++) {
      maps[i + 1u] = room(2u * (size_t)elements(&net->layers[i].shape));
      naive_layer(net, i, maps[i], net->second[i] >= -1 ? maps[net->second[i] + 1] : NULL,
                  maps[i + 1u]);
    }
    put_codes(net, net->expected + (size_t)v * bo_output_bytes(model), maps[model->layer_count],
              model->outputs);
    for (uint32_t i = 0; i <= model->layer_count; i++)
      free(maps[i]);
  }
}

network *network_make(uint32_t seed, const network_limits *limits) {
  uint32_t random = bo_host_seed(seed, 77);
  /* Apart, so that both element sizes and ways of scaling meet the same shapes and designs. */
  uint32_t kind = bo_host_seed(seed, 78);
  network *net = room(sizeof *net);
  net->model.element_bytes = (uint8_t)(1u + below(&kind, 2));
  if (limits->element_bytes != 0u)
    net->model.element_bytes = limits->element_bytes;
  net->model.scheme = limits->scheme;
  const int flat = below(&random, 3) == 0u;
  uint16_t h = from_to(&random, 1, limits->max_side);
  uint16_t w = flat ? 1 : from_to(&random, 1, limits->max_side);
  uint16_t n = from_to(&random, 1, limits->max_channels);
  net->model.layers = net->layers;
  net->model.layer_count = (uint16_t)limits->layers;
  net->model.inputs = (uint16_t)(h * w * n);
  for (uint32_t i = 0; i < limits->layers; i++) {
    bo_layer *layer = &net->layers[i];
    const int last = limits->layers > 1u && i + 1u == limits->layers;
    const uint32_t only = i == limits->kind_at ? limits->kind : 0u;
    draw_shape(&random, net, i, h, w, n, limits->max_channels, last && only == 0u, only);
    layer->shape.element_bytes = net->model.element_bytes;
    draw_design(&random, &layer->shape, &layer->design, limits);
    draw_codes(&random, net, i);
    draw_scales(&kind, net, i);
    h = layer->shape.r, w = layer->shape.c, n = layer->shape.m;
  }
  net->model.outputs = (uint16_t)(h * w * n);
  lay_out(&random, net);
  make_image(net);
  net->count = limits->vectors;
  net->inputs = room((size_t)net->model.element_bytes * net->model.inputs * net->count);
  net->expected = room((size_t)bo_output_bytes(&net->model) * net->count);
  infer_naively(&random, net);
  net->subject = (bo_subject){.model = &net->model,
                              .image = net->image,
                              .image_bytes = net->image_bytes,
                              .inputs = net->inputs,
                              .expected = net->expected,
                              .count = net->count,
                              .provision = 0};
  return net;
}

void network_free(network *net) {
  for (uint32_t i = 0; i < NETWORK_LAYERS; i++) {
    free(net->weights[i]);
    free(net->biases[i]);
    free(net->scales[i]);
  }
  free(net->image);
  free(net->inputs);
  free(net->expected);
  free(net);
}

const char *network_text(const network *net) {
  static const char *const kinds[] = {"conv", "mean", "depthwise", "max", "avg", "add", "concat"};
  static char text[1200];
  size_t used = 0;
  for (uint32_t i = 0; i < net->model.layer_count && used < sizeof text; i++) {
    const bo_shape *s = &net->layers[i].shape;
    const bo_design *d = &net->layers[i].design;
    const bo_nest nest = bo_nest_make(s, d);
    used +=
        (size_t)snprintf(text + used, sizeof text - used,
                         "[%s%u%s %ux%ux%u -> %ux%ux%u k%ux%u s%u,%u p%u,%u b%u | T %u,%u,%u,%u "
                         "%c%c%c%c span%u S%u B%u "
                         "batches %u]",
                         kinds[s->kind], 8u * s->element_bytes, s->per_channel ? "c" : "", s->h,
                         s->w, s->n, s->r, s->c, s->m, s->kernel_h, s->kernel_w, s->stride_h,
                         s->stride_w, s->pad_top, s->pad_left, s->has_bias, d->tr, d->tc, d->tm,
                         d->tn, "RCMN"[d->order[0]], "RCMN"[d->order[1]], "RCMN"[d->order[2]],
                         "RCMN"[d->order[3]], d -> span, d -> s, d -> b, (unsigned)nest.batches);
  }
  return text;
}
