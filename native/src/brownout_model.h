/** The cost of a design under our own protocol (docs/protocol-brownout.md), by classes of batches.
 */
#pragma once

#include "batch.h"
#include "evaluation.h"

#include <map>

namespace brownout {

/** Tiles of one spatial dimension that are alike: extent, how much of the window lies inside, and
 * how much of the windows of their single outputs. */
struct SpanClass {
  uint16_t origin;
  uint16_t extent;
  int32_t input_origin;
  uint16_t window;
  uint16_t inside;
  uint32_t covered;
  uint32_t count;
};

/** Tiles of the M loop of a channelwise layer that are alike: extent, and of add and concat the
 * channels of either map. */
struct ChannelClass {
  uint32_t origin;
  uint32_t extent;
  uint32_t count;
};

/** Batches of one sweep over space: how many tiles of each (row class, column class), and how
 * often. */
struct SpatialChunk {
  /** Indexed by row class * column classes + column class. */
  std::vector<uint32_t> tiles;
  bool first;
  bool last;
  uint32_t count;
};

/**
 * Evaluates designs of one layer. It remembers the classes of the last tile sizes, so that a walk
 * in the order of a design space recomputes little. Not for use by several threads at once.
 */
class BrownoutModel {
public:
  BrownoutModel(const Platform &platform, const bo_shape &shape)
      : platform_(platform), shape_(shape) {}

  /** Whether the kernel takes every vector of the design's MAC calls: length and start. */
  bool aligned(const bo_design &design);

  /** Costs of all power cycles of the layer: one per batch. */
  void evaluate(const bo_design &design, const bo_nest &nest, const bo_plane &plane,
                Evaluation &evaluation);

  /** Calls visit(batch class, number of batches) for every class of batches. */
  template <class Visit>
  void for_each_class(const bo_design &design, const bo_nest &nest, Visit &&visit);

private:
  struct Axis {
    uint32_t tile = 0;
    std::vector<SpanClass> classes;
    std::vector<uint16_t> class_of;
  };

  void use(const bo_design &design);
  void use_channels(uint32_t tm);
  bo_tile tile(const SpanClass &row, const SpanClass &column, uint32_t m0, uint32_t channels,
               uint32_t n0, uint32_t depth) const;
  const std::vector<SpatialChunk> &spatial_chunks(const bo_design &design, const bo_nest &nest);
  const std::vector<SpatialChunk> &channel_chunks(const bo_design &design, const bo_nest &nest);
  template <class Visit>
  void for_each_outer_pool(const bo_design &design, const bo_nest &nest, Visit &&visit);
  template <class Visit>
  void for_each_channelwise(const bo_design &design, const bo_nest &nest, Visit &&visit);

  const Platform &platform_;
  const bo_shape shape_;
  Axis rows_, columns_;
  /** By S and the order of the two spatial loops, for the tile sizes at hand. */
  std::map<uint32_t, std::vector<SpatialChunk>> chunks_;
  /** Of a channelwise layer: classes of the M loop's tiles, for tiles of channel_tile_ channels. */
  uint32_t channel_tile_ = 0;
  std::vector<ChannelClass> channels_;
  std::vector<uint16_t> channel_of_;
  /** By S. */
  std::map<uint32_t, std::vector<SpatialChunk>> channel_chunks_;
  BatchClass batch_;
};

} // namespace brownout

#include "brownout_classes.h"
