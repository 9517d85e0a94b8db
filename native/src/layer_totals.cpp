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
    : platform_(platform), shape_(shape), pool_(shape.kind == BO_GLOBAL_AVG_POOL),
      channelwise_(bo_is_channelwise(&shape) != 0) {
  const uint32_t rows = pool_ ? shape.h : shape.r, columns = pool_ ? shape.w : shape.c;
  for (uint32_t t = 1; t <= rows; t++)
    rows_.push_back(
        axis_totals(t, rows, shape.h, shape.kernel_h, shape.stride_h, shape.pad_top, pool_));
  for (uint32_t t = 1; t <= columns; t++)
    columns_.push_back(
        axis_totals(t, columns, shape.w, shape.kernel_w, shape.stride_w, shape.pad_left, pool_));
  cycle_ = platform.reboot + 2.0 * platform.nvm_read.of(8) + platform.record();
  call_ = platform.mac.fixed + platform.add + platform.partial_sum + platform.accumulate;
}

/** How the channel tiles divide the input maps: the tiles that read of a map, and whether one has
 * all of its channels. */
struct LayerTotals::Parts {
  struct Part {
    double tiles;
    bool whole;
    uint32_t channels;
  };
  Part part[2];
  size_t count;
};

/** As bo_input_part() cuts them. */
LayerTotals::Parts LayerTotals::parts_of(uint32_t tm, uint32_t tn) const {
  const bo_shape &s = shape_;
  if (!pool_ && !channelwise_)
    return {{{static_cast<double>(bo_ceil_div(s.n, tn)), tn == s.n, s.n}, {}}, 1};
  const uint32_t tiles = bo_ceil_div(s.m, tm);
  if (s.kind == BO_CONCAT) {
    const auto second = static_cast<uint32_t>(s.m - s.n);
    return {{{static_cast<double>(bo_ceil_div(s.n, tm)), tm >= s.n, s.n},
             {static_cast<double>(tiles - s.n / tm), (tiles - 1) * tm <= s.n, second}},
            2};
  }
  const Parts::Part one{static_cast<double>(tiles), tm == s.m, s.m};
  return {{one, one}, s.kind == BO_ADD ? size_t{2} : size_t{1}};
}

/** What is read of the input: once by the tiles that share it, and at most by one of them. */
void LayerTotals::set_input(TileTotals &t) const {
  const Platform &p = platform_;
  const Cost load = p.nvm_read.fixed + p.fetch_input;
  const double pixels = static_cast<double>(t.rows->inside) * t.columns->inside;
  const double whole = t.columns->reading_whole;
  // Pixels join where a tile has all channels, rows where it also has all columns.
  const double joined =
      whole * t.rows->reading + (t.columns->reading - whole) * static_cast<double>(t.rows->inside);
  const double h = t.rows->most_inside, w = t.columns->most_inside;
  const double code = bo_element_bytes(&shape_) / 2.0;
  double transfers = 0, elements = 0, most_transfers = 0, most_channels = 0;
  const Parts parts = parts_of(t.tm, t.tn);
  for (size_t i = 0; i < parts.count; i++) {
    const Parts::Part &part = parts.part[i];
    transfers += part.whole ? joined : pixels * part.tiles;
    elements += code * pixels * part.channels;
    most_transfers += part.whole ? h : h * w;
    most_channels += std::min(part.channels, pool_ || channelwise_ ? t.tm : t.tn);
  }
  t.input = transfers * load + elements * p.nvm_read.per_element;
  t.input_most_J = most_transfers * load.energy_J +
                   code * h * w * most_channels * p.nvm_read.per_element.energy_J;
}

