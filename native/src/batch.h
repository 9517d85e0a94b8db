/**
 * What one preservation batch does, as docs/protocol-brownout.md charges it, told to a sink. The
 * closed form tells it per class of tiles, the test twin tile by tile; the sink adds up costs or
 * counts.
 */
#pragma once

#include "design.h"
#include "nest.h"
#include "schemes.h"

#include <vector>

namespace brownout {

/** `count` tiles of a batch that are alike in everything that costs. */
struct TileGroup {
  bo_tile tile;
  uint32_t count;
};

/** A class of batches: its tiles, and whether they are the first or the last visit of their
 * outputs. */
struct BatchClass {
  std::vector<TileGroup> groups;
  bool first_visit;
  bool last_visit;
};

/** The outputs of a tile, which leave VM in groups. */
struct Groups {
  uint32_t outputs;
  /** Outputs that lie side by side in NVM. */
  uint32_t run;
  /** Outputs of a group. */
  uint32_t b;
  /** Of one output. */
  double elements;
};

/** A sink that adds up the cost of a batch; elements are 2 bytes, an int8 code is half of one. */
class CostSink {
public:
  CostSink(const Platform &platform, Reuse reuse)
      : platform_(platform), fetch_sums_(platform.fetch_output[static_cast<int>(reuse)]),
        backup_(platform.backup_output[static_cast<int>(reuse)]),
        mac_overhead_(platform.add + platform.partial_sum + platform.accumulate),
        pool_(platform.add + platform.pool) {}

  void boot() { cost_ += platform_.reboot + 2.0 * platform_.nvm_read.of(8); }
  void commit() { cost_ += platform_.record(); }
  void read_input(double count, double elements) {
    cost_ += count * (platform_.nvm_read.of(elements) + platform_.fetch_input);
  }
  void read_weights(double count, double elements) {
    cost_ += count * (platform_.nvm_read.of(elements) + platform_.fetch_weights);
  }
  void read_sums(double count, double elements) {
    cost_ += count * (platform_.nvm_read.of(elements) + fetch_sums_);
  }
  void write_outputs(double count, double elements) {
    cost_ += count * (platform_.nvm_write.of(elements) + backup_);
  }
  void write_sums(double count, double elements) { write_outputs(count, elements); }
  void write_groups(const char *, double tiles, const Groups &g) {
    const double transfers = tiles * bo_group_transfers(g.outputs, g.run, g.b);
    cost_ += transfers * (platform_.nvm_write.fixed + backup_) +
             tiles * g.outputs * g.elements * platform_.nvm_write.per_element;
  }
  void mark(double marks) {
    cost_ += marks * platform_.nvm_write.of(4);
    marks_ += marks;
  }
  void read_marks(double marks) { cost_ += marks * platform_.nvm_read.of(4); }
  void state(const char *, double codes) { cost_ += codes * platform_.add; }
  void mac(double calls, uint32_t length) {
    cost_ += calls * (platform_.mac.of(length) + mac_overhead_);
  }
  void pool(double elements) { cost_ += elements * pool_; }
  void requantise(double outputs) { cost_ += outputs * platform_.requantise; }

  const Cost &cost() const { return cost_; }
  double marks() const { return marks_; }

private:
  const Platform &platform_;
  Cost fetch_sums_, backup_, mac_overhead_, pool_;
  Cost cost_;
  double marks_ = 0;
};

inline double transfer_count(const bo_transfers &t) {
  return static_cast<double>(t.rows) * t.columns;
}

/**
 * Tells `sink` everything that a batch of this class does. Only of scheme tile is a batch a power
 * cycle of its own, with its boot and its record; tell_layer_end() tells what the others write
 * once.
 */
template <class Sink>
void tell_batch(const bo_shape &shape, const bo_design &design, const bo_plane &plane,
                const BatchClass &batch, Sink &sink) {
  const Reuse reuse = reuse_of(design);
  // Only a convolution's input outlives a step over M: other kinds have channels of their own.
  const bool keeps_input = reuse == Reuse::input && shape.kind == BO_CONV;
  const double code = bo_element_bytes(&shape) / 2.0;
  const bool has_weights = shape.kind == BO_CONV || shape.kind == BO_DEPTHWISE;
  const bool is_cycle = design.scheme == BO_SCHEME_TILE;
  const bool grouped = has_groups(design.scheme);
  if (is_cycle)
    sink.boot();
  bool once = true;
  for (const TileGroup &group : batch.groups) {
    const bo_tile &tile = group.tile;
    const double each = group.count, first = once ? 1 : 0;
    // What the reuse loop leaves untouched is loaded with the first tile of the batch.
    const double inputs = keeps_input ? first : each;
    const double weights = reuse == Reuse::weights ? first : each;
    const double outputs = reuse == Reuse::output ? first : each;
    once = false;

    const bo_transfers input = bo_input_transfers(&shape, &tile);
    sink.read_input(inputs * transfer_count(input), code * input.elements);
    const bo_transfers second = bo_second_transfers(&shape, &tile);
    sink.read_input(inputs * transfer_count(second), code * second.elements);
    if (design.scheme == BO_SCHEME_STATEFUL)
      sink.state("strip", inputs * (transfer_count(input) * input.elements +
                                    transfer_count(second) * second.elements));
    if (has_weights) {
      sink.read_weights(weights, code * bo_weight_elements(&shape, &tile));
      const bo_macs macs = bo_tile_macs(&shape, &design, &tile);
      sink.mac(each * macs.calls, macs.length);
    } else {
      sink.pool(each * bo_pooled(&shape, &tile));
    }
    const double channels = reuse == Reuse::input ? each : first;
    if (batch.first_visit) {
      if (shape.has_bias)
        sink.read_weights(channels, 2u * tile.channels);
    } else {
      const bo_transfers sums = bo_plane_transfers(&plane, &tile);
      sink.read_sums(outputs * transfer_count(sums), 2u * sums.elements);
    }
    const uint32_t tile_outputs = bo_tile_outputs(&tile);
    if (batch.last_visit) {
      const bo_transfers scales = bo_scale_transfers(&shape, &tile);
      sink.read_weights(channels * transfer_count(scales), 2u * scales.elements);
      sink.requantise(outputs * tile_outputs);
      sink.requantise(outputs * bo_divided(&shape, &tile));
    }
    if (grouped) {
      const uint32_t run =
          batch.last_visit ? bo_output_run(&shape, &tile) : bo_plane_run(&plane, &tile);
      sink.write_groups(batch.last_visit ? "write outputs" : "write sums", outputs,
                        {tile_outputs, run, design.b, batch.last_visit ? code : 2.0});
      if (design.scheme == BO_SCHEME_HAWAII)
        sink.mark(outputs * bo_groups(tile_outputs, design.b));
      else
        sink.state("set", outputs * tile_outputs);
    } else if (batch.last_visit) {
      const bo_transfers codes = bo_output_transfers(&shape, &tile);
      sink.write_outputs(outputs * transfer_count(codes), code * codes.elements);
    } else {
      const bo_transfers sums = bo_plane_transfers(&plane, &tile);
      sink.write_sums(outputs * transfer_count(sums), 2u * sums.elements);
    }
  }
  if (is_cycle)
    sink.commit();
}

/** What a layer writes once, behind its last batch. */
template <class Sink> void tell_layer_end(uint8_t scheme, Sink &sink) {
  // The record stands for the last group's mark.
  if (scheme == BO_SCHEME_HAWAII)
    sink.mark(-1);
  if (scheme != BO_SCHEME_TILE && scheme != BO_SCHEME_IDEAL)
    sink.commit();
}

} // namespace brownout
