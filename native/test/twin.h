/**
 * The test twin: walks nest.h batch by batch and tile by tile, as the runtime does, and tells a
 * sink what docs/protocol-brownout.md charges. It shares nest.h with the closed form and nothing
 * else.
 */
#pragma once

#include "design.h"
#include "nest.h"

namespace test {

/** Calls end() after each batch. */
template <class Sink, class End>
void walk(const bo_shape &shape, const bo_design &design, Sink &sink, End &&end) {
  const bo_nest nest = bo_nest_make(&shape, &design);
  const bo_plane plane = bo_plane_make(&shape, &design, &nest);
  const double code = bo_element_bytes(&shape) / 2.0;
  const auto count = [](const bo_transfers &t) { return static_cast<double>(t.rows) * t.columns; };
  for (uint32_t b = 0; b < nest.batches; b++) {
    const bo_batch batch = bo_nest_batch(&nest, &design, b);
    const bool later = bo_visit(&design, &batch) > 0;
    const bool last = bo_last_visit(&design, &nest, &batch) != 0;
    bo_tile before{};
    sink.boot();
    for (uint32_t t = 0; t < batch.tiles; t++) {
      const bo_tile tile = bo_nest_tile(&shape, &design, &nest, &batch, t);
      const bool fresh_output = t == 0 || !bo_same_output(&tile, &before);
      if (t == 0 || !bo_same_input(&shape, &tile, &before)) {
        const bo_transfers input = bo_input_transfers(&shape, &tile);
        sink.read_input(count(input), code * input.elements);
        const bo_transfers second = bo_second_transfers(&shape, &tile);
        sink.read_input(count(second), code * second.elements);
      }
      const bool products = shape.kind == BO_CONV || shape.kind == BO_DEPTHWISE;
      if (products && (t == 0 || !bo_same_weights(&tile, &before)))
        sink.read_weights(1, code * bo_weight_elements(&shape, &tile));
      const bool fresh_m = t == 0 || tile.index[BO_M] != before.index[BO_M];
      if (shape.has_bias && tile.index[BO_N] == 0 && fresh_m)
        sink.read_weights(1, 2u * tile.channels);
      if (later && fresh_output) {
        const bo_transfers sums = bo_plane_transfers(&plane, &tile);
        sink.read_sums(count(sums), 2u * sums.elements);
      }
      if (products) {
        const bo_macs macs = bo_tile_macs(&shape, &design, &tile);
        sink.mac(macs.calls, macs.length);
      } else {
        sink.pool(bo_pooled(&shape, &tile));
      }
      if (!bo_reduces_in_batch(&design) || t + 1 == batch.tiles) {
        if (last) {
          if (bo_has_scales(&shape) && (bo_reduces_in_batch(&design) || fresh_m))
            sink.read_weights(1, 2u * tile.channels);
          const bo_transfers codes = bo_output_transfers(&shape, &tile);
          sink.requantise(static_cast<double>(tile.rows) * tile.columns * tile.channels);
          sink.requantise(bo_divided(&shape, &tile));
          sink.write_outputs(count(codes), code * codes.elements);
        } else {
          const bo_transfers sums = bo_plane_transfers(&plane, &tile);
          sink.write_sums(count(sums), 2u * sums.elements);
        }
      }
      before = tile;
    }
    sink.commit();
    end();
  }
}

} // namespace test
