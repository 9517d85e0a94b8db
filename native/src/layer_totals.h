/**
 * What a whole layer costs under a design, in closed form over all batches: exact sums, but no
 * single power cycle. Costs are affine in elements, so sums of sizes and numbers of transfers do.
 */
#pragma once

#include "full_space.h"
#include "platform.h"

namespace brownout {

/** Sums over the tiles of one spatial dimension, of one tile size. */
struct AxisTotals {
  uint32_t tile;
  uint32_t trips;
  /** Tiles of full size. */
  uint32_t full;
  /** Rows or columns of input that are read, summed over the tiles. */
  uint64_t inside;
  /** The same of the tiles whose window is the whole row of the map, without padding. */
  uint64_t inside_whole;
  /** Tiles that read anything, and those of them whose window is the whole row. */
  uint32_t reading, reading_whole;
  /** Tiles of extent 1. */
  uint32_t ones;
  /** Rows or columns of a full tile's window that can lie inside the map. */
  uint32_t most_inside;
};

/** Of one tile, everything that does not depend on the order. */
struct TileTotals {
  const AxisTotals *rows, *columns;
  Trips trips;
  uint32_t tm, tn, m_full;
  /** Over all of rows, columns and n; where `own_channels`, of m. */
  Cost input;
  /** A tile's input channels are its M range: no input tile is read for another m. */
  bool own_channels;
  /** Over all of m and n. */
  Cost weights;
  /** Over all of m. */
  Cost bias;
  /** Over the layer: MAC calls of each span, or pooling; requantising. */
  Cost compute[3];
  Cost requantise;
  /** Times that one output is requantised or divided. */
  double requantise_most;
  /** Transfers of output codes, over the layer. */
  double output_transfers;
  /** At least what any one tile costs: input, weights, bias, MAC calls of each span. */
  double input_most_J, weights_most_J, bias_most_J, compute_most_J[3];
  uint32_t input_vm, weights_vm, bias_vm, block_vm;
};

/**
 * The layer's cost as a function of the batches in a sweep: fixed + chunks * each, over `outer`
 * sweeps.
 */
struct OrderTotals {
  Cost fixed;
  Cost each;
  double outer;
  uint64_t sweep;
  /** Bytes written to NVM besides the records: fixed + chunks * each. */
  double fixed_bytes, each_bytes;
  /** At least what the worst power cycle uses: fixed_most_J + S * tile_most_J. */
  double fixed_most_J, tile_most_J;
  /** Bytes of one plane where an output tile is visited more than once. */
  uint64_t plane_bytes;
  bool planes_need_chunks;
};

class LayerTotals {
public:
  LayerTotals(const Platform &platform, const bo_shape &shape);

  /** @param tr in 1..R (a pool: 1..H) */
  const AxisTotals &rows(uint32_t tr) const { return rows_[tr - 1]; }
  const AxisTotals &columns(uint32_t tc) const { return columns_[tc - 1]; }

  TileTotals tile(uint32_t tr, uint32_t tc, uint32_t tm, uint32_t tn) const;
  OrderTotals order(const TileTotals &tile, const Order &order, uint8_t span) const;
  /** Writing all partial sums at one visit's end and reading them for the next. */
  Cost visit(const TileTotals &tile, const bo_design &design) const;

  uint32_t most_rows() const { return static_cast<uint32_t>(rows_.size()); }
  uint32_t most_columns() const { return static_cast<uint32_t>(columns_.size()); }

  /** Boot and commit: what every power cycle costs beside its batch. */
  const Cost &cycle() const { return cycle_; }

private:
  const Platform &platform_;
  const bo_shape shape_;
  bool pool_, channelwise_;
  std::vector<AxisTotals> rows_, columns_;
  struct Parts;
  Parts parts_of(uint32_t tm, uint32_t tn) const;
  void set_input(TileTotals &tile) const;
  void set_compute(TileTotals &tile) const;

  Cost cycle_, call_;
};

} // namespace brownout
