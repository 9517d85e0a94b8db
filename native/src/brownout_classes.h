/** BrownoutModel::for_each_class(): the closed form of the walk in nest.h. Included by
 * brownout_model.h. */
#pragma once

#include <algorithm>
#include <utility>

namespace brownout {

/** Tiles of the channel loops that are alike. */
struct LinearClass {
  uint32_t origin;
  uint32_t extent;
  bool first;
  bool last;
  uint32_t count;
};

/** Tiles of a loop over `size` in steps of `tile`: the first, those between, the last. */
template <class Visit> void for_each_linear(uint32_t size, uint32_t tile, Visit &&visit) {
  const uint32_t trips = bo_ceil_div(size, tile);
  if (trips == 1)
    return visit(LinearClass{0, size, true, true, 1});
  visit(LinearClass{0, tile, true, false, 1});
  if (trips > 2)
    visit(LinearClass{tile, tile, false, false, trips - 2});
  const uint32_t origin = (trips - 1) * tile;
  visit(LinearClass{origin, size - origin, false, true, 1});
}

/** Batches of a sweep of `trips` tiles of which only the last may be smaller. */
struct LinearChunk {
  uint32_t full;
  uint32_t ragged;
  bool first;
  bool last;
  uint32_t count;
};

template <class Visit>
void for_each_linear_chunk(const bo_nest &nest, uint32_t s, bool ragged, Visit &&visit) {
  const uint32_t rest = nest.sweep - s * (nest.chunks - 1);
  const uint32_t last_ragged = ragged ? 1 : 0;
  if (nest.chunks == 1)
    return visit(LinearChunk{rest - last_ragged, last_ragged, true, true, 1});
  visit(LinearChunk{s, 0, true, false, 1});
  if (nest.chunks > 2)
    visit(LinearChunk{s, 0, false, false, nest.chunks - 2});
  visit(LinearChunk{rest - last_ragged, last_ragged, false, true, 1});
}

/** One visit of each output tile; a tile's input channels are its M range. */
template <class Visit>
void BrownoutModel::for_each_channelwise(const bo_design &design, const bo_nest &nest,
                                         Visit &&visit) {
  const Reuse reuse = reuse_of(design);
  const uint32_t columns = static_cast<uint32_t>(columns_.classes.size());
  const auto tile_of = [&](const SpanClass &row, const SpanClass &column, const ChannelClass &m) {
    return tile(row, column, m.origin, m.extent, m.origin, m.extent);
  };
  batch_.first_visit = batch_.last_visit = true;

  if (reuse == Reuse::weights) {
    const auto &chunks = spatial_chunks(design, nest);
    const bool both = nest.sweep_loops == 2;
    const uint8_t along = design.order[3];
    const Axis &outer = along == BO_R ? columns_ : rows_;
    const size_t outer_classes = both ? 1 : outer.classes.size();
    for (const ChannelClass &m : channels_)
      for (size_t o = 0; o < outer_classes; o++)
        for (const SpatialChunk &chunk : chunks) {
          batch_.groups.clear();
          for (uint32_t i = 0; i < chunk.tiles.size(); i++) {
            if (chunk.tiles[i] == 0)
              continue;
            const SpanClass &row = rows_.classes[both ? i / columns : along == BO_R ? i : o];
            const SpanClass &column = columns_.classes[both ? i % columns : along == BO_R ? o : i];
            batch_.groups.push_back({tile_of(row, column, m), chunk.tiles[i]});
          }
          const double times = both ? 1 : outer.classes[o].count;
          visit(batch_, static_cast<double>(m.count) * times * chunk.count);
        }
    return;
  }

  for (const SpanClass &row : rows_.classes)
    for (const SpanClass &column : columns_.classes) {
      const double pixels = static_cast<double>(row.count) * column.count;
      if (reuse == Reuse::output) {
        for (const ChannelClass &m : channels_) {
          batch_.groups.assign(1, {tile_of(row, column, m), 1});
          visit(batch_, pixels * m.count);
        }
        continue;
      }
      for (const SpatialChunk &chunk : channel_chunks(design, nest)) {
        batch_.groups.clear();
        for (size_t i = 0; i < channels_.size(); i++)
          if (chunk.tiles[i] > 0)
            batch_.groups.push_back({tile_of(row, column, channels_[i]), chunk.tiles[i]});
        visit(batch_, pixels * chunk.count);
      }
    }
}

/** A global pool whose input tiles lie outside the sweep: it visits its outputs with each of them.
 */
template <class Visit>
void BrownoutModel::for_each_outer_pool(const bo_design &design, const bo_nest &nest,
                                        Visit &&visit) {
  const uint32_t trips = nest.trips[BO_N], ragged = shape_.m % design.tm;
  const auto at_visit = [&](const SpanClass &row, const SpanClass &column, bool first, bool last,
                            double count) {
    if (count == 0)
      return;
    const auto batch = [&](uint32_t full, uint32_t rest, double times) {
      batch_.groups.clear();
      batch_.first_visit = first, batch_.last_visit = last;
      const auto add = [&](uint32_t extent, uint32_t tiles) {
        if (tiles > 0)
          batch_.groups.push_back({tile(row, column, 0, extent, 0, extent), tiles});
      };
      add(std::min<uint32_t>(design.tm, shape_.m), full), add(ragged, rest);
      visit(batch_, count * times);
    };
    const bool has_rest = ragged != 0 && shape_.m > design.tm;
    if (reuse_of(design) == Reuse::input) {
      for_each_linear_chunk(nest, design.s, has_rest, [&](const LinearChunk &chunk) {
        batch(chunk.full, chunk.ragged, chunk.count);
      });
      return;
    }
    batch(1, 0, nest.trips[BO_M] - (has_rest ? 1.0 : 0.0));
    if (has_rest)
      batch(0, 1, 1);
  };
  const uint16_t first_row = rows_.class_of.front(), last_row = rows_.class_of.back();
  const uint16_t first_column = columns_.class_of.front(), last_column = columns_.class_of.back();
  for (uint16_t r = 0; r < rows_.classes.size(); r++)
    for (uint16_t c = 0; c < columns_.classes.size(); c++) {
      const SpanClass &row = rows_.classes[r], &column = columns_.classes[c];
      const bool has_first = r == first_row && c == first_column;
      const bool has_last = trips > 1 && r == last_row && c == last_column;
      at_visit(row, column, true, trips == 1, has_first);
      at_visit(row, column, false, true, has_last);
      at_visit(row, column, false, false,
               static_cast<double>(row.count) * column.count - has_first - has_last);
    }
}

template <class Visit>
void BrownoutModel::for_each_class(const bo_design &design, const bo_nest &nest, Visit &&visit) {
  use(design);
  if (bo_is_channelwise(&shape_))
    return for_each_channelwise(design, nest, std::forward<Visit>(visit));
  const Reuse reuse = reuse_of(design);
  const uint32_t columns = static_cast<uint32_t>(columns_.classes.size());

  if (shape_.kind == BO_GLOBAL_AVG_POOL && reuse != Reuse::output)
    return for_each_outer_pool(design, nest, std::forward<Visit>(visit));
  if (shape_.kind == BO_GLOBAL_AVG_POOL) {
    const auto &chunks = spatial_chunks(design, nest);
    for_each_linear(shape_.m, design.tm, [&](const LinearClass &m) {
      for (const SpatialChunk &chunk : chunks) {
        batch_.groups.clear();
        batch_.first_visit = chunk.first, batch_.last_visit = chunk.last;
        for (uint32_t i = 0; i < chunk.tiles.size(); i++)
          if (chunk.tiles[i] > 0)
            batch_.groups.push_back({tile(rows_.classes[i / columns], columns_.classes[i % columns],
                                          m.origin, m.extent, m.origin, m.extent),
                                     chunk.tiles[i]});
        visit(batch_, static_cast<double>(m.count) * chunk.count);
      }
    });
    return;
  }

  if (reuse == Reuse::weights) {
    const auto &chunks = spatial_chunks(design, nest);
    // Where one spatial loop lies outside, its classes multiply; `along` is the swept one.
    const uint8_t along = design.order[3];
    const Axis &outer = along == BO_R ? columns_ : rows_;
    const uint32_t outer_classes =
        nest.sweep_loops == 2 ? 1 : static_cast<uint32_t>(outer.classes.size());
    for_each_linear(shape_.m, design.tm, [&](const LinearClass &m) {
      for_each_linear(shape_.n, design.tn, [&](const LinearClass &n) {
        for (uint32_t o = 0; o < outer_classes; o++)
          for (const SpatialChunk &chunk : chunks) {
            batch_.groups.clear();
            batch_.first_visit = n.first, batch_.last_visit = n.last;
            for (uint32_t i = 0; i < chunk.tiles.size(); i++) {
              if (chunk.tiles[i] == 0)
                continue;
              const bool both = nest.sweep_loops == 2;
              const SpanClass &row = rows_.classes[both ? i / columns : along == BO_R ? i : o];
              const SpanClass &column = columns_.classes[both            ? i % columns
                                                         : along == BO_R ? o
                                                                         : i];
              batch_.groups.push_back(
                  {tile(row, column, m.origin, m.extent, n.origin, n.extent), chunk.tiles[i]});
            }
            const double times = nest.sweep_loops == 2 ? 1 : outer.classes[o].count;
            visit(batch_, static_cast<double>(m.count) * n.count * times * chunk.count);
          }
      });
    });
    return;
  }

  const bool over_m = reuse == Reuse::input;
  const uint32_t swept = over_m ? shape_.m : shape_.n;
  const uint32_t step = over_m ? design.tm : design.tn;
  const uint32_t ragged = swept % step;
  const uint32_t full = swept < step ? swept : step;
  for (const SpanClass &row : rows_.classes)
    for (const SpanClass &column : columns_.classes)
      for_each_linear(
          over_m ? shape_.n : shape_.m, over_m ? design.tn : design.tm,
          [&](const LinearClass &outer) {
            for_each_linear_chunk(
                nest, design.s, ragged != 0 && swept > step, [&](const LinearChunk &chunk) {
                  batch_.groups.clear();
                  batch_.first_visit = over_m ? outer.first : chunk.first;
                  batch_.last_visit = over_m ? outer.last : chunk.last;
                  const auto add = [&](uint32_t extent, uint32_t count) {
                    if (count == 0)
                      return;
                    batch_.groups.push_back(
                        {over_m ? tile(row, column, 0, extent, outer.origin, outer.extent)
                                : tile(row, column, outer.origin, outer.extent, 0, extent),
                         count});
                  };
                  add(full, chunk.full);
                  add(ragged, chunk.ragged);
                  visit(batch_,
                        static_cast<double>(row.count) * column.count * outer.count * chunk.count);
                });
          });
}

} // namespace brownout
