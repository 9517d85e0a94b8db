#include "host_inference.h"

#include "parallel.h"

extern "C" {
#include "compute.h"
}

#include <algorithm>
#include <cstring>

namespace brownout {
namespace {

/** Samples that a thread takes at a time. */
constexpr size_t CHUNK = 16;

/** The whole layer as one tile. */
bo_design whole(const bo_shape &shape) {
  bo_design design{};
  const bool pools = shape.kind == BO_GLOBAL_AVG_POOL;
  design.tr = pools ? shape.h : shape.r;
  design.tc = pools ? shape.w : shape.c;
  design.tm = shape.m;
  design.tn = shape.n;
  const uint8_t order[4] = {BO_R, BO_C, BO_M, BO_N};
  std::copy(order, order + 4, design.order);
  design.span = BO_SPAN_WINDOW;
  design.s = 1;
  return design;
}

bo_tile only_tile(const bo_shape &shape, const bo_design &design) {
  const bo_nest nest = bo_nest_make(&shape, &design);
  const bo_batch batch = bo_nest_batch(&nest, &design, 0);
  return bo_nest_tile(&shape, &design, &nest, &batch, 0);
}

/** Maps and sums of one thread. */
class Inference {
public:
  explicit Inference(const IntegerNetwork &network)
      : network_(network), input_(network.input_elements * network.element_bytes),
        maps_(network.layers.size()) {
    size_t sums = 0;
    for (size_t i = 0; i < maps_.size(); i++) {
      maps_[i].resize(network.layers[i].output_elements * network.element_bytes);
      sums = std::max(sums, network.layers[i].output_elements);
    }
    sums_.resize(sums);
  }

  void run(const int16_t *input, int16_t *output) {
    narrow(input, input_);
    for (size_t i = 0; i < maps_.size(); i++)
      layer(i);
    const std::vector<uint8_t> &last = maps_.back();
    if (network_.element_bytes == 2)
      std::memcpy(output, last.data(), last.size());
    else
      std::transform(last.begin(), last.end(), output,
                     [](uint8_t code) { return static_cast<int8_t>(code); });
  }

private:
  const std::vector<uint8_t> &map(int index) const {
    return index < 0 ? input_ : maps_[static_cast<size_t>(index)];
  }

  void narrow(const int16_t *from, std::vector<uint8_t> &to) const {
    if (network_.element_bytes == 2)
      std::memcpy(to.data(), from, to.size());
    else
      for (size_t i = 0; i < to.size(); i++)
        to[i] = static_cast<uint8_t>(from[i]);
  }

  void layer(size_t index) {
    const IntegerLayer &l = network_.layers[index];
    const bo_shape *shape = &l.shape;
    std::vector<uint8_t> &out = maps_[index];
    if (l.moves_nothing) {
      out = map(l.inputs[0]);
      return;
    }
    const bo_design design = whole(*shape);
    const bo_tile tile = only_tile(*shape, design);
    int32_t *sums = sums_.data();
    if (shape->kind == BO_MAX_POOL)
      bo_compute_start_maximum(&tile, sums);
    else
      bo_compute_start(&tile, l.bias.empty() ? nullptr : l.bias.data(), sums);
    if (bo_has_second(shape)) {
      joined_ = map(l.inputs[0]);
      const std::vector<uint8_t> &second = map(l.inputs[1]);
      joined_.insert(joined_.end(), second.begin(), second.end());
      bo_compute_joined(shape, &tile, l.multipliers, joined_.data(), sums);
    } else {
      const uint8_t *in = framed(*shape, tile, map(l.inputs[0]));
      if (shape->kind == BO_CONV)
        bo_compute_products(shape, &design, &tile, in, l.weights.data(), sums);
      else if (shape->kind == BO_GLOBAL_AVG_POOL)
        bo_compute_pool(shape, &tile, in, sums);
      else if (shape->kind == BO_DEPTHWISE)
        bo_compute_depthwise(shape, &tile, in, l.weights.data(), sums);
      else
        bo_compute_windows(shape, &tile, in, sums);
    }
    bo_compute_finish(shape, &tile, sums);
    bo_compute_codes(shape, &tile, &l.by, l.scales.empty() ? nullptr : l.scales.data(), sums,
                     out.data());
  }

  /** The window of a tile: the map with zeros around it and without rows that no kernel reaches. */
  const uint8_t *framed(const bo_shape &shape, const bo_tile &tile,
                        const std::vector<uint8_t> &map) {
    const bool whole_map =
        tile.y0 == 0 && tile.x0 == 0 && tile.window_w == shape.w && tile.window_h <= shape.h;
    if (whole_map)
      return map.data();
    const size_t pixel = size_t{shape.n} * network_.element_bytes;
    frame_.assign(size_t{tile.window_h} * tile.window_w * pixel, 0);
    uint16_t y, h, x, w;
    bo_inside(&shape, &tile, &y, &h, &x, &w);
    for (size_t row = 0; row < h; row++) {
      const size_t down = y + row - static_cast<size_t>(tile.y0);
      const size_t right = x - static_cast<size_t>(tile.x0);
      std::memcpy(frame_.data() + (down * tile.window_w + right) * pixel,
                  map.data() + ((y + row) * shape.w + x) * pixel, w * pixel);
    }
    return frame_.data();
  }

  const IntegerNetwork &network_;
  std::vector<uint8_t> input_;
  std::vector<std::vector<uint8_t>> maps_;
  std::vector<uint8_t> frame_, joined_;
  std::vector<int32_t> sums_;
};

} // namespace

const char *beyond_kernels(const IntegerLayer &layer) {
  const bo_shape &s = layer.shape;
  if (layer.moves_nothing || s.kind != BO_CONV)
    return nullptr;
  const uint64_t row = ((s.c - 1u) * uint64_t{s.stride_w} + s.kernel_w) * s.n;
  const uint64_t window = uint64_t{s.kernel_h} * s.kernel_w * s.n;
  return row > UINT16_MAX || window > UINT16_MAX
             ? "has a row or a kernel of more than 65535 elements"
             : nullptr;
}

void infer_all(const IntegerNetwork &network, const int16_t *inputs, size_t samples,
               unsigned threads, int16_t *outputs) {
  const size_t output_elements = network.layers.back().output_elements;
  parallel_for((samples + CHUNK - 1) / CHUNK, threads, [&](size_t chunk) {
    Inference inference(network);
    const size_t end = std::min(samples, (chunk + 1) * CHUNK);
    for (size_t i = chunk * CHUNK; i < end; i++)
      inference.run(inputs + i * network.input_elements, outputs + i * output_elements);
  });
}

} // namespace brownout
