/**
 * The full design space: every tile size with ragged ends, every S, every order of the four tile
 * loops, the three MAC spans; what of it is equal or dominated, and how much of it there is.
 */
#pragma once

#include "design.h"
#include "nest.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace brownout {

/** Numbers of designs: products of four sizes, trips and S exceed 64 bits for large layers. */
__extension__ typedef unsigned __int128 DesignCount;

/** Axes that a request holds fixed; 0 and NOT_PINNED leave them free. */
struct Pins {
  static constexpr uint8_t NOT_PINNED = 0xff;
  uint16_t tr = 0, tc = 0, tm = 0, tn = 0, s = 0;
  uint8_t order[4] = {NOT_PINNED, NOT_PINNED, NOT_PINNED, NOT_PINNED};
  uint8_t span = NOT_PINNED;

  bool operator==(const Pins &) const = default;
  bool pins_order() const { return order[0] != NOT_PINNED; }
  bool any() const { return !(*this == Pins{}); }
};

/** Which loops a sweep runs over. */
enum class Sweep { input_channels, output_channels, rows, columns, space };

inline Sweep sweep_of(const uint8_t *order) {
  const uint8_t last = order[3], before = order[2];
  if (last == BO_N)
    return Sweep::input_channels;
  if (last == BO_M)
    return Sweep::output_channels;
  if (before == BO_R || before == BO_C)
    return Sweep::space;
  return last == BO_R ? Sweep::rows : Sweep::columns;
}

struct Order {
  uint8_t loops[4];
};

/**
 * Of the 24 orders, those of one sweep cost the same but for the planes of partial sums: a plane is
 * the smaller, and moves in the fewer transfers, the more loops lie outside N. So one order of each
 * sweep is never worse than the others, and it is the first of them by design_rank(): R and C
 * outside N where M is swept; M outside N where space is; all where N is. (Over space, row by row
 * and column by column differ in which tiles share a batch.)
 */
inline const std::vector<Order> &dominant_orders() {
  static const std::vector<Order> orders = {{{BO_R, BO_C, BO_N, BO_M}}, {{BO_C, BO_M, BO_N, BO_R}},
                                            {{BO_R, BO_M, BO_N, BO_C}}, {{BO_M, BO_N, BO_R, BO_C}},
                                            {{BO_M, BO_N, BO_C, BO_R}}, {{BO_R, BO_C, BO_M, BO_N}}};
  return orders;
}

/**
 * The same of a global pool, whose output has one row and one column: N steps over its input tiles,
 * and the twelve orders with R or C innermost are batches of one tile.
 */
inline const std::vector<Order> &pool_orders() {
  static const std::vector<Order> orders = {
      {{BO_R, BO_C, BO_N, BO_M}}, {{BO_R, BO_M, BO_N, BO_C}}, {{BO_R, BO_C, BO_M, BO_N}}};
  return orders;
}

/** Trip counts of the tile loops; of a pool `r` and `c` count input tiles. */
struct Trips {
  uint32_t r, c, m, n;

  uint64_t of(Sweep sweep, bool pool) const {
    switch (sweep) {
    case Sweep::input_channels:
      return pool ? static_cast<uint64_t>(r) * c : n;
    case Sweep::output_channels:
      return m;
    case Sweep::rows:
      return pool ? 1 : r;
    case Sweep::columns:
      return pool ? 1 : c;
    default:
      return pool ? 1 : static_cast<uint64_t>(r) * c;
    }
  }
};

/** A range of tile sizes, ends included. */
struct Sizes {
  uint32_t from, to;
  uint32_t count() const { return to < from ? 0 : to - from + 1; }
};

class FullSpace {
public:
  /** S is a 16-bit field. */
  static constexpr uint64_t MOST_S = UINT16_MAX;

  FullSpace(const bo_shape &shape, const Pins &pins) : pins_(pins) {
    pool_ = shape.kind == BO_GLOBAL_AVG_POOL;
    size_[0] = pool_ ? shape.h : shape.r;
    size_[1] = pool_ ? shape.w : shape.c;
    size_[2] = shape.m;
    const bool channelwise = bo_is_channelwise(&shape) != 0;
    size_[3] = pool_ || channelwise ? 1 : shape.n;
    const uint16_t pinned[4] = {pins.tr, pins.tc, pins.tm, pins.tn};
    for (int i = 0; i < 4; i++) {
      range_[i] = pinned[i] == 0 ? Sizes{1, size_[i]} : Sizes{pinned[i], pinned[i]};
      if (range_[i].to > size_[i])
        range_[i] = {1, 0};
      sums_[i].assign(size_[i] + 2, 0);
      for (uint32_t t = 1; t <= size_[i]; t++)
        sums_[i][t + 1] = sums_[i][t] + bo_ceil_div(size_[i], t);
    }
    if (pins.pins_order()) {
      Order order;
      std::memcpy(order.loops, pins.order, 4);
      orders_ = {order};
      weight_[static_cast<int>(sweep_of(order.loops))] = 1;
    } else if (pool_) {
      orders_ = pool_orders();
      weight_[static_cast<int>(Sweep::input_channels)] = 6;
      weight_[static_cast<int>(Sweep::output_channels)] = 6;
      weight_[static_cast<int>(Sweep::columns)] = 12;
    } else {
      orders_ = dominant_orders();
      weight_[static_cast<int>(Sweep::input_channels)] = 6;
      weight_[static_cast<int>(Sweep::output_channels)] = 6;
      weight_[static_cast<int>(Sweep::rows)] = 4;
      weight_[static_cast<int>(Sweep::columns)] = 4;
      weight_[static_cast<int>(Sweep::space)] = 4;
    }
    // Only a convolution's MAC calls depend on the span.
    for (uint8_t span = 0; span < (pool_ || channelwise ? 1 : 3); span++)
      if (pins.span == Pins::NOT_PINNED || pins.span == span)
        spans_.push_back(span);
  }

