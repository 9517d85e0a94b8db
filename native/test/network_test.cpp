/** Whole networks: their fronts against every combination of layers' designs, and their limits. */
#include "check.h"
#include "fixtures.h"
#include "fronts.h"
#include "network.h"

using namespace test;

namespace {

const std::atomic<bool> NEVER{false};

TEST("explore_networks() explores layers that are alike once, with equal answers", {
  NetworkRequest request{};
  request.protocol = Protocol::brownout, request.power = Power::intermittent;
  request.platform = platform();
  bo_shape shape{};
  shape.kind = BO_CONV, shape.element_bytes = 2;
  shape.h = shape.w = shape.r = shape.c = shape.kernel_h = shape.kernel_w = 1;
  shape.n = shape.m = 24, shape.stride_h = shape.stride_w = 1;
  request.input_elements = 24;
  request.layers = {{shape, false, {-1}, 24}, {shape, false, {0}, 24}};
  const auto answers = explore_networks({request, request}, 2, NEVER);
  CHECK(answers->at(0).layers[0] == answers->at(1).layers[1]);
  CHECK(answers->at(0).feasible);
  const double layer_s = answers->at(0).layers[0]->best.front().latency_s;
  CHECK_NEAR(answers->at(0).latency_s, 2 * layer_s + answers->at(0).delivery->latency_s, 1e-12);
});

/** A chain of convs whose layers have fronts of several points. */
NetworkRequest random_chain(Dice &dice) {
  NetworkRequest request{};
  request.protocol = Protocol::brownout, request.power = Power::intermittent;
  request.space = Space::full;
  request.platform = platform();
  request.platform.vm_bytes = dice.pick(300, 1200);
  request.platform.buffer.capacitance_F = dice.real(0.005, 0.01);
  // Maps alone take some hundred bytes: what is left for planes differs and sometimes binds.
  request.platform.nvm_bytes = dice.pick(0, 1) == 0 ? 524288 : dice.pick(3000, 12000);
  bo_shape shape{};
  shape.element_bytes = 2;
  shape.kind = BO_CONV, shape.stride_h = shape.stride_w = 1, shape.has_bias = 1;
  shape.r = shape.h = static_cast<uint16_t>(dice.pick(10, 20)), shape.kernel_w = 1;
  shape.w = shape.c = static_cast<uint16_t>(dice.pick(1, 4));
  shape.m = static_cast<uint16_t>(dice.pick(4, 12));
  request.input_elements = static_cast<uint32_t>(shape.h) * shape.w * shape.m;
  for (int i = 0; i < 3; i++) {
    shape.kernel_h = static_cast<uint16_t>(dice.pick(1, 3));
    shape.h = shape.r, shape.n = shape.m;
    shape.r = static_cast<uint16_t>(shape.h - shape.kernel_h + 1);
    shape.m = static_cast<uint16_t>(dice.pick(8, 24));
    const auto outputs = static_cast<uint32_t>(shape.r) * shape.c * shape.m;
    request.layers.push_back({shape, false, {i - 1}, outputs, {}});
  }
  return request;
}

/** The sums of every combination of one design per layer. */
std::vector<Scores> all_sums(const NetworkAnswer &answer) {
  std::vector<Scores> sums{answer.delivery->scores()};
  for (const auto &layer : answer.layers) {
    std::vector<Scores> more;
    for (const Scores &sum : sums)
      for (const CostedDesign &design : layer->best) {
        Scores next = sum;
        more.push_back(next += design.scores());
      }
    sums = std::move(more);
  }
  return sums;
}

TEST("explore_networks() gives the front of every combination of its layers' fronts", {
  Dice dice(31);
  int larger = 0, bound_by_nvm = 0;
  for (int i = 0; i < 120; i++) {
    NetworkRequest request = random_chain(dice);
    request.objective = Objective::pareto;
    const auto answer = explore_networks({request}, 1, NEVER)->front();
    if (!answer.feasible)
      continue;
    std::vector<CostedDesign> points;
    for (const NetworkPoint &point : answer.front) {
      CostedDesign costed{};
      costed.latency_s = point.scores.latency_s, costed.energy_J = point.scores.energy_J;
      costed.written_bytes = point.scores.written_bytes;
      points.push_back(costed);
      Scores sum = answer.delivery->scores();
      for (size_t layer = 0; layer < point.choices.size(); layer++)
        sum += answer.layers[layer]->best[point.choices[layer]].scores();
      CHECK(at_most(sum, point.scores, 1 + 1e-12) && at_most(point.scores, sum, 1 + 1e-12));
    }
    check_front(points, all_sums(answer));
    CHECK_NEAR(answer.latency_s, answer.front.front().scores.latency_s, 1e-12);
    CHECK(answer.nvm->total_bytes <= request.platform.nvm_bytes);
    larger += answer.front.size() > 3;
    for (const auto &layer : answer.layers)
      bound_by_nvm += layer->rejections[static_cast<size_t>(Binding::nvm)].count > 0;
  }
  CHECK(larger > 20);
  CHECK(bound_by_nvm > 5);
});

TEST("explore_networks() finds the least energy and wear within a latency limit", {
  Dice dice(32);
  int moved = 0;
  for (int i = 0; i < 60; i++) {
    NetworkRequest request = random_chain(dice);
    request.objective = Objective::pareto;
    const auto free = explore_networks({request}, 1, NEVER)->front();
    if (!free.feasible || free.front.size() < 2)
      continue;
    const double fastest_s = free.front.front().scores.latency_s;
    const double slowest_s = free.front.back().scores.latency_s;
    request.latency_limit_s = dice.real(fastest_s, slowest_s);
    for (Objective objective : {Objective::energy, Objective::wear}) {
      request.objective = objective;
      const auto answer = explore_networks({request}, 1, NEVER)->front();
      CHECK(answer.feasible && answer.latency_s <= request.latency_limit_s && answer.front.empty());
      const Scores got{answer.latency_s, answer.energy_J, answer.written_bytes};
      double least = INFINITY;
      for (const Scores &sum : all_sums(free))
        if (sum.latency_s <= request.latency_limit_s)
          least = std::fmin(least, sum.of(objective));
      CHECK_NEAR(got.of(objective), least, 1e-10);
      moved += answer.latency_s > fastest_s * 1.001;
    }
    request.latency_limit_s = fastest_s * 0.9;
    const auto missed = explore_networks({request}, 1, NEVER)->front();
    CHECK(!missed.feasible && missed.misses.size() == 1);
    CHECK(missed.misses.front().binding == Binding::latency);
    CHECK_NEAR(missed.misses.front().violation, fastest_s * 0.1, 1e-9);
  }
  CHECK(moved > 10);
});

} // namespace
