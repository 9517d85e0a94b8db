/** Units: no joule is ever added to a second, neither in the source nor in what it computes. */
#include "capacitor.h"
#include "check.h"
#include "fixtures.h"
#include "network.h"

using namespace test;

namespace {

template <class A, class B>
concept Added = requires(A a, B b) { a + b; } || requires(A a, B b) { a - b; };
template <class A, class B>
concept AddedInPlace = requires(A a, B b) { a += b; } || requires(A a, B b) { a -= b; };
template <class A, class B>
concept Compared = requires(A a, B b) { a < b; } || requires(A a, B b) { a > b; } ||
                   requires(A a, B b) { a <= b; } || requires(A a, B b) { a >= b; } ||
                   requires(A a, B b) { a == b; };
template <class A, class B>
concept Assigned = requires(A a, B b) { a = b; } || std::is_constructible_v<A, B>;

TEST("Joules and Seconds are neither added, compared nor assigned to one another", {
  CHECK((!Added<Joules, Seconds> && !Added<Seconds, Joules>));
  CHECK((!AddedInPlace<Joules, Seconds> && !AddedInPlace<Seconds, Joules>));
  CHECK((!Compared<Joules, Seconds> && !Compared<Seconds, Joules>));
  CHECK((!Assigned<Joules, Seconds> && !Assigned<Seconds, Joules>));
  // Control: what the same expressions of one unit are, so that the concepts can be false.
  CHECK((Added<Joules, Joules> && Added<Seconds, Seconds> && AddedInPlace<Joules, Joules>));
  CHECK((Compared<Seconds, Seconds> && Assigned<Joules, Joules> && AddedInPlace<Seconds, double>));
});

/** The platform in other units: a joule is `joule` of them, a second `second`. */
Platform in_units(const Platform &p, double joule, double second) {
  Platform q = p;
  const auto scale = [&](Cost &cost) { cost = {joule * cost.energy_J, second * cost.latency_s}; };
  for (Affine *affine : {&q.nvm_read, &q.nvm_write, &q.mac})
    scale(affine->fixed), scale(affine->per_element);
  for (Cost *cost : {&q.add, &q.multiply, &q.divide, &q.max, &q.requantise, &q.commit, &q.reboot,
                     &q.fetch_input, &q.fetch_weights, &q.partial_sum, &q.accumulate, &q.pool})
    scale(*cost);
  for (int i = 0; i < 3; i++)
    scale(q.fetch_output[i]), scale(q.backup_output[i]);
  q.buffer.capacitance_F *= joule;
  q.buffer.harvester_ohm *= second / joule;
  return q;
}

/** Powers of two, so that scaling rounds nothing and equality is exact. */
constexpr double JOULE = 8, SECOND = 32;

/** Whether every figure of a layer's answer is the other's in other units. */
bool scaled(const CostedDesign &a, const CostedDesign &b) {
  return b.energy_max_J == JOULE * a.energy_max_J && b.energy_min_J == JOULE * a.energy_min_J &&
         b.energy_J == JOULE * a.energy_J && b.power_cycles == a.power_cycles &&
         (b.latency_s == SECOND * a.latency_s ||
          relative_error(b.latency_s, SECOND * a.latency_s) < 1e-11);
}

TEST("costs in other units are the same costs, on random layers, designs and protocols", {
  Dice dice(31);
  const Platform p = platform(), q = in_units(p, JOULE, SECOND);
  for (int i = 0; i < 3000; i++) {
    const bo_shape shape = any_shape(dice);
    const bo_design design = any_design(dice, shape);
    const bool published = !bo_is_channelwise(&shape) && dice.pick(0, 2) == 0;
    const auto protocol = published ? Protocol::inas2021 : Protocol::brownout;
    const auto power = published && dice.pick(0, 1) == 0 ? Power::continuous : Power::intermittent;
    const LayerTask in_si{&p, protocol, power, shape, UINT64_MAX};
    const LayerTask other{&q, protocol, power, shape, UINT64_MAX};
    CHECK(scaled(cost_design(in_si, design), cost_design(other, design)));
  }
});

TEST("the optimum of a network does not depend on the units", {
  Dice dice(32);
  const std::atomic<bool> never{false};
  for (int i = 0; i < 40; i++) {
    NetworkRequest request{};
    request.protocol = Protocol::brownout, request.power = Power::intermittent;
    request.platform = platform();
    request.space = i % 2 == 0 ? Space::published : Space::full;
    const bo_shape shape = any_shape(dice);
    request.input_elements = 1u * shape.h * shape.w * shape.n;
    const uint32_t outputs = 1u * shape.r * shape.c * shape.m;
    const bool joins = bo_has_second(&shape) != 0;
    request.layers = {
        {shape, false, joins ? std::vector<int>{-1, -1} : std::vector<int>{-1}, outputs}};
    NetworkRequest other = request;
    other.platform = in_units(request.platform, JOULE, SECOND);
    const auto answers = explore_networks({request, other}, 1, never);
    const NetworkAnswer &a = answers->at(0), &b = answers->at(1);
    CHECK(a.feasible && b.feasible);
    CHECK(design_rank(a.layers[0]->best.front().design) ==
          design_rank(b.layers[0]->best.front().design));
    CHECK(b.energy_J == JOULE * a.energy_J);
    CHECK_NEAR(b.latency_s, SECOND * a.latency_s, 1e-11);
  }
});

TEST("the published defect, joules used as seconds, does not scale (negative control)", {
  Platform p = platform();
  // As the published code builds the latency of these overheads: from energy coefficients.
  p.fetch_output[0].latency_s = static_cast<double>(7 * p.add.energy_J + 5 * p.multiply.energy_J);
  Platform q = in_units(p, JOULE, SECOND);
  q.fetch_output[0].latency_s = static_cast<double>(7 * q.add.energy_J + 5 * q.multiply.energy_J);
  bo_shape shape{};
  shape.kind = BO_CONV, shape.element_bytes = 2, shape.h = shape.w = shape.r = shape.c = 1,
  shape.n = shape.m = 8;
  shape.kernel_h = shape.kernel_w = shape.stride_h = shape.stride_w = 1;
  // M is swept and N lies outside: sums are fetched at every visit but the first.
  bo_design design{1, 1, 4, 2, {BO_R, BO_C, BO_N, BO_M}, 0, 0, 2, 0};
  const LayerTask in_si{&p, Protocol::inas2021, Power::continuous, shape, UINT64_MAX};
  const LayerTask other{&q, Protocol::inas2021, Power::continuous, shape, UINT64_MAX};
  const CostedDesign a = cost_design(in_si, design), b = cost_design(other, design);
  CHECK(b.energy_J == JOULE * a.energy_J);
  CHECK(relative_error(b.latency_s, SECOND * a.latency_s) > 1e-9);
});

} // namespace
