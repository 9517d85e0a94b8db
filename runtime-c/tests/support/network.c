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

/** Draws the layer that follows a map of h x w x n; the last one ends in 1 x 1. */
static void draw_shape(uint32_t *random, bo_shape *shape, uint16_t h, uint16_t w, uint16_t n,
                       uint32_t max_channels, int last) {
  memset(shape, 0, sizeof *shape);
  shape->h = h, shape->w = w, shape->n = n;
  shape->stride_h = shape->stride_w = 1;
  const uint32_t kind = below(random, 8);
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
  shape->kernel_h = from_to(random, 1, min16(h, 4));
  shape->kernel_w = from_to(random, 1, min16(w, 4));
  shape->stride_h = (uint8_t)from_to(random, 1, 3);
  shape->stride_w = (uint8_t)from_to(random, 1, 3);
  /* Also paddings as large as the kernel, so that whole windows lie outside. */
  shape->pad_top = (uint8_t)below(random, shape->kernel_h + 1u);
  shape->pad_left = (uint8_t)below(random, shape->kernel_w + 1u);
  const uint32_t high = h + shape->pad_top + below(random, shape->kernel_h + 1u);
  const uint32_t wide = w + shape->pad_left + below(random, shape->kernel_w + 1u);
  shape->r = (uint16_t)((high - shape->kernel_h) / shape->stride_h + 1u);
  shape->c = (uint16_t)((wide - shape->kernel_w) / shape->stride_w + 1u);
}

static uint16_t tile(uint32_t *random, uint32_t size) {
  return below(random, 3) == 0u ? (uint16_t)size : from_to(random, 1, size);
}

static void draw_design(uint32_t *random, const bo_shape *shape, bo_design *design,
                        uint32_t max_batches) {
  const int is_pool = shape->kind == BO_GLOBAL_AVG_POOL;
  bo_nest nest;
  do {
    memset(design, 0, sizeof *design);
    design->tr = tile(random, is_pool ? shape->h : shape->r);
    design->tc = tile(random, is_pool ? shape->w : shape->c);
    design->tm = tile(random, shape->m);
    design->tn = is_pool ? 1 : tile(random, shape->n);
    design->span = (uint8_t)below(random, 3);
    for (uint8_t i = 0; i < 4u; i++) {
      const uint8_t at = (uint8_t)below(random, i + 1u);
      design->order[i] = design->order[at];
      design->order[at] = i;
    }
    design->s = 1;
    nest = bo_nest_make(shape, design);
    design->s = tile(random, min16(nest.sweep + 1u, 60000));
    nest = bo_nest_make(shape, design);
  } while (nest.batches > max_batches ||
           bo_vm_plan(shape, design, &nest).total_bytes > BO_HOST_VM_BYTES);
}

static void draw_codes(uint32_t *random, network *net, uint32_t layer) {
  bo_layer *at = &net->layers[layer];
  const bo_shape *shape = &at->shape;
  const int is_pool = shape->kind == BO_GLOBAL_AVG_POOL;
  const uint32_t window = (uint32_t)shape->kernel_h * shape->kernel_w * (is_pool ? 1u : shape->n);
  at->requantisation.multiplier = (int16_t)(16384u + below(random, 16384));
  at->requantisation.minimum = (int16_t)(below(random, 2) == 0u ? 0 : -32768);
  at->requantisation.maximum = 32767;
  if (is_pool) {
    uint8_t bits = 0;
    while ((1u << bits) < window)
      bits++;
    at->requantisation.shift = (uint8_t)(17u + (bits > 2u ? bits - 2u : 0u));
    return;
  }
  at->requantisation.shift = (uint8_t)from_to(random, 24, 29);
  /* window * amplitude * 2^15 + bias stays below 2^31. */
  const uint32_t amplitude = 65000u / window < 1u ? 1u : min16(65000u / window, 32767);
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
    net->biases[layer][i] = (int32_t)below(random, 1u << 24) - (1 << 23);
  }
}

static uint32_t elements(const bo_shape *shape) { return (uint32_t)shape->r * shape->c * shape->m; }

static uint32_t align4(uint32_t bytes) { return (bytes + 3u) & ~(uint32_t)3u; }