  bool pool() const { return pool_; }
  const Sizes &range(int axis) const { return range_[axis]; }
  const std::vector<Order> &orders() const { return orders_; }
  /** Ascending. */
  const std::vector<uint8_t> &spans() const { return spans_; }
  const Pins &pins() const { return pins_; }

  /** Values of S of a sweep of so many tiles. */
  uint64_t batch_sizes(uint64_t sweep) const {
    const uint64_t most = std::min(sweep, MOST_S);
    return pins_.s == 0 ? most : pins_.s <= most ? 1 : 0;
  }

  /** Designs, all orders and spans, of every tile in a box of sizes. */
  DesignCount count(const Sizes &tr, const Sizes &tc, const Sizes &tm, const Sizes &tn) const {
    const DesignCount cr = tr.count(), cc = tc.count(), cm = tm.count(), cn = tn.count();
    if (cr * cc * cm * cn == 0)
      return 0;
    const auto weight = [&](Sweep sweep) {
      return static_cast<DesignCount>(weight_[static_cast<int>(sweep)]);
    };
    DesignCount sum = 0;
    if (pool_) {
      sum += weight(Sweep::input_channels) * cm * products(tr, tc);
      sum += weight(Sweep::output_channels) * cr * cc * trips(2, tm);
      sum += (weight(Sweep::rows) + weight(Sweep::columns) + weight(Sweep::space)) * cr * cc * cm *
             batch_sizes(1);
    } else {
      sum += weight(Sweep::input_channels) * cr * cc * cm * trips(3, tn);
      sum += weight(Sweep::output_channels) * cr * cc * cn * trips(2, tm);
      sum += weight(Sweep::rows) * cc * cm * cn * trips(0, tr);
      sum += weight(Sweep::columns) * cr * cm * cn * trips(1, tc);
      if (weight(Sweep::space) > 0)
        sum += weight(Sweep::space) * cm * cn * products(tr, tc);
    }
    return sum * spans_.size();
  }

  DesignCount total() const { return count(range_[0], range_[1], range_[2], range_[3]); }

private:
  /** Sum over sizes of the values of S of a sweep over one loop. */
  DesignCount trips(int axis, const Sizes &sizes) const {
    if (pins_.s == 0)
      return sums_[axis][sizes.to + 1] - sums_[axis][sizes.from];
    DesignCount sum = 0;
    for (uint32_t t = sizes.from; t <= sizes.to; t++)
      sum += batch_sizes(bo_ceil_div(size_[axis], t));
    return sum;
  }

  /** Calls visit(trips, sizes that have so many): large sizes share few trip counts. */
  template <class Visit> void for_each_trips(int axis, const Sizes &sizes, Visit &&visit) const {
    for (uint32_t from = sizes.from; from <= sizes.to;) {
      const uint32_t trips = bo_ceil_div(size_[axis], from);
      const uint32_t last = trips == 1 ? sizes.to : (size_[axis] - 1) / (trips - 1);
      const uint32_t to = std::min(last, sizes.to);
      visit(trips, uint64_t{to} - from + 1);
      from = to + 1;
    }
  }

  DesignCount products(const Sizes &tr, const Sizes &tc) const {
    const uint64_t most = static_cast<uint64_t>(size_[0]) * size_[1];
    if (pins_.s == 0 && most <= MOST_S)
      return trips(0, tr) * trips(1, tc);
    DesignCount sum = 0;
    for_each_trips(0, tr, [&](uint64_t r, uint64_t rows) {
      for_each_trips(1, tc, [&](uint64_t c, uint64_t columns) {
        sum += static_cast<DesignCount>(rows * columns) * batch_sizes(r * c);
      });
    });
    return sum;
  }

  Pins pins_;
  bool pool_;
  uint32_t size_[4];
  Sizes range_[4];
  std::vector<uint64_t> sums_[4];
  std::vector<Order> orders_;
  std::vector<uint8_t> spans_;
  uint64_t weight_[5] = {};
};

} // namespace brownout
