/** The NVM arena: maps that live at the same time never share a byte. */
#include "check.h"
#include "fixtures.h"
#include "nvm_plan.h"

using namespace test;

namespace {

TEST("plan_nvm() keeps maps apart that live at the same time, on 500 random networks", {
  Dice dice(21);
  for (int round = 0; round < 500; round++) {
    const int count = static_cast<int>(dice.pick(1, 12));
    const uint32_t input = dice.pick(1, 500);
    std::vector<PlannedLayer> layers;
    for (int i = 0; i < count; i++) {
      PlannedLayer layer{};
      const auto earlier = [&] {
        return static_cast<int>(dice.pick(0, static_cast<uint32_t>(i))) - 1;
      };
      layer.inputs = {earlier()};
      const int from = layer.inputs[0];
      layer.shares_input = dice.pick(0, 4) == 0;
      // Adds and concats read two maps.
      if (!layer.shares_input && dice.pick(0, 2) == 0)
        layer.inputs.push_back(earlier());
      layer.output_elements =
          layer.shares_input
              ? (from < 0 ? input : layers[static_cast<size_t>(from)].output_elements)
              : dice.pick(1, 500);
      layer.weight_elements = layer.shares_input ? 0 : dice.pick(0, 99);
      layer.bias_elements = layer.shares_input ? 0 : dice.pick(0, 9);
      layers.push_back(layer);
    }
    const NvmPlan plan = plan_nvm(input, layers);
    const auto address = [&](int map) {
      return map < 0 ? plan.input_map : plan.maps[static_cast<size_t>(map)];
    };
    const auto bytes = [&](int map) -> uint64_t {
      return 2 * (map < 0 ? input : layers[static_cast<size_t>(map)].output_elements);
    };
    // Which map's contents lie at each address, walked layer by layer: every read finds its own.
    std::vector<int> owner(plan.arena_end, -2);
    const auto own = [&](int map, int as) {
      for (uint64_t a = address(map); a < address(map) + bytes(map); a++)
        owner.at(a) = as;
    };
    std::vector<int> origin;
    own(-1, -1);
    for (int i = 0; i < count; i++) {
      const int from = layers[static_cast<size_t>(i)].inputs[0];
      const int source = from < 0 ? -1 : origin[static_cast<size_t>(from)];
      if (layers[static_cast<size_t>(i)].shares_input) {
        CHECK(address(i) == address(from));
        origin.push_back(source);
      } else {
        own(i, i);
        origin.push_back(i);
      }
      for (int read : layers[static_cast<size_t>(i)].inputs) {
        const int written = read < 0 ? -1 : origin[static_cast<size_t>(read)];
        for (uint64_t a = address(read); a < address(read) + bytes(read); a++)
          CHECK(owner.at(a) == written);
      }
    }
    for (uint64_t a = address(count - 1); a < address(count - 1) + bytes(count - 1); a++)
      CHECK(owner.at(a) == origin.back());
    CHECK(plan.input_map >= plan.image_bytes && plan.input_map % 4 == 0);
    CHECK(plan.total_bytes == plan.arena_end);
  }
});

TEST("place_planes() puts two planes behind the arena", {
  NvmPlan plan = plan_nvm(10, {{{-1}, 6, 60, 6, false}});
  const uint64_t end = plan.arena_end;
  place_planes(plan, 40);
  CHECK(plan.planes[0] == end && plan.planes[1] == end + 40 && plan.total_bytes == end + 80);
  // 48 bytes of records and releases, two result slots of 20, two marks of 8, a header of 32.
  CHECK(plan.weights[0] == 48 + 40 + 16 + 32 && plan.biases[0] == plan.weights[0] + 120);
});

} // namespace
