/**
 * The model against the compiled runtime: the operations that the model charges a layer for are
 * those that the runtime does, each as often and of the same size. The runtime is linked as it is
 * shipped and runs on the host port, which tells of every transfer; its kernels are wrapped to see
 * lengths, and its own counters must agree. Only nest.h is common to both.
 */
#include "check.h"
#include "counts.h"
#include "fixtures.h"
#include "seen.h"

#include <array>
#include <cstring>

using namespace test;

namespace {

constexpr size_t ACCOUNTS = NETWORK_LAYERS + 1;

/** What the runtime did, by the layer that its counters book to. */
struct Recorder {
  std::array<Seen, ACCOUNTS> layers;
  /** Reads of records since the last boot: their layer is known only afterwards. */
  double boot_reads = 0;

  Seen &now() {
    Seen &at = layers[bo_counted_layer];
    if (boot_reads > 0)
      at[{"read", BO_RECORD_BYTES}] += boot_reads, boot_reads = 0;
    return at;
  }
};

Recorder recorder;

void on_read(uint32_t address, uint16_t bytes) {
  if (address < BO_NVM_RELEASES)
    recorder.boot_reads++;
  else
    recorder.now()[{"read", bytes}]++;
}
void on_write(uint32_t, uint16_t bytes) { recorder.now()[{"write", bytes}]++; }
void on_mac(uint16_t n) { recorder.now()[{"mac", n}]++; }

struct Run {
  network *net;
  std::array<Seen, ACCOUNTS> seen;
  std::array<bo_counters, ACCOUNTS> counters;
};

/** One inference of a random network, off after each commit where the scheme asks. */
Run run(uint32_t seed, uint8_t scheme) {
  network_limits limits{};
  limits.scheme = scheme;
  limits.layers = 1 + seed % 4;
  limits.max_side = 3 + seed % 9;
  limits.max_channels = 1 + seed % 8;
  limits.max_batches = 300;
  limits.vectors = 1;
  static const bo_host_meter hooks = {on_read, on_write, nullptr, nullptr};
  Run run{network_make(seed, &limits), {}, {}};
  recorder = {};
  std::memset(bo_counted, 0, sizeof bo_counted);
  bo_host_measure(&hooks);
  mac_seen = on_mac;
  bo_report report{};
  bo_campaign_uncut(&run.net->subject, 1, 1, &report);
  bo_host_measure(nullptr);
  mac_seen = nullptr;
  CHECK(report.mismatches == 0);
  recorder.now();
  run.seen = recorder.layers;
  std::copy(bo_counted, bo_counted + ACCOUNTS, run.counters.begin());
  return run;
}

const char *const KINDS[] = {"conv", "global_avg_pool", "depthwise_conv", "max_pool", "avg_pool",
                             "add",  "concat"};

Seen model_of(const bo_layer &layer) {
  return as_seen(closed_counts(platform(), layer.shape, layer.design));
}

const std::pair<const char *, uint8_t> SCHEMES[] = {{"tile", BO_SCHEME_TILE},
                                                    {"hawaii", BO_SCHEME_HAWAII},
                                                    {"stateful", BO_SCHEME_STATEFUL},
                                                    {"checkpoint", BO_SCHEME_CHECKPOINT},
                                                    {"ideal", BO_SCHEME_IDEAL}};

/** Counts of `networks` random networks under a scheme; pairs by kind. */
std::map<std::string, int> compare(uint8_t scheme, uint32_t networks) {
  std::map<std::string, int> pairs;
  for (uint32_t seed = 1; seed <= networks; seed++) {
    const Run r = run(seed, scheme);
    for (uint32_t i = 0; i < r.net->model.layer_count; i++) {
      const bo_layer &layer = r.net->layers[i];
      const Seen runtime = with_counters(r.seen[i], r.counters[i]);
      // Hooks and counters are two witnesses of the same deeds.
      CHECK(total(runtime, "read", false) == r.counters[i].reads);
      CHECK(total(runtime, "read", true) == r.counters[i].read_bytes);
      CHECK(total(runtime, "write", false) == r.counters[i].writes);
      CHECK(total(runtime, "write", true) == r.counters[i].write_bytes);
      CHECK(total(runtime, "mac", false) == r.counters[i].mac_calls);
      CHECK(total(runtime, "mac", true) == r.counters[i].macs);
      const std::string differs = difference(model_of(layer), runtime);
      if (!differs.empty())
        test::fail(__FILE__, __LINE__, differs + ": " + network_text(r.net));
      pairs[KINDS[layer.shape.kind]]++;
    }
    network_free(r.net);
  }
  return pairs;
}

TEST("the model counts what the compiled runtime does, by size, of all schemes and layer kinds", {
  for (const auto &[name, scheme] : SCHEMES) {
    const bool tile = scheme == BO_SCHEME_TILE;
    const auto pairs = compare(scheme, tile ? 700 : 300);
    int all = 0;
    for (const auto &[kind, n] : pairs)
      all += n;
    std::printf("  %s: %d random (layer, design) pairs:", name, all);
    for (const auto &[kind, n] : pairs)
      std::printf(" %s %d", kind.c_str(), n);
    std::printf("\n");
    CHECK(all >= (tile ? 1500 : 600) && pairs.size() == std::size(KINDS));
    for (const auto &[kind, n] : pairs)
      CHECK(n >= (tile ? 70 : 25));
  }
});

TEST("a term that the model leaves out shows by its name, under every scheme (negative control)", {
  for (const auto &[name, scheme] : SCHEMES) {
    std::map<std::string, bool> noticed;
    for (uint32_t seed = 1; seed <= 60; seed++) {
      const Run r = run(seed, scheme);
      for (uint32_t i = 0; i < r.net->model.layer_count; i++) {
        const bo_layer &layer = r.net->layers[i];
        const Seen runtime = with_counters(r.seen[i], r.counters[i]);
        CountSink whole = closed_counts(platform(), layer.shape, layer.design);
        for (const auto &[what, n] : whole.counts) {
          CountSink less = whole;
          less.counts.erase(what);
          CHECK(!difference(as_seen(less), runtime).empty());
          noticed[what.first] = true;
        }
      }
      network_free(r.net);
    }
    // tile: 10 terms; the others boot once, before the first layer.
    const std::map<uint8_t, size_t> terms = {{BO_SCHEME_TILE, 10},
                                             {BO_SCHEME_HAWAII, 10},
                                             {BO_SCHEME_STATEFUL, 9},
                                             {BO_SCHEME_CHECKPOINT, 9},
                                             {BO_SCHEME_IDEAL, 8}};
    if (noticed.size() != terms.at(scheme))
      test::fail(__FILE__, __LINE__,
                 std::string(name) + ": " + std::to_string(noticed.size()) + " terms");
  }
});

} // namespace
