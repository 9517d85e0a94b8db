/**
 * What the compiled runtime does after a power cut until progress is kept again, against
 * tell_unit(): every transfer by its size, MAC calls by their length, and what its counters tell.
 * Schemes hawaii and stateful; a cut anywhere in any layer.
 */
#include "check.h"
#include "counts.h"
#include "fixtures.h"
#include "seen.h"
#include "unit.h"

extern "C" {
#include "image.h"
}

#include <cstdlib>
#include <cstring>

using namespace test;

namespace {

/** A power cycle that was cut, by its writes; and the one after it, up to a number of writes. */
struct Watch {
  uint32_t writes = 0, last_record = 0, records = 0;
  /** Of the first start, whose records lie where progress will. */
  uint32_t steps = 0;
  /** Of the power cycle after the cut: writes until it is enough; then everything is left alone. */
  uint32_t enough = 0;
  bool over = false;
  Seen seen;
  bo_counters counters{};
};

Watch watch;

void cut_read(uint32_t, uint16_t) {}

void cut_write(uint32_t address, uint16_t) {
  watch.writes++;
  if (address >= BO_NVM_RELEASES)
    return;
  if (watch.steps > 0)
    watch.steps--;
  else
    watch.records++, watch.last_record = watch.writes;
}

void on_read(uint32_t address, uint16_t bytes) {
  if (!watch.over && address >= BO_NVM_RELEASES)
    watch.seen[{"read", bytes}]++;
}

void on_write(uint32_t, uint16_t bytes) {
  if (watch.over)
    return;
  watch.seen[{"write", bytes}]++;
  if (++watch.writes < watch.enough)
    return;
  watch.over = true;
  watch.counters = bo_counted[bo_counted_layer];
}

void on_mac(uint16_t n) {
  if (!watch.over)
    watch.seen[{"mac", n}]++;
}

uint32_t writes_of(const CountSink &sink, uint8_t scheme) {
  double writes = scheme == BO_SCHEME_HAWAII ? 1 : 0;
  for (const auto &[what, n] : sink.counts)
    if (what.first.rfind("write", 0) == 0)
      writes += n;
  return static_cast<uint32_t>(writes);
}

/** Empty, or what differs after a cut at write `at` of the network's first power cycle; `tried`
 * counts cuts that leave a layer half done. */
std::string difference_after(network *net, uint8_t scheme, uint32_t at, int &tried,
                             void (*spoil)(CountSink &) = nullptr) {
  static const bo_host_meter of_cut = {cut_read, cut_write, nullptr, nullptr};
  static const bo_host_meter after = {on_read, on_write, nullptr, nullptr};
  watch = {};
  watch.steps = (net->model.constants_bytes + BO_IMAGE_STEP_BYTES - 1) / BO_IMAGE_STEP_BYTES;
  bo_application app;
  bo_application_begin(&app, &net->subject, 1);
  const bo_cut cut{at, BO_CUT_BEFORE, 0};
  bo_host_measure(&of_cut);
  const bo_cycle_end ended = bo_host_power_cycle(bo_application_run, &app, &cut, 0);
  bo_host_measure(nullptr);
  const uint32_t layer_at = watch.records - 1;
  std::string differs;
  if (ended == BO_CYCLE_CUT && watch.records > 0 && watch.last_record < watch.writes &&
      layer_at < net->model.layer_count) {
    const bo_layer &layer = net->layers[layer_at];
    const bo_shape &shape = layer.shape;
    const bo_design &design = layer.design;
    const bo_nest nest = bo_nest_make(&shape, &design);
    const bo_plane plane = bo_plane_make(&shape, &design, &nest);
    // The write that was cut was told, too.
    uint32_t kept = watch.writes - 1 - watch.last_record;
    bo_place place{0, 0, 0};
    while (place.batch < nest.batches) {
      CountSink one;
      const bo_place next = tell_unit(shape, design, nest, plane, place, false, one);
      // Behind a layer's last group its record stands for a mark.
      const uint32_t writes =
          writes_of(one, next.batch < nest.batches ? scheme : uint8_t{BO_SCHEME_STATEFUL});
      if (kept < writes || (next.batch == nest.batches && scheme == BO_SCHEME_HAWAII))
        break;
      kept -= writes, place = next;
    }
    if (place.batch < nest.batches) {
      tried++;
      CountSink unit;
      tell_unit(shape, design, nest, plane, place, true, unit);
      watch.enough = writes_of(unit, BO_SCHEME_STATEFUL);
      tell_search(shape, scheme == BO_SCHEME_HAWAII ? scheme : uint8_t{BO_SCHEME_TILE}, 0, unit);
      if (spoil != nullptr)
        spoil(unit);
      watch.writes = 0, watch.seen = {};
      std::memset(bo_counted, 0, sizeof bo_counted);
      bo_host_measure(&after);
      bo_host_power_cycle(bo_application_run, &app, nullptr, 0);
      bo_host_measure(nullptr);
      Seen runtime = with_counters(watch.seen, watch.counters), model = as_seen(unit);
      runtime.erase({"boot", 0});
      if (scheme == BO_SCHEME_STATEFUL) {
        // How many probes a search takes depends on what it finds.
        const std::pair<std::string, uint32_t> probe{"read", bo_element_bytes(&shape)};
        const double probes = runtime[probe] - model[probe];
        const uint32_t most =
            bo_probes_most(bo_tiles_sent(&design, &nest),
                           bo_groups(bo_vm_block_bytes(&shape, &design) / 4, design.b));
        if (probes < 1 || probes > most)
          differs = std::to_string(probes) + " probes of at most " + std::to_string(most);
        model[probe] += probes;
      }
      if (differs.empty())
        differs = difference(model, runtime);
    }
  }
  std::free(app.output);
  return differs;
}

network *draw(uint32_t seed, uint8_t scheme) {
  network_limits limits{};
  limits.layers = 1 + seed % 3;
  limits.max_side = 3 + seed % 9;
  limits.max_channels = 1 + seed % 8;
  limits.max_batches = 300;
  limits.vectors = 1, limits.scheme = scheme;
  return network_make(seed, &limits);
}

uint32_t writes_of_inference(network *net) {
  bo_application app;
  bo_application_begin(&app, &net->subject, 1);
  bo_host_power_cycle(bo_application_run, &app, nullptr, 0);
  std::free(app.output);
  return bo_host_writes();
}

TEST("after a cut the compiled runtime does what tell_unit() says, until progress is kept again", {
  mac_seen = on_mac;
  for (const uint8_t scheme : {BO_SCHEME_HAWAII, BO_SCHEME_STATEFUL}) {
    Dice dice(71);
    int tried = 0;
    for (uint32_t seed = 1; seed <= 150; seed++) {
      network *net = draw(seed, scheme);
      const uint32_t writes = writes_of_inference(net);
      for (int i = 0; i < 12; i++) {
        const uint32_t at = dice.pick(1, writes);
        const std::string differs = difference_after(net, scheme, at, tried);
        if (!differs.empty())
          test::fail(__FILE__, __LINE__,
                     differs + ", cut at write " + std::to_string(at) + ": " + network_text(net));
      }
      network_free(net);
    }
    std::printf("  scheme %d: %d cuts within a layer\n", scheme, tried);
    CHECK(tried > 700);
  }
  mac_seen = nullptr;
});

TEST("a recovery that the model leaves out shows after a cut (negative control)", {
  mac_seen = on_mac;
  Dice dice(72);
  int tried = 0;
  int noticed = 0;
  for (uint32_t seed = 1; seed <= 30; seed++) {
    network *net = draw(seed, BO_SCHEME_HAWAII);
    const uint32_t writes = writes_of_inference(net);
    for (int i = 0; i < 4; i++)
      noticed +=
          !difference_after(net, BO_SCHEME_HAWAII, dice.pick(1, writes), tried, [](auto &unit) {
             std::erase_if(unit.counts, [](const auto &c) { return c.first.first == "read mark"; });
           }).empty();
    network_free(net);
  }
  CHECK(noticed == tried && tried > 60);
  mac_seen = nullptr;
});

} // namespace
