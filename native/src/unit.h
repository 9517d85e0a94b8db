/**
 * The unit of progress of schemes hawaii and stateful: what the runtime does from a place of the
 * walk to the next group that is whole in NVM (engine.c, store_groups() and compute_to()). After a
 * boot VM is empty, so that the tile at hand is loaded again and, where a batch builds sums up over
 * N, its earlier tiles are computed again.
 */
#pragma once

#include "batch.h"

namespace brownout {

/** Outputs whose sums are computed together, so that a group may end within. */
inline uint32_t computed_together(const bo_shape &shape, const bo_tile &tile) {
  if (shape.kind == BO_CONV)
    return 1;
  if (shape.kind == BO_GLOBAL_AVG_POOL || bo_has_second(&shape))
    return bo_tile_outputs(&tile);
  return tile.channels;
}

/** Work on the sums of a tile's outputs [from, to), whole as they are computed together. */
template <class Sink>
void tell_compute(const bo_shape &shape, const bo_design &design, const bo_tile &tile,
                  uint32_t from, uint32_t to, Sink &sink) {
  const uint32_t outputs = bo_tile_outputs(&tile);
  if (shape.kind == BO_CONV || shape.kind == BO_DEPTHWISE) {
    const bo_macs macs = bo_tile_macs(&shape, &design, &tile);
    return sink.mac(static_cast<double>(to - from) * (macs.calls / outputs), macs.length);
  }
  while (from < to) {
    bo_tile part = tile;
    const bool whole = computed_together(shape, tile) == outputs;
    from += whole ? outputs : bo_tile_part(&shape, &tile, from, to, &part);
    sink.pool(bo_pooled(&shape, &part));
    sink.requantise(bo_divided(&shape, &part));
  }
}

/** What a tile of a batch loads, where `before` is the tile before; null: VM is empty. */
template <class Sink>
void tell_loads(const bo_shape &shape, const bo_design &design, const bo_plane &plane,
                const bo_tile &tile, const bo_tile *before, bool first_visit, bool reads_scales,
                Sink &sink) {
  const double code = bo_element_bytes(&shape) / 2.0;
  if (before == nullptr || !bo_same_input(&shape, &tile, before)) {
    const bo_transfers input = bo_input_transfers(&shape, &tile);
    const bo_transfers second = bo_second_transfers(&shape, &tile);
    sink.read_input(transfer_count(input), code * input.elements);
    sink.read_input(transfer_count(second), code * second.elements);
    if (design.scheme == BO_SCHEME_STATEFUL)
      sink.state("strip",
                 transfer_count(input) * input.elements + transfer_count(second) * second.elements);
  }
  const bool products = shape.kind == BO_CONV || shape.kind == BO_DEPTHWISE;
  if (products && (before == nullptr || !bo_same_weights(&tile, before)))
    sink.read_weights(1, code * bo_weight_elements(&shape, &tile));
  if (before == nullptr || !bo_same_output(&tile, before)) {
    const bo_transfers sums = bo_plane_transfers(&plane, &tile);
    if (!first_visit)
      sink.read_sums(transfer_count(sums), 2u * sums.elements);
    else if (shape.has_bias && (before == nullptr || !bo_same_channels(&tile, before)))
      sink.read_weights(1, 2u * tile.channels);
  }
  if (reads_scales)
    sink.read_weights(1, 2u * tile.channels);
}

/**
 * One unit, without the boot before it and without the mark or record behind it.
 * @param booted whether VM is empty
 * @return where the walk stands behind it; batch == nest.batches: at the layer's end
 */
template <class Sink>
bo_place tell_unit(const bo_shape &shape, const bo_design &design, const bo_nest &nest,
                   const bo_plane &plane, const bo_place &at, bool booted, Sink &sink) {
  const bo_batch batch = bo_nest_batch(&nest, &design, at.batch);
  const bool first_visit = bo_visit(&design, &batch) == 0;
  const bool last_visit = bo_last_visit(&design, &nest, &batch) != 0;
  const bool reduces = bo_reduces_in_batch(&design) != 0;
  const uint32_t end = reduces ? batch.tiles : at.tile + 1;
  const bool begins = booted || at.output == 0;
  bo_tile tile{}, before{};
  if (!reduces && at.tile > 0)
    before = bo_nest_tile(&shape, &design, &nest, &batch, at.tile - 1);
  for (uint32_t t = reduces ? 0 : at.tile; t < end; t++) {
    tile = bo_nest_tile(&shape, &design, &nest, &batch, t);
    const bool finishes = t + 1 == end, empty = t == (reduces ? 0 : booted ? at.tile : 0u);
    const bool new_channels = empty || reduces || !bo_same_channels(&tile, &before);
    if (begins)
      tell_loads(shape, design, plane, tile, empty ? nullptr : &before, first_visit,
                 finishes && last_visit && bo_has_scales(&shape) && new_channels, sink);
    const uint32_t together = computed_together(shape, tile);
    if (begins && !finishes)
      tell_compute(shape, design, tile, at.output / together * together, bo_tile_outputs(&tile),
                   sink);
    before = tile;
  }
  const uint32_t outputs = bo_tile_outputs(&tile), together = computed_together(shape, tile);
  const uint32_t to = std::min((at.output / design.b + 1) * design.b, outputs);
  const auto up = [&](uint32_t output) { return bo_ceil_div(output, together) * together; };
  tell_compute(shape, design, tile, booted ? at.output / together * together : up(at.output),
               up(to), sink);
  if (last_visit)
    sink.requantise(to - at.output);
  const uint32_t run = last_visit ? bo_output_run(&shape, &tile) : bo_plane_run(&plane, &tile);
  const double each = last_visit ? bo_element_bytes(&shape) / 2.0 : 2.0;
  for (uint32_t from = at.output; from < to;) {
    const uint32_t until = std::min((from / run + 1) * run, to);
    if (last_visit)
      sink.write_outputs(1, each * (until - from));
    else
      sink.write_sums(1, each * (until - from));
    from = until;
  }
  if (design.scheme == BO_SCHEME_STATEFUL)
    sink.state("set", to - at.output);
  if (to < outputs)
    return {at.batch, at.tile, to};
  return end < batch.tiles ? bo_place{at.batch, end, 0} : bo_place{at.batch + 1, 0, 0};
}

/** Reads by which a boot in the middle of a layer knows where to go on, beside the records. */
template <class Sink>
void tell_search(const bo_shape &shape, uint8_t scheme, uint32_t probes, Sink &sink) {
  if (scheme == BO_SCHEME_HAWAII)
    sink.read_marks(2);
  else if (scheme == BO_SCHEME_STATEFUL)
    sink.read_input(probes, bo_element_bytes(&shape) / 2.0);
}

/** Most probes of a boot; 0 of schemes that need none. */
inline uint32_t most_probes(const bo_shape &shape, const bo_design &design, const bo_nest &nest) {
  if (design.scheme != BO_SCHEME_STATEFUL)
    return 0;
  const bool pool = shape.kind == BO_GLOBAL_AVG_POOL;
  const uint32_t outputs =
      bo_min(design.tm, shape.m) *
      (pool ? 1u : 1u * bo_min(design.tr, shape.r) * bo_min(design.tc, shape.c));
  return bo_probes_most(bo_tiles_sent(&design, &nest), bo_groups(outputs, design.b));
}

} // namespace brownout
