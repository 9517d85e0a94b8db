#include "nvm_plan.h"

#include "format.h"

#include <algorithm>
#include <numeric>

namespace brownout {

namespace {

constexpr uint64_t BIAS_BYTES = 4;

uint64_t align4(uint64_t bytes) { return (bytes + 3) & ~uint64_t{3}; }

/** A map, alive during the layers [from, to]. */
struct Slot {
  uint64_t bytes;
  int from;
  int to;
  uint64_t offset;
};

bool overlap(const Slot &a, const Slot &b) { return a.from <= b.to && b.from <= a.to; }

/** First fit, largest first, earlier first among equals; returns the arena's size. */
uint64_t place(std::vector<Slot> &slots) {
  std::vector<size_t> order(slots.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return slots[a].bytes > slots[b].bytes; });
  uint64_t end = 0;
  std::vector<size_t> placed;
  for (size_t i : order) {
    Slot &slot = slots[i];
    std::vector<const Slot *> neighbours;
    for (size_t j : placed)
      if (overlap(slot, slots[j]))
        neighbours.push_back(&slots[j]);
    std::sort(neighbours.begin(), neighbours.end(),
              [](const Slot *a, const Slot *b) { return a->offset < b->offset; });
    slot.offset = 0;
    for (const Slot *other : neighbours) {
      if (slot.offset + slot.bytes <= other->offset)
        break;
      slot.offset = std::max(slot.offset, other->offset + other->bytes);
    }
    end = std::max(end, slot.offset + slot.bytes);
    placed.push_back(i);
  }
  return end;
}

} // namespace

NvmPlan plan_nvm(uint32_t input_elements, const std::vector<PlannedLayer> &layers,
                 uint32_t element_bytes) {
  const uint64_t code = element_bytes;
  NvmPlan plan{};
  const uint32_t outputs = layers.back().output_elements;
  plan.records = BO_NVM_RECORDS;
  plan.releases = BO_NVM_RELEASES;
  plan.results = BO_NVM_RESULTS;
  plan.result_stride_bytes = bo_result_stride(outputs, element_bytes);
  plan.header = bo_header_address(outputs, element_bytes);

  uint64_t at = plan.header + BO_HEADER_BYTES;
  for (const PlannedLayer &layer : layers) {
    plan.weights.push_back(layer.weight_elements > 0 ? at : 0);
    at = align4(at + layer.weight_elements * code);
    plan.biases.push_back(layer.bias_elements > 0 ? at : 0);
    at = align4(at + layer.bias_elements * BIAS_BYTES);
    plan.scales.push_back(layer.scale_elements > 0 ? at : 0);
    at += uint64_t{layer.scale_elements} * BO_SCALE_BYTES;
  }
  plan.image_bytes = at;

  // Slot 0 is the network's input; a layer that shares its input has no slot of its own.
  const int end = static_cast<int>(layers.size());
  std::vector<Slot> slots{{align4(input_elements * code), -1, -1, 0}};
  std::vector<size_t> slot_of;
  for (int i = 0; i < end; i++) {
    const PlannedLayer &layer = layers[static_cast<size_t>(i)];
    const auto slot_at = [&](int map) { return map < 0 ? 0 : slot_of[static_cast<size_t>(map)]; };
    for (int input : layer.inputs)
      slots[slot_at(input)].to = i;
    if (layer.shares_input) {
      slot_of.push_back(slot_at(layer.inputs.front()));
    } else {
      slot_of.push_back(slots.size());
      slots.push_back({align4(layer.output_elements * code), i, i, 0});
    }
  }
  slots[slot_of.back()].to = end;
  plan.arena_end = plan.image_bytes + place(slots);
  plan.input_map = plan.image_bytes + slots.front().offset;
  for (size_t slot : slot_of)
    plan.maps.push_back(plan.image_bytes + slots[slot].offset);
  place_planes(plan, 0);
  return plan;
}

void place_planes(NvmPlan &plan, uint64_t plane_bytes) {
  plan.planes[0] = plan.arena_end;
  plan.planes[1] = plan.arena_end + plane_bytes;
  plan.total_bytes = plan.arena_end + 2 * plane_bytes;
}

} // namespace brownout
