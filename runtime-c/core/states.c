#include <stddef.h>

#include "nest.h"
#include "nvm.h"
#include "planted.h"
#include "scheme.h"

#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
/** Bytes that a map covers in NVM. */
typedef struct {
  uint32_t from, to;
} span;

/** Map 0 is the network's input, k + 1 the output of layer k. */
static span map_of(const bo_model *model, uint32_t map) {
  span s = {model->input, model->input + bo_code_bytes(model) * model->inputs};
  if (map != 0u) {
    const bo_layer *layer = &model->layers[map - 1u];
    s.from = layer->output;
    s.to = s.from + bo_code_bytes(model) * layer->shape.r * layer->shape.c * layer->shape.m;
  }
  return s;
}

/**
 * The state of the cells from `address` on, once `writer` has written them in this inference, up to
 * `*end`, behind which other maps lie. Every inference writes each map once, in the order of the
 * layers; inference 1 found all cells cleared.
 */
static uint8_t state_of(const bo_model *model, uint16_t inference, uint32_t writer,
                        uint32_t address, uint32_t *end) {
  uint32_t writes = 0, earlier = 0;
  *end = 0xffffffffu;
  for (uint32_t map = 0; map <= model->layer_count; map++) {
    const span s = map_of(model, map);
    if (address >= s.to)
      continue;
    const int covered = address >= s.from;
    const uint32_t until = covered ? s.to : s.from;
    *end = until < *end ? until : *end;
    writes += covered;
    earlier += covered && map < writer;
  }
  if (BO_BUG_STATE_OF_ONE_WRITER)
    return (uint8_t)(inference & 1u);
  return (uint8_t)(((uint32_t)(uint16_t)(inference - 1u) * writes + earlier + 1u) & 1u);
}

void bo_states_clear(const bo_model *model) {
  const uint32_t most = bo_port_vm_bytes() < 512u ? bo_port_vm_bytes() & ~(uint32_t)3u : 512u;
  for (uint32_t i = 0; i < most / 4u; i++)
    bo_vm[i] = 0;
  for (uint32_t map = 0; map <= model->layer_count; map++) {
    const span s = map_of(model, map);
    for (uint32_t at = s.from; at < s.to; at += most)
      bo_nvm_write(at, bo_vm, (uint16_t)(s.to - at < most ? s.to - at : most));
  }
  bo_port_confirm();
}

void bo_states_set(const bo_model *model, uint16_t inference, uint32_t writer, uint32_t nvm,
                   uint8_t *codes, uint32_t count) {
  const uint32_t bytes = bo_code_bytes(model);
  uint32_t end = nvm;
  uint8_t state = 0;
  /* Little-endian: the top bit is in a code's last byte, which reaches NVM last. */
  uint8_t *top = codes + (size_t)(bytes - 1u);
  for (uint32_t i = 0; i < count; i++, nvm += bytes, top += bytes) {
    if (nvm >= end)
      state = (uint8_t)(state_of(model, inference, writer, nvm, &end) << 7);
    *top = (uint8_t)((*top & 0x7fu) | state);
  }
  BO_COUNT(states_set, count);
}

void bo_states_strip(uint8_t *codes, uint32_t count, uint32_t bytes) {
  uint8_t *top = codes + (size_t)(bytes - 1u);
  if (BO_BUG_STATE_NOT_STRIPPED)
    return;
  for (uint32_t i = 0; i < count; i++, top += bytes)
    *top = (uint8_t)((*top & 0x7fu) | (uint8_t)((*top & 0x40u) << 1));
  BO_COUNT(states_stripped, count);
}

/** Whether output `index` of a tile has this inference's state. */
static int is_written(const bo_progress *progress, const bo_tile *tile, uint32_t index) {
  const bo_model *model = progress->model;
  const bo_layer *layer = &model->layers[progress->record.layer];
  const bo_shape *shape = &layer->shape;
  const uint32_t bytes = bo_code_bytes(model);
  const uint32_t pixel = index / tile->channels;
  const uint32_t r = tile->r0 + pixel / tile->columns, c = tile->c0 + pixel % tile->columns;
  const uint32_t m = tile->m0 + index % tile->channels;
  const uint32_t nvm = layer->output + bytes * ((r * shape->c + c) * shape->m + m);
  uint32_t end;
  uint8_t code[2];
  bo_nvm_read(nvm, code, (uint16_t)bytes);
  return code[bytes - 1u] >> 7 ==
         state_of(model, progress->record.inference, progress->record.layer + 1u, nvm, &end);
}

static bo_tile tile_at(const bo_layer *layer, const bo_nest *nest, const bo_place *place) {
  const bo_batch batch = bo_nest_batch(nest, &layer->design, place->batch);
  return bo_nest_tile(&layer->shape, &layer->design, nest, &batch, place->tile);
}

bo_place bo_states_place(const bo_progress *progress) {
  const bo_layer *layer = &progress->model->layers[progress->record.layer];
  const bo_design *design = &layer->design;
  const bo_nest nest = bo_nest_make(&layer->shape, design);
  const uint32_t tiles = bo_tiles_sent(design, &nest);
  uint32_t low = 0, high = tiles;
  bo_tile tile;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2u;
    const bo_place place = bo_place_of_tile(design, &nest, middle);
    tile = tile_at(layer, &nest, &place);
    if (is_written(progress, &tile, bo_tile_outputs(&tile) - 1u))
      low = middle + 1u;
    else
      high = middle;
  }
  bo_place found = {nest.batches, 0, 0};
  if (low == tiles)
    return found;
  found = bo_place_of_tile(design, &nest, low);
  tile = tile_at(layer, &nest, &found);
  /* The tile's last group is not whole; of those before, the first that is not. */
  uint32_t first = 0, last = bo_groups(bo_tile_outputs(&tile), design->b) - 1u;
  while (first < last) {
    const uint32_t middle = first + (last - first) / 2u;
    if (is_written(progress, &tile, (middle + 1u) * design->b - 1u))
      first = middle + 1u;
    else
      last = middle;
  }
  found.output = first * design->b;
  if (BO_BUG_RESUME_ONE_LATE && found.output != 0u)
    found.output++;
  return found;
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int bo_states_left_out;
#endif