/** Addresses: constants behind the header; then maps, some sharing bytes in turns; then planes. */
static void lay_out(uint32_t *random, network *net) {
  bo_model *model = &net->model;
  const int share = below(random, 2) == 0u;
  uint32_t at = bo_header_address(model->outputs);
  model->header = at;
  at += BO_HEADER_BYTES;
  uint32_t largest = 2u * model->inputs;
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
    if (2u * elements(&layer->shape) > largest)
      largest = 2u * elements(&layer->shape);
    if (layer->shape.kind == BO_CONV) {
      layer->weights = at;
      at += align4(2u * window * layer->shape.m * layer->shape.n);
    }
    if (layer->shape.has_bias) {
      layer->bias = at;
      at += 4u * layer->shape.m;
    }
  }
  if (bo_result_stride(model->outputs) > model->vm_bytes) {
    model->vm_bytes = bo_result_stride(model->outputs);
  }
  net->image_bytes = at;
  model->constants_bytes = at - model->header - BO_HEADER_BYTES;
  largest = align4(largest);
  model->input = at;
  at += largest;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    net->layers[i].input = i == 0u ? model->input : net->layers[i - 1u].output;
    if (share && i > 0u) {
      net->layers[i].output = i % 2u == 0u ? net->layers[0].output : model->input;
    } else {
      net->layers[i].output = at;
      at += largest;
    }
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
  for (uint32_t m0 = 0; m0 < shape->m; m0 += design->tm) {
    for (uint32_t n0 = 0; n0 < shape->n; n0 += design->tn) {
      for (uint32_t m = m0; m < m0 + design->tm && m < shape->m; m++) {
        for (uint32_t k = 0; k < window; k++) {
          for (uint32_t n = n0; n < n0 + design->tn && n < shape->n; n++) {
            memcpy(to, &net->weights[layer][(m * window + k) * shape->n + n], 2);
            to += 2;
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
    if (layer->shape.kind == BO_CONV)
      pack_weights(net, i, net->image + layer->weights);
    if (layer->shape.has_bias) {
      memcpy(net->image + layer->bias, net->biases[i], 4u * (size_t)layer->shape.m);
    }
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

static int16_t naive_code(int64_t sum, const bo_requantisation *by) {
  const int64_t scaled = sum * by->multiplier + ((int64_t)1 << (by->shift - 1));
  const int64_t unit = (int64_t)1 << by->shift;
  int64_t code = scaled / unit;
  if (scaled % unit < 0)
    code--;
  if (code < by->minimum)
    return by->minimum;
  return (int16_t)(code > by->maximum ? by->maximum : code);
}

static void naive_layer(const network *net, uint32_t layer, const int16_t *in, int16_t *out) {
  const bo_shape *s = &net->layers[layer].shape;
  for (int32_t r = 0; r < s->r; r++) {
    for (int32_t c = 0; c < s->c; c++) {
      for (int32_t m = 0; m < s->m; m++) {
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
        *out++ = naive_code(sum, &net->layers[layer].requantisation);
      }
    }
  }
}

static void infer_naively(network *net) {
  const bo_model *model = &net->model;
  for (uint32_t v = 0; v < net->count; v++) {
    int16_t *in = room(2u * (size_t)model->inputs);
    memcpy(in, net->inputs + (size_t)v * model->inputs, 2u * (size_t)model->inputs);
    for (uint32_t i = 0; i < model->layer_count; i++) {
      int16_t *out = room(2u * (size_t)elements(&net->layers[i].shape));
      naive_layer(net, i, in, out);
      free(in);
      in = out;
    }
    memcpy(net->expected + (size_t)v * model->outputs, in, 2u * (size_t)model->outputs);
    free(in);
  }
}

network *network_make(uint32_t seed, const network_limits *limits) {
  uint32_t random = bo_host_seed(seed, 77);
  network *net = room(sizeof *net);
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
    draw_shape(&random, &layer->shape, h, w, n, limits->max_channels, last);
    draw_design(&random, &layer->shape, &layer->design, limits->max_batches);
    draw_codes(&random, net, i);
    h = layer->shape.r, w = layer->shape.c, n = layer->shape.m;
  }
  net->model.outputs = (uint16_t)(h * w * n);
  lay_out(&random, net);
  make_image(net);
  net->count = limits->vectors;
  net->inputs = room(2u * (size_t)net->model.inputs * net->count);
  net->expected = room(2u * (size_t)net->model.outputs * net->count);
  for (uint32_t i = 0; i < net->model.inputs * net->count; i++) {
    net->inputs[i] = (int16_t)((int32_t)below(&random, 65535) - 32767);
  }
  infer_naively(net);
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
  }
  free(net->image);
  free(net->inputs);
  free(net->expected);
  free(net);
}

const char *network_text(const network *net) {
  static char text[1200];
  size_t used = 0;
  for (uint32_t i = 0; i < net->model.layer_count && used < sizeof text; i++) {
    const bo_shape *s = &net->layers[i].shape;
    const bo_design *d = &net->layers[i].design;
    const bo_nest nest = bo_nest_make(s, d);
    used += (size_t)snprintf(
        text + used, sizeof text - used,
        "[%s %ux%ux%u -> %ux%ux%u k%ux%u s%u,%u p%u,%u b%u | T %u,%u,%u,%u %c%c%c%c span%u S%u "
        "batches %u]",
        s->kind == BO_CONV ? "conv" : "pool", s->h, s->w, s->n, s->r, s->c, s->m, s->kernel_h,
        s->kernel_w, s->stride_h, s->stride_w, s->pad_top, s->pad_left, s->has_bias, d->tr, d->tc,
        d->tm, d->tn, "RCMN"[d->order[0]], "RCMN"[d->order[1]], "RCMN"[d->order[2]],
        "RCMN"[d->order[3]], d -> span, d -> s, (unsigned)nest.batches);
  }
  return text;
}