/** MAC calls of each span, or elements that a pool, add or concat takes in. */
void LayerTotals::set_compute(TileTotals &t) const {
  const Platform &p = platform_;
  const bo_shape &s = shape_;
  const double tr = t.rows->tile, tc = t.columns->tile, tm = t.tm;
  const double taps = static_cast<double>(s.kernel_h) * s.kernel_w;
  const double outputs = static_cast<double>(s.r) * s.c * s.m, tile_outputs = tr * tc * tm;
  const Cost element = p.add + p.pool;
  const auto pooled = [&](double of_layer, double of_tile) {
    for (int span = 0; span < 3; span++)
      t.compute[span] = of_layer * element, t.compute_most_J[span] = of_tile * element.energy_J;
  };
  switch (s.kind) {
  case BO_GLOBAL_AVG_POOL:
    return pooled(static_cast<double>(s.h) * s.w * s.m, tr * tc * tm);
  case BO_MAX_POOL:
  case BO_AVG_POOL: {
    const double rows = bo_covered(-s.pad_top, s.r, s.stride_h, s.kernel_h, s.h);
    const double columns = bo_covered(-s.pad_left, s.c, s.stride_w, s.kernel_w, s.w);
    return pooled(rows * columns * s.m, tile_outputs * taps);
  }
  case BO_ADD:
    return pooled(2 * outputs, 2 * tile_outputs);
  case BO_CONCAT:
    return pooled(outputs, tile_outputs);
  case BO_DEPTHWISE:
    // A call spans a row of the kernel whatever the design says.
    for (int span = 0; span < 3; span++) {
      t.compute[span] = outputs * s.kernel_h * call_ + outputs * taps * p.mac.per_element;
      t.compute_most_J[span] = tile_outputs * s.kernel_h * call_.energy_J +
                               tile_outputs * taps * p.mac.per_element.energy_J;
    }
    return;
  default:
    break;
  }
  const Cost products = outputs * taps * s.n * p.mac.per_element;
  const double ones = static_cast<double>(s.r) * t.columns->ones * s.m;
  const double calls[3] = {outputs * taps, outputs * s.kernel_h,
                           ones + (outputs - ones) * s.kernel_h};
  const double tile_calls[3] = {tile_outputs * taps, tile_outputs * s.kernel_h,
                                tile_outputs * (t.columns->tile == 1 ? 1 : s.kernel_h)};
  for (int span = 0; span < 3; span++) {
    t.compute[span] = calls[span] * t.trips.n * call_ + products;
    t.compute_most_J[span] =
        tile_calls[span] * call_.energy_J + tile_outputs * taps * t.tn * p.mac.per_element.energy_J;
  }
}

TileTotals LayerTotals::tile(uint32_t tr, uint32_t tc, uint32_t tm, uint32_t tn) const {
  const Platform &p = platform_;
  const bo_shape &s = shape_;
  TileTotals t{};
  t.rows = &rows(tr), t.columns = &columns(tc);
  t.tm = tm, t.tn = tn;
  t.own_channels = pool_ || channelwise_;
  const uint32_t code_bytes = bo_element_bytes(&s);
  const double code = code_bytes / 2.0;
  t.trips = {t.rows->trips, t.columns->trips, bo_ceil_div(s.m, tm),
             t.own_channels ? 1 : bo_ceil_div(s.n, tn)};
  t.m_full = s.m / tm;
  set_input(t);
  set_compute(t);
  const Cost load = p.nvm_read.fixed + p.fetch_weights;
  // A padded average pool divides each sum before it requantises it.
  const double results = s.kind == BO_AVG_POOL && bo_is_padded(&s) != 0 ? 2 : 1;
  const double outputs = static_cast<double>(s.r) * s.c * s.m;
  t.requantise = results * outputs * p.requantise;
  t.requantise_most = results;
  if (pool_) {
    t.output_transfers = t.trips.m;
    t.input_vm = bo_align4(code_bytes * tr * tc * tm);
    t.block_vm = 4 * tm;
  } else {
    // Joined pixels where a tile has all channels, joined rows where it has all columns too.
    t.output_transfers = tm < s.m                ? static_cast<double>(s.r) * s.c * t.trips.m
                         : t.columns->trips == 1 ? t.rows->trips
                                                 : static_cast<double>(s.r) * t.columns->trips;
    const uint32_t window_h = (tr - 1) * s.stride_h + s.kernel_h;
    const uint32_t window_w = (tc - 1) * s.stride_w + s.kernel_w;
    const uint32_t depth = channelwise_ ? tm * (s.kind == BO_ADD ? 2 : 1) : tn;
    t.input_vm = bo_align4(code_bytes * window_h * window_w * depth);
    t.block_vm = 4 * tr * tc * tm;
  }
  if (s.kind == BO_CONV || s.kind == BO_DEPTHWISE) {
    const uint32_t taps = static_cast<uint32_t>(s.kernel_h) * s.kernel_w;
    const uint32_t depth = channelwise_ ? 1 : s.n, tile_depth = channelwise_ ? 1 : tn;
    t.weights = static_cast<double>(t.trips.m) * t.trips.n * load +
                code * taps * s.m * depth * p.nvm_read.per_element;
    const uint32_t tile_weights = taps * tm * tile_depth;
    t.weights_most_J = load.energy_J + code * tile_weights * p.nvm_read.per_element.energy_J;
    t.weights_vm = bo_align4(code_bytes * tile_weights);
  }
  // Scales are read with the last visit as biases are with the first, as often and as many bytes.
  const uint32_t lists = (s.has_bias ? 1u : 0u) + (bo_has_scales(&s) ? 1u : 0u);
  if (lists > 0) {
    t.bias = static_cast<double>(lists) *
             (static_cast<double>(t.trips.m) * load + 2.0 * s.m * p.nvm_read.per_element);
    t.bias_most_J =
        static_cast<double>(lists) * (load.energy_J + 2.0 * tm * p.nvm_read.per_element.energy_J);
    t.bias_vm = lists * 4 * tm;
  }
  return t;
}

