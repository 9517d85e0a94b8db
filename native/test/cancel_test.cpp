/**
 * Cancelling, by what it costs: the processor time that is spent after it was asked for. On a busy
 * machine the clock on the wall says little, and that time is what an idle one would need.
 */
#include "check.h"
#include "fixtures.h"
#include "space_table.h"

#include <algorithm>
#include <ctime>
#include <functional>
#include <thread>

using namespace test;

namespace {

constexpr unsigned THREADS = 2;
/** Instructions of the sanitizers' checks are no work of the explorer. */
constexpr double SLOWER = test::SANITIZED ? 20 : 1;

double processor_s() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

using Work = std::function<bool(const std::atomic<bool> &cancelled)>;

struct Stop {
  /** Of one thread of the explorer, from asking to the answer. */
  double late_s;
  /** Whether there was an answer before it was asked to stop. */
  bool done;
};

/** Lets it work for some processor time, asks it to stop, and sees what it still takes. */
Stop cancel_after(double work_s, const Work &work) {
  std::atomic<bool> cancelled{false}, ended{false};
  const double from_s = processor_s();
  double asked_s = from_s;
  std::thread canceller([&] {
    while (processor_s() - from_s < work_s && !ended.load())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    cancelled.store(true);
    // Not before: the work would go on unasked while this thread waits for its turn in between.
    asked_s = processor_s();
  });
  const bool done = work(cancelled);
  const double end_s = processor_s();
  ended.store(true);
  canceller.join();
  return {done ? 0 : (end_s - asked_s) / THREADS, done};
}

bo_shape conv(uint16_t side, uint16_t channels, uint16_t kernel) {
  bo_shape s{};
  s.kind = BO_CONV, s.element_bytes = 2;
  s.h = s.w = static_cast<uint16_t>(side + kernel - 1), s.r = s.c = side;
  s.n = s.m = channels;
  s.kernel_h = s.kernel_w = kernel, s.stride_h = s.stride_w = 1;
  return s;
}

/** A layer that keeps every phase of its exploration busy for longer than anybody waits. */
Work layer(Space space, Objective objective, uint32_t vm_bytes, double capacitance_F) {
  return [=](const std::atomic<bool> &cancelled) {
    Platform p = platform();
    p.vm_bytes = vm_bytes, p.buffer.capacitance_F = capacitance_F;
    const bo_shape shape = space == Space::full ? conv(240, 1009, 3) : conv(240, 5040, 1);
    LayerTask task{&p, Protocol::brownout, Power::intermittent, shape, UINT64_MAX};
    task.space = space, task.objective = objective;
    return explore_layers(std::vector<LayerTask>(4, task), THREADS, cancelled).has_value();
  };
}

/** As a sweep does: many platforms, each with a charging bound of its own. */
bool sweep(const std::atomic<bool> &cancelled) {
  std::vector<NetworkRequest> requests;
  for (int i = 0; i < 400; i++) {
    NetworkRequest request{};
    request.protocol = Protocol::brownout, request.power = Power::intermittent;
    request.platform = platform();
    request.platform.buffer.capacitance_F = 0.001 + 1e-5 * i;
    request.space = Space::full;
    const bo_shape shape = conv(30, 24, 3);
    request.input_elements = 32 * 32 * 24;
    request.layers = {{shape, false, {-1}, 30u * 30 * 24},
                      {conv(28, 24, 3), false, {0}, 28u * 28 * 24}};
    requests.push_back(request);
  }
  return explore_networks(requests, THREADS, cancelled).has_value();
}

/** 2^23 networks, of one first choice: nothing but the walk that adds them up. */
Work space() {
  SpaceRequest request{};
  NetworkRequest &common = request.common;
  common.protocol = Protocol::brownout, common.power = Power::intermittent;
  common.platform = platform();
  common.input_elements = 64;
  common.layers = {{conv(2, 4, 1), false, {-1}, 16}};
  request.chains = {{{0, {1}}}};
  request.tails = {0};
  request.levels.push_back({1, {0}, {0}});
  for (int i = 0; i < 23; i++)
    request.levels.push_back({2, {0, 0}, {0, 0}});
  const size_t size = network_count(request);
  const auto costs = std::make_shared<std::vector<double>>(3 * size);
  const auto state = std::make_shared<std::vector<NetworkState>>(size);
  return [=](const std::atomic<bool> &cancelled) {
    const std::span<double> all(*costs);
    const SpaceColumns columns{all.subspan(0, size), all.subspan(size, size),
                               all.subspan(2 * size, size), std::span(*state)};
    return explore_space(request, THREADS, cancelled, columns).has_value();
  };
}

TEST("whatever is explored stops within a tenth of a second, wherever it is", {
  const std::pair<const char *, Work> works[] = {
      {"published", layer(Space::published, Objective::latency, 60000, 0.005)},
      {"published, nothing feasible", layer(Space::published, Objective::latency, 60000, 1e-7)},
      {"full", layer(Space::full, Objective::latency, 60000, 0.005)},
      {"full, wear", layer(Space::full, Objective::wear, 4000, 0.005)},
      {"full, front", layer(Space::full, Objective::pareto, 60000, 0.005)},
      {"full, nothing feasible", layer(Space::full, Objective::latency, 60000, 1e-7)},
      {"sweep", sweep},
      {"space", space()}};
  double latest_s = 0;
  for (const auto &[name, work] : works) {
    int stopped = 0;
    for (const double work_s : {0.001, 0.02, 0.15, 0.5, 1.0}) {
      const Stop stop = cancel_after(work_s, work);
      latest_s = std::max(latest_s, stop.late_s);
      stopped += !stop.done;
      if (!(stop.late_s < 0.1 * SLOWER))
        test::fail(__FILE__, __LINE__,
                   std::string(name) + " goes on for " + std::to_string(stop.late_s) + " s");
    }
    // Otherwise there was nothing to stop.
    CHECK(stopped >= 3, "it had an answer before it was asked to stop");
  }
  std::printf("  at most %.1f ms of processor time after being asked\n", 1e3 * latest_s);
});

TEST("cancel_after() notices work that does not look (negative control)", {
  const Stop stop = cancel_after(0.001, [](const std::atomic<bool> &) {
    const double from_s = processor_s();
    while (processor_s() - from_s < 0.3)
      ;
    return false;
  });
  CHECK(stop.late_s > 0.1);
});

} // namespace
