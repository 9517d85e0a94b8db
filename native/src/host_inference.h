/**
 * Integer inference by the runtime's own kernels, a layer at once and without NVM: what a network
 * answers to many samples, in little time. Bit for bit the boards' answer, since no tiling changes
 * a sum (network/integer/ROUNDING.md).
 */
#pragma once

#include "format.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace brownout {

/** A layer with its constants, as network/integer/inference.ts has them. */
struct IntegerLayer {
  bo_shape shape{};
  /** A flatten: its map is that of its input. */
  bool moves_nothing = false;
  /** Layers whose maps are read; -1: the network's input. */
  std::vector<int> inputs;
  size_t output_elements = 0;
  /** Codes of the shape's element_bytes, [M][Kh][Kw][N]. */
  std::vector<uint8_t> weights;
  std::vector<int32_t> bias;    /**< [M], or empty */
  std::vector<bo_scale> scales; /**< [M], or empty */
  bo_requantisation by{};
  int16_t multipliers[2] = {0, 0}; /**< of add and concat */
};

struct IntegerNetwork {
  uint32_t element_bytes = 2;
  size_t input_elements = 0;
  std::vector<IntegerLayer> layers;
};

/**
 * Why the kernels' formats cannot hold a layer; null where they can: a window row and a window
 * count their elements in 16 bits.
 */
const char *beyond_kernels(const IntegerLayer &layer);

/**
 * Runs `samples` inputs on several threads.
 * @param inputs codes [samples][h][w][channels] @param outputs receives [samples][outputs]
 */
void infer_all(const IntegerNetwork &network, const int16_t *inputs, size_t samples,
               unsigned threads, int16_t *outputs);

} // namespace brownout