Cost LayerTotals::visit(const TileTotals &t, const bo_design &design) const {
  const Platform &p = platform_;
  const bo_shape &s = shape_;
  const auto reuse = static_cast<int>(reuse_of(design));
  const Cost fetch = p.nvm_read.fixed + p.fetch_output[reuse];
  const Cost back = p.nvm_write.fixed + p.backup_output[reuse];
  const bool c_out = bo_outside_n(&design, BO_C) != 0, m_out = bo_outside_n(&design, BO_M) != 0;
  const double rows = pool_ ? 1 : t.rows->trips, columns = pool_ ? 1 : t.columns->trips;
  double plane_transfers;
  if (pool_) {
    plane_transfers = t.trips.m;
  } else {
    const double joined_columns = c_out ? t.columns->full : columns == 1 ? 1 : 0;
    const double joined_m = m_out ? t.m_full : t.tm == s.m ? 1 : 0;
    plane_transfers = joined_m * (joined_columns * rows + (columns - joined_columns) * s.r) +
                      (t.trips.m - joined_m) * static_cast<double>(s.r) * s.c;
  }
  const double sums = 2.0 * s.r * s.c * s.m;
  return plane_transfers * (fetch + back) +
         sums * (p.nvm_read.per_element + p.nvm_write.per_element);
}

OrderTotals LayerTotals::order(const TileTotals &t, const Order &order, uint8_t span) const {
  const Platform &p = platform_;
  const bo_shape &s = shape_;
  const Sweep sweep = sweep_of(order.loops);
  bo_design design{};
  std::memcpy(design.order, order.loops, 4);
  const auto reuse = static_cast<int>(reuse_of(design));
  const Cost fetch = p.nvm_read.fixed + p.fetch_output[reuse];
  const Cost back = p.nvm_write.fixed + p.backup_output[reuse];
  const double outputs = static_cast<double>(s.r) * s.c * s.m;
  const bool r_out = bo_outside_n(&design, BO_R), c_out = bo_outside_n(&design, BO_C),
             m_out = bo_outside_n(&design, BO_M);
  const double rows = pool_ ? 1 : t.rows->trips, columns = pool_ ? 1 : t.columns->trips;
  const double sums = 2 * outputs;
  const Cost visit = this->visit(t, design);

  OrderTotals o{};
  o.sweep = t.trips.of(sweep, pool_);
  o.fixed = t.compute[span] + t.requantise + t.output_transfers * back +
            bo_element_bytes(&s) / 2.0 * outputs * p.nvm_write.per_element;
  o.fixed_bytes = bo_element_bytes(&s) * outputs;
  const double m = t.trips.m, readings = t.own_channels ? 1 : m;
  // Of a pool N steps over its input tiles.
  const double n = pool_ ? static_cast<double>(t.trips.r) * t.trips.c : t.trips.n;
  double visits = n;
  switch (sweep) {
  case Sweep::output_channels:
    o.fixed += rows * columns * (t.weights + t.bias);
    if (t.own_channels)
      o.fixed += t.input;
    else
      o.each = t.input;
    o.outer = rows * columns * n;
    break;
  case Sweep::space:
    o.fixed += readings * t.input;
    o.each = t.weights + t.bias;
    o.outer = m * n;
    break;
  case Sweep::rows:
    o.fixed += readings * t.input;
    o.each = columns * (t.weights + t.bias);
    o.outer = columns * m * n;
    break;
  case Sweep::columns:
    o.fixed += readings * t.input;
    o.each = rows * (t.weights + t.bias);
    o.outer = rows * m * n;
    break;
  case Sweep::input_channels:
    o.fixed += readings * t.input + rows * columns * (t.weights + t.bias);
    o.outer = rows * columns * m;
    visits = 1;
    // The sweep of a channelwise layer is one tile, which is visited once.
    if (channelwise_)
      break;
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
          (2 * (p.nvm_read.per_element + p.nvm_write.per_element).energy_J +
           t.requantise_most * p.requantise.energy_J);
  o.fixed_most_J = cycle_.energy_J;
  o.tile_most_J = t.compute_most_J[span];
  const bool input_once = sweep == Sweep::output_channels && !t.own_channels;
  (input_once ? o.fixed_most_J : o.tile_most_J) += t.input_most_J;
  const bool weights_once = reuse == static_cast<int>(Reuse::weights);
  (weights_once ? o.fixed_most_J : o.tile_most_J) += t.weights_most_J;
  (sweep == Sweep::output_channels ? o.tile_most_J : o.fixed_most_J) += t.bias_most_J;
  (sweep == Sweep::input_channels ? o.fixed_most_J : o.tile_most_J) += output_most_J;
  return o;
}

} // namespace brownout
