#include "layer_totals.h"

#include <algorithm>

namespace brownout {

namespace {

AxisTotals axis_totals(uint32_t tile, uint32_t size, uint32_t input, uint32_t kernel,
                       uint32_t stride, int32_t padding, bool pool) {
  AxisTotals axis{};
  axis.tile = tile;
  axis.trips = bo_ceil_div(size, tile);
  axis.full = size / tile;
  for (uint32_t origin = 0; origin < size; origin += tile) {
    const uint32_t extent = std::min(tile, size - origin);
    const int32_t from =
        pool ? static_cast<int32_t>(origin) : static_cast<int32_t>(origin * stride) - padding;
    const uint32_t window = pool ? extent : (extent - 1) * stride + kernel;
    const int32_t end =
        std::min<int32_t>(from + static_cast<int32_t>(window), static_cast<int32_t>(input));
    const auto inside = static_cast<uint32_t>(std::max<int32_t>(end - std::max(from, 0), 0));
    const bool whole = inside == input && inside == window;
    axis.inside += inside;
    axis.reading += inside > 0;
    if (whole)
      axis.inside_whole += inside, axis.reading_whole++;
    axis.ones += extent == 1;
    axis.most_inside = std::max(axis.most_inside, inside);
  }
  return axis;
}

} // namespace

LayerTotals::LayerTotals(const Platform &platform, const bo_shape &shape)
    : platform_(platform), shape_(shape), pool_(shape.kind == BO_GLOBAL_AVG_POOL) {
  const uint32_t rows = pool_ ? shape.h : shape.r, columns = pool_ ? shape.w : shape.c;
  for (uint32_t t = 1; t <= rows; t++)
    rows_.push_back(
        axis_totals(t, rows, shape.h, shape.kernel_h, shape.stride_h, shape.pad_top, pool_));
  for (uint32_t t = 1; t <= columns; t++)
    columns_.push_back(
        axis_totals(t, columns, shape.w, shape.kernel_w, shape.stride_w, shape.pad_left, pool_));
  cycle_ = platform.reboot + 2.0 * platform.nvm_read.of(8) + platform.nvm_write.of(8);
  call_ = platform.mac.fixed + platform.add + platform.partial_sum + platform.accumulate;
}

TileTotals LayerTotals::tile(uint32_t tr, uint32_t tc, uint32_t tm, uint32_t tn) const {
  const Platform &p = platform_;
  const bo_shape &s = shape_;
  TileTotals t{};
  t.rows = &rows(tr), t.columns = &columns(tc);
  t.tm = tm, t.tn = tn;
  t.trips = {t.rows->trips, t.columns->trips, bo_ceil_div(s.m, tm),
             pool_ ? 1 : bo_ceil_div(s.n, tn)};
  t.m_full = s.m / tm;
  const double pixels = static_cast<double>(t.rows->inside) * t.columns->inside;
  const double taps = static_cast<double>(s.kernel_h) * s.kernel_w;
  const double depth = pool_ ? s.m : s.n;
  const bool all_channels = pool_ ? tm == s.m : tn == s.n;
  const double whole = t.columns->reading_whole;
  const double transfers = all_channels
                               ? whole * t.rows->reading + (t.columns->reading - whole) *
                                                               static_cast<double>(t.rows->inside)
                               : pixels * (pool_ ? t.trips.m : t.trips.n);
  t.input =
      transfers * (p.nvm_read.fixed + p.fetch_input) + pixels * depth * p.nvm_read.per_element;

  const double h = t.rows->most_inside, w = t.columns->most_inside;
  const double tile_depth = pool_ ? tm : tn;
  t.input_most_J = (all_channels ? h : h * w) * (p.nvm_read.fixed + p.fetch_input).energy_J +
                   h * w * tile_depth * p.nvm_read.per_element.energy_J;
  const Cost load = p.nvm_read.fixed + p.fetch_weights;
  const double outputs = static_cast<double>(s.r) * s.c * s.m;
  t.requantise = outputs * p.requantise;
  if (pool_) {
    const double elements = static_cast<double>(s.h) * s.w * s.m;
    t.compute[0] = elements * (p.add + p.pool);
    t.compute_most_J[0] = static_cast<double>(tr) * tc * tm * (p.add + p.pool).energy_J;
    t.output_transfers = t.trips.m;
    t.input_vm = bo_align4(2 * tr * tc * tm);
    t.block_vm = 4 * tm;
  } else {
    t.weights = static_cast<double>(t.trips.m) * t.trips.n * load +
                taps * s.m * s.n * p.nvm_read.per_element;
    t.weights_most_J = load.energy_J + taps * tm * tn * p.nvm_read.per_element.energy_J;
    const Cost products = outputs * taps * s.n * p.mac.per_element;
    const double ones = static_cast<double>(s.r) * t.columns->ones * s.m;
    const double calls[3] = {outputs * taps, outputs * s.kernel_h,
                             ones + (outputs - ones) * s.kernel_h};
    for (int span = 0; span < 3; span++)
      t.compute[span] = calls[span] * t.trips.n * call_ + products;
    const double tile_outputs = static_cast<double>(tr) * tc * tm;
    const double tile_calls[3] = {tile_outputs * taps, tile_outputs * s.kernel_h,
                                  tile_outputs * (tc == 1 ? 1 : s.kernel_h)};
    for (int span = 0; span < 3; span++)
      t.compute_most_J[span] =
          tile_calls[span] * call_.energy_J + tile_outputs * taps * tn * p.mac.per_element.energy_J;
    // Joined pixels where a tile has all channels, joined rows where it has all columns too.
    t.output_transfers = tm < s.m                ? static_cast<double>(s.r) * s.c * t.trips.m
                         : t.columns->trips == 1 ? t.rows->trips
                                                 : static_cast<double>(s.r) * t.columns->trips;
    const uint32_t window_h = (tr - 1) * s.stride_h + s.kernel_h;
    const uint32_t window_w = (tc - 1) * s.stride_w + s.kernel_w;
    t.input_vm = bo_align4(2 * window_h * window_w * tn);
    t.weights_vm = bo_align4(2 * s.kernel_h * s.kernel_w * tm * tn);
    t.block_vm = 4 * tr * tc * tm;
  }
  if (s.has_bias) {
    t.bias = static_cast<double>(t.trips.m) * load + 2.0 * s.m * p.nvm_read.per_element;
    t.bias_most_J = load.energy_J + 2.0 * tm * p.nvm_read.per_element.energy_J;
    t.bias_vm = 4 * tm;
  }
  return t;
}

OrderTotals LayerTotals::order(const TileTotals &t, const Order &order, uint8_t span) const {
  const Platform &p = platform_;
  const bo_shape &s = shape_;
  const Sweep sweep = sweep_of(order.loops);
  const int reuse = sweep == Sweep::input_channels    ? static_cast<int>(Reuse::output)
                    : sweep == Sweep::output_channels ? static_cast<int>(Reuse::input)
                                                      : static_cast<int>(Reuse::weights);
  const Cost fetch = p.nvm_read.fixed + p.fetch_output[reuse];
  const Cost back = p.nvm_write.fixed + p.backup_output[reuse];
  const double outputs = static_cast<double>(s.r) * s.c * s.m;

  bo_design design{};
  std::memcpy(design.order, order.loops, 4);
  const bool r_out = bo_outside_n(&design, BO_R), c_out = bo_outside_n(&design, BO_C),
             m_out = bo_outside_n(&design, BO_M);
  const double rows = pool_ ? 1 : t.rows->trips, columns = pool_ ? 1 : t.columns->trips;
  // Transfers of one visit's partial sums, over the layer.
  double plane_transfers;
  if (pool_) {
    plane_transfers = t.trips.m;
  } else {
    const double joined_columns = c_out ? t.columns->full : columns == 1 ? 1 : 0;
    const double joined_m = m_out ? t.m_full : t.tm == s.m ? 1 : 0;
    plane_transfers = joined_m * (joined_columns * rows + (columns - joined_columns) * s.r) +
                      (t.trips.m - joined_m) * static_cast<double>(s.r) * s.c;
  }
  const double sums = 2 * outputs;
  const Cost visit =
      plane_transfers * (fetch + back) + sums * (p.nvm_read.per_element + p.nvm_write.per_element);

  OrderTotals o{};
  o.sweep = t.trips.of(sweep, pool_);
  o.fixed = t.compute[span] + t.requantise + t.output_transfers * back +
            outputs * p.nvm_write.per_element;
  o.fixed_bytes = 2 * outputs;
  const double m = t.trips.m, n = t.trips.n;
  double visits = n;
  switch (sweep) {
  case Sweep::output_channels:
    o.fixed += rows * columns * (t.weights + t.bias);
    o.each = t.input;
    o.outer = rows * columns * n;
    break;
  case Sweep::space:
    o.fixed += m * t.input;
    o.each = t.weights + t.bias;
    o.outer = m * n;
    break;
  case Sweep::rows:
    o.fixed += m * t.input;
    o.each = columns * (t.weights + t.bias);
    o.outer = columns * m * n;
    break;
  case Sweep::columns:
    o.fixed += m * t.input;
    o.each = rows * (t.weights + t.bias);
    o.outer = rows * m * n;
    break;
  case Sweep::input_channels:
    // A pool's input tiles have channels of their own: no tile is read for another m.
    o.fixed += (pool_ ? 1 : m) * t.input + rows * columns * (t.weights + t.bias);
    o.outer = rows * columns * m;
    visits = 1;
    o.fixed += -1.0 * visit, o.fixed_bytes -= 2 * sums;
    o.each = visit, o.each_bytes = 2 * sums;
    o.planes_need_chunks = true;
    break;
  }
  if (visits > 1)
    o.fixed += (visits - 1) * visit, o.fixed_bytes += (visits - 1) * 2 * sums;
  if (visits > 1 || o.planes_need_chunks) {
    const uint64_t height = pool_ ? 1 : r_out ? t.rows->tile : s.r;
    const uint64_t width = pool_ ? 1 : c_out ? t.columns->tile : s.c;
    o.plane_bytes = 4 * height * width * (m_out ? t.tm : s.m);
  }

  const double pixels = pool_ ? 1 : static_cast<double>(t.rows->tile) * t.columns->tile;
  const double most_transfers = pool_ ? 1 : t.tm == s.m ? t.rows->tile : pixels;
  const double output_most_J =
      most_transfers * (fetch + back).energy_J +
      pixels * t.tm *
          (2 * (p.nvm_read.per_element + p.nvm_write.per_element).energy_J + p.requantise.energy_J);
  o.fixed_most_J = cycle_.energy_J;
  o.tile_most_J = t.compute_most_J[span];
  (sweep == Sweep::output_channels ? o.fixed_most_J : o.tile_most_J) += t.input_most_J;
  const bool weights_once = reuse == static_cast<int>(Reuse::weights);
  (weights_once ? o.fixed_most_J : o.tile_most_J) += t.weights_most_J;
  (sweep == Sweep::output_channels ? o.tile_most_J : o.fixed_most_J) += t.bias_most_J;
  (sweep == Sweep::input_channels ? o.fixed_most_J : o.tile_most_J) += output_most_J;
  return o;
}

} // namespace brownout
