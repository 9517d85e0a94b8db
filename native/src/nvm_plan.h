/** Where everything lies in NVM (runtime-c/core/format.h): regions, constants, maps by lifetimes,
 * planes. */
#pragma once

#include <cstdint>
#include <vector>

namespace brownout {

/** What the plan needs of a layer; `inputs` are indices of layers, -1 the network's input. */
struct PlannedLayer {
  std::vector<int> inputs;
  uint32_t output_elements;
  uint32_t weight_elements;
  uint32_t bias_elements;
  /** Its output map is its input map under another shape (flatten). */
  bool shares_input;
  /** Output channels with a bo_scale of their own. */
  uint32_t scale_elements = 0;
};

struct NvmPlan {
  uint32_t records, releases, results, result_stride_bytes, header;
  std::vector<uint64_t> weights, biases, scales;
  uint64_t input_map;
  std::vector<uint64_t> maps;
  uint64_t planes[2];
  uint64_t image_bytes;
  /** Without planes. */
  uint64_t arena_end;
  uint64_t total_bytes;
};

/**
 * Plans everything but the planes. A map lives from the layer that writes it to the last that reads
 * it, both included, so a layer never writes over what it reads; the network's output lives to the
 * end.
 */
NvmPlan plan_nvm(uint32_t input_elements, const std::vector<PlannedLayer> &layers,
                 uint32_t element_bytes = 2);

/** Appends the two planes, each as large as the largest that a layer needs. */
void place_planes(NvmPlan &plan, uint64_t plane_bytes);

} // namespace brownout
