#include "brownout_model.h"

#include "alignment.h"

#include <algorithm>
#include <array>
#include <map>

namespace brownout {

namespace {

uint32_t index_of(std::vector<SpanClass> &classes, const SpanClass &span) {
  for (uint32_t i = 0; i < classes.size(); i++) {
    SpanClass &known = classes[i];
    if (known.extent == span.extent && known.inside == span.inside &&
        known.covered == span.covered) {
      known.count++;
      return i;
    }
  }
  classes.push_back(span);
  return static_cast<uint32_t>(classes.size() - 1);
}

} // namespace

void BrownoutModel::use(const bo_design &design) {
  const bool pool = shape_.kind == BO_GLOBAL_AVG_POOL;
  const auto fill = [&](Axis &axis, uint32_t tile, uint32_t size, uint32_t input, uint32_t kernel,
                        uint32_t stride, int32_t padding) {
    if (axis.tile == tile)
      return;
    axis.tile = tile;
    axis.classes.clear();
    axis.class_of.clear();
    chunks_.clear();
    for (uint32_t origin = 0; origin < size; origin += tile) {
      const uint32_t extent = std::min(tile, size - origin);
      SpanClass span{};
      span.origin = static_cast<uint16_t>(origin);
      span.extent = static_cast<uint16_t>(extent);
      span.count = 1;
      if (pool) {
        span.input_origin = static_cast<int32_t>(origin);
        span.window = span.inside = span.extent;
        span.covered = extent;
      } else {
        span.input_origin = static_cast<int32_t>(origin * stride) - padding;
        span.window = static_cast<uint16_t>((extent - 1) * stride + kernel);
        const int32_t from = std::max<int32_t>(span.input_origin, 0);
        const int32_t to =
            std::min<int32_t>(span.input_origin + span.window, static_cast<int32_t>(input));
        span.inside = static_cast<uint16_t>(std::max<int32_t>(to - from, 0));
        if (bo_is_channelwise(&shape_))
          span.covered = bo_covered(span.input_origin, extent, stride, kernel, input);
      }
      axis.class_of.push_back(static_cast<uint16_t>(index_of(axis.classes, span)));
    }
  };
  fill(rows_, design.tr, pool ? shape_.h : shape_.r, shape_.h, shape_.kernel_h, shape_.stride_h,
       shape_.pad_top);
  fill(columns_, design.tc, pool ? shape_.w : shape_.c, shape_.w, shape_.kernel_w, shape_.stride_w,
       shape_.pad_left);
  if (bo_is_channelwise(&shape_) && channel_tile_ != design.tm)
    use_channels(design.tm);
}

void BrownoutModel::use_channels(uint32_t tm) {
  channel_tile_ = tm;
  channels_.clear();
  channel_of_.clear();
  channel_chunks_.clear();
  // Of either map of a concat.
  std::map<std::array<uint32_t, 3>, uint16_t> index;
  for (uint32_t origin = 0; origin < shape_.m; origin += tm) {
    const uint32_t extent = std::min<uint32_t>(tm, shape_.m - origin);
    bo_tile tile{};
    tile.m0 = tile.n0 = static_cast<uint16_t>(origin);
    tile.channels = tile.depth = static_cast<uint16_t>(extent);
    const std::array<uint32_t, 3> key{
        extent, bo_input_part(&shape_, &tile, 0).count,
        bo_has_second(&shape_) != 0 ? bo_input_part(&shape_, &tile, 1).count : 0u};
    const auto [entry, fresh] = index.try_emplace(key, static_cast<uint16_t>(channels_.size()));
    if (fresh)
      channels_.push_back({origin, extent, 0});
    channels_[entry->second].count++;
    channel_of_.push_back(entry->second);
  }
}

const std::vector<SpatialChunk> &BrownoutModel::channel_chunks(const bo_design &design,
                                                               const bo_nest &nest) {
  const auto [known, missing] = channel_chunks_.try_emplace(design.s);
  std::vector<SpatialChunk> &chunks = known->second;
  if (!missing)
    return chunks;
  for (uint32_t from = 0; from < nest.sweep; from += design.s) {
    std::vector<uint32_t> tiles(channels_.size(), 0);
    for (uint32_t step = from; step < std::min(nest.sweep, from + design.s); step++)
      tiles[channel_of_[step]]++;
    if (!chunks.empty() && chunks.back().tiles == tiles)
      chunks.back().count++;
    else
      chunks.push_back({std::move(tiles), true, true, 1});
  }
  return chunks;
}

bo_tile BrownoutModel::tile(const SpanClass &row, const SpanClass &column, uint32_t m0,
                            uint32_t channels, uint32_t n0, uint32_t depth) const {
  bo_tile tile{};
  const bool pool = shape_.kind == BO_GLOBAL_AVG_POOL;
  tile.r0 = pool ? 0 : row.origin;
  tile.c0 = pool ? 0 : column.origin;
  tile.rows = pool ? 1 : row.extent;
  tile.columns = pool ? 1 : column.extent;
  tile.m0 = static_cast<uint16_t>(m0);
  tile.channels = static_cast<uint16_t>(channels);
  tile.n0 = static_cast<uint16_t>(n0);
  tile.depth = static_cast<uint16_t>(depth);
  tile.y0 = row.input_origin;
  tile.x0 = column.input_origin;
  tile.window_h = row.window;
  tile.window_w = column.window;
  return tile;
}

const std::vector<SpatialChunk> &BrownoutModel::spatial_chunks(const bo_design &design,
                                                               const bo_nest &nest) {
  const bool pool = shape_.kind == BO_GLOBAL_AVG_POOL;
  const uint32_t key = design.s | static_cast<uint32_t>(design.order[2]) << 16 |
                       static_cast<uint32_t>(design.order[3]) << 24;
  const auto [known, missing] = chunks_.try_emplace(key);
  std::vector<SpatialChunk> &chunks = known->second;
  if (!missing)
    return chunks;
  const uint32_t rows = static_cast<uint32_t>(rows_.classes.size());
  const uint32_t columns = static_cast<uint32_t>(columns_.classes.size());

  if (rows == 1 && columns == 1) {
    for_each_linear_chunk(nest, design.s, false, [&](const LinearChunk &chunk) {
      if (!pool && !chunks.empty() && chunks.back().tiles[0] == chunk.full) {
        chunks.back().count += chunk.count;
      } else {
        chunks.push_back({{chunk.full}, chunk.first, chunk.last, chunk.count});
      }
    });
    return chunks;
  }

  const bool both = pool || nest.sweep_loops == 2;
  const bool rows_inner = !pool && design.order[3] == BO_R;
  const Axis &inner = rows_inner ? rows_ : columns_;
  const uint32_t inner_trips = static_cast<uint32_t>(inner.class_of.size());
  const auto class_at = [&](uint32_t step) -> uint32_t {
    if (!both)
      return inner.class_of[step];
    const uint32_t row = rows_inner ? step % inner_trips : step / inner_trips;
    const uint32_t column = rows_inner ? step / inner_trips : step % inner_trips;
    return rows_.class_of[row] * columns + columns_.class_of[column];
  };
  const size_t kinds = both ? rows * columns : inner.classes.size();
  std::map<std::pair<std::vector<uint32_t>, int>, uint32_t> index;
  for (uint32_t chunk = 0; chunk < nest.chunks; chunk++) {
    const uint32_t from = chunk * design.s;
    const uint32_t to = std::min(nest.sweep, from + design.s);
    std::vector<uint32_t> tiles(kinds, 0);
    for (uint32_t step = from; step < to; step++)
      tiles[class_at(step)]++;
    // Of a convolution the visit does not depend on where in the sweep a batch lies.
    const bool first = pool && chunk == 0, last = pool && chunk + 1 == nest.chunks;
    const auto [entry, fresh] =
        index.try_emplace({tiles, first * 2 + last}, static_cast<uint32_t>(chunks.size()));
    if (fresh)
      chunks.push_back({std::move(tiles), first, last, 1});
    else
      chunks[entry->second].count++;
  }
  return chunks;
}

bool BrownoutModel::aligned(const bo_design &design) {
  if (shape_.kind != BO_CONV || platform_.length_multiple == 1)
    return true;
  use(design);
  const uint32_t rest = shape_.n % design.tn;
  for (const SpanClass &row : rows_.classes)
    for (const SpanClass &column : columns_.classes)
      for (uint32_t depth : {std::min<uint32_t>(design.tn, shape_.n), rest})
        if (depth > 0 && !even_vectors(shape_, design.span, row.extent, column.extent, depth))
          return false;
  return true;
}

void BrownoutModel::evaluate(const bo_design &design, const bo_nest &nest, const bo_plane &plane,
                             Evaluation &evaluation) {
  evaluation.classes.clear();
  const Reuse reuse = reuse_of(design);
  for_each_class(design, nest, [&](const BatchClass &batch, double count) {
    CostSink sink(platform_, reuse);
    tell_batch(shape_, design, plane, batch, sink);
    evaluation.classes.push_back({count, sink.cost()});
  });
}

} // namespace brownout
