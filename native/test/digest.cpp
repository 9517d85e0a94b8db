/**
 * A checksum over every bit that the explorer answers on random layers and networks: builds of
 * other flags must print the same (`run.sh builds`). With an argument one coefficient is the next
 * larger number: the checksum must be another.
 */
#include "fixtures.h"
#include "network.h"

#include <cstdio>
#include <cstring>

using namespace test;

namespace {

const std::atomic<bool> NEVER{false};

/** FNV-1a. */
class Digest {
public:
  template <class... Values> void add(const Values &...values) { (add_one(values), ...); }
  uint64_t value() const { return hash_; }

private:
  template <class Value> void add_one(const Value &value) {
    unsigned char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    for (unsigned char byte : bytes)
      hash_ = (hash_ ^ byte) * 0x100000001b3u;
  }
  uint64_t hash_ = 0xcbf29ce484222325u;
};

void add(Digest &digest, const bo_design &d) {
  digest.add(d.tr, d.tc, d.tm, d.tn, d.order, d.span, d.s);
}

void add(Digest &digest, const LayerResult &result) {
  const auto count = [&](DesignCount designs) { digest.add(static_cast<uint64_t>(designs)); };
  count(result.designs_total), count(result.designs_feasible);
  digest.add(result.lower_bound);
  if (result.coverage)
    count(result.coverage->visited), count(result.coverage->bound);
  for (const CostedDesign &c : result.best) {
    add(digest, c.design);
    digest.add(c.latency_s, c.energy_J, c.energy_max_J, c.energy_min_J, c.written_bytes,
               c.power_cycles, c.vm_bytes, c.plane_bytes);
  }
  for (const Rejection &r : result.rejections) {
    digest.add(r.count);
    if (r.count == 0)
      continue;
    add(digest, r.witness().design);
    digest.add(r.witness().violation);
  }
}

} // namespace

int main(int arguments, char **) {
  const double nudge = arguments > 1 ? 1 + 0x1p-52 : 1;
  Dice dice(41);
  Digest digest;
  std::vector<Platform> platforms;
  std::vector<LayerTask> tasks;
  platforms.reserve(120);
  for (int i = 0; i < 120; i++) {
    Platform p = platform();
    p.vm_bytes = dice.pick(24, 900);
    p.length_multiple = dice.pick(1, 2);
    p.buffer.capacitance_F = dice.real(0.0003, 0.01), p.buffer.harvester_ohm = dice.real(20, 70);
    // The largest of all, so that the last bit is not lost in a sum.
    p.reboot.energy_J = nudge * p.reboot.energy_J;
    platforms.push_back(p);
    const auto protocol = i % 3 == 0 ? Protocol::inas2021 : Protocol::brownout;
    const bo_shape shape = protocol == Protocol::inas2021 ? conv_shape(dice) : any_shape(dice);
    LayerTask task{&platforms.back(), protocol, Power::intermittent, shape, UINT64_MAX};
    task.space = i % 3 == 2 ? Space::full : Space::published;
    task.objective = static_cast<Objective>(dice.pick(0, 3));
    tasks.push_back(task);
  }
  for (unsigned threads : {1u, 2u, 8u}) {
    Digest of_threads;
    const auto results = explore_layers(tasks, threads, NEVER);
    for (const LayerResult &result : *results)
      add(of_threads, result);
    if (threads > 1 && of_threads.value() != digest.value()) {
      std::printf("%u threads answer otherwise\n", threads);
      return 1;
    }
    digest = of_threads;
  }
  std::printf("%016llx\n", static_cast<unsigned long long>(digest.value()));
  return 0;
}
