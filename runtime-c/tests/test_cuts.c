/** Power cuts at every NVM write, and at random ones. */
#include "check.h"
#include "counters.h"
#include "network.h"

/* Where counters are kept, each commit has more writes to be cut at. */
#define NETWORKS (BO_KEEP_COUNTERS ? 240u : 1200u)

void test_one_cut(void) {
  uint32_t cuts = 0, networks = 0, kinds[BO_CONCAT + 1] = {0};
  for (uint32_t seed = 1; seed <= NETWORKS && !check_has_failed(); seed++) {
    const network_limits limits = {
        .layers = 1u + seed % 3u,
        .max_side = 3u + seed % 6u,
        .max_channels = 1u + seed % 6u,
        .max_batches = 24,
        .vectors = 2,
    };
    network *net = network_make(70000u + seed, &limits);
    bo_report report = {0};
    bo_campaign_exhaustive(&net->subject, 2, &report);
    CHECK(report.mismatches == 0u, "seed %u: %s: %s", (unsigned)seed, report.failure,
          network_text(net));
    cuts += report.cuts;
    networks++;
    for (uint32_t i = 0; i < limits.layers; i++)
      kinds[net->layers[i].shape.kind]++;
    network_free(net);
  }
  for (uint32_t kind = 0; kind <= BO_CONCAT; kind++)
    CHECK(kinds[kind] >= NETWORKS / 24u, "only %u layers of kind %u", (unsigned)kinds[kind],
          (unsigned)kind);
  check_note(
      "%u cuts, one at a time, in %u networks (layers of kinds 0 to 6: %u %u %u %u %u %u %u)",
      (unsigned)cuts, (unsigned)networks, (unsigned)kinds[0], (unsigned)kinds[1],
      (unsigned)kinds[2], (unsigned)kinds[3], (unsigned)kinds[4], (unsigned)kinds[5],
      (unsigned)kinds[6]);
}

void test_many_cuts(void) {
  uint32_t cuts = 0, boots = 0;
  for (uint32_t seed = 1; seed <= 300u && !check_has_failed(); seed++) {
    const network_limits limits = {
        .layers = 3u + seed % 2u,
        .max_side = 5u + seed % 8u,
        .max_channels = 2u + seed % 8u,
        .max_batches = 60,
        .vectors = 3,
        .scheme = (uint8_t)(seed % 5u),
    };
    network *net = network_make(90000u + seed, &limits);
    bo_report report = {0};
    for (uint32_t campaign = 0; campaign < 12u; campaign++) {
      bo_campaign_random(&net->subject, seed, campaign, 300, BO_ALL_CUTS, 5, &report);
    }
    CHECK(report.mismatches == 0u, "seed %u: %s: %s", (unsigned)seed, report.failure,
          network_text(net));
    cuts += report.cuts;
    boots += report.boots;
    network_free(net);
  }
  check_note("%u cuts in %u boots", (unsigned)cuts, (unsigned)boots);
}
