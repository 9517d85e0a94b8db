/** Shares of preservation and recovery against a walk that remembers what VM held. */
#include "batch.h"
#include "check.h"
#include "fixtures.h"
#include "overhead.h"

using namespace test;

namespace {

/** Batch by batch: what is loaded though the batch before ended with it, and what keeps progress.
 */
Overhead walked(const Platform &p, const bo_shape &shape, const bo_design &design) {
  const bo_nest nest = bo_nest_make(&shape, &design);
  const bo_plane plane = bo_plane_make(&shape, &design, &nest);
  const auto reuse = static_cast<int>(reuse_of(design));
  Overhead o;
  const double code = bo_element_bytes(&shape) / 2.0;
  int64_t scales_m = -1;
  bo_tile before{};
  for (uint32_t b = 0; b < nest.batches; b++) {
    const bo_batch batch = bo_nest_batch(&nest, &design, b);
    const bo_tile first = bo_nest_tile(&shape, &design, &nest, &batch, 0);
    o.recovery += p.reboot + 2.0 * p.nvm_read.of(8);
    o.preservation += p.record();
    const auto again = [&](const bo_transfers &t, double elements, const Cost &overhead) {
      o.recovery += transfer_count(t) * (p.nvm_read.of(elements) + overhead);
    };
    const uint32_t visit = bo_visit(&design, &batch);
    if (b > 0 && bo_same_input(&shape, &first, &before)) {
      const bo_transfers one = bo_input_transfers(&shape, &first);
      const bo_transfers two = bo_second_transfers(&shape, &first);
      again(one, code * one.elements, p.fetch_input);
      again(two, code * two.elements, p.fetch_input);
    }
    const bool products = shape.kind == BO_CONV || shape.kind == BO_DEPTHWISE;
    if (b > 0 && products && bo_same_weights(&first, &before))
      again({1, 1, 0}, code * bo_weight_elements(&shape, &first), p.fetch_weights);
    if (b > 0 && shape.has_bias && visit == 0 && first.index[BO_M] == before.index[BO_M])
      again({1, 1, 0}, 2u * first.channels, p.fetch_weights);
    // Scales lie in VM since the last visit before this one.
    if (bo_has_scales(&shape) && bo_last_visit(&design, &nest, &batch)) {
      if (static_cast<int64_t>(first.index[BO_M]) == scales_m)
        again({1, 1, 0}, 2u * first.channels, p.fetch_weights);
      scales_m = bo_nest_tile(&shape, &design, &nest, &batch, batch.tiles - 1).index[BO_M];
    }
    for (uint32_t t = 0; t < batch.tiles; t++) {
      before = bo_nest_tile(&shape, &design, &nest, &batch, t);
      if (bo_reduces_in_batch(&design) && t > 0)
        continue;
      const bo_transfers sums = bo_plane_transfers(&plane, &before);
      const double n = transfer_count(sums);
      if (visit > 0)
        o.preservation += n * (p.nvm_read.of(2.0 * sums.elements) + p.fetch_output[reuse]);
      if (!bo_last_visit(&design, &nest, &batch))
        o.preservation += n * (p.nvm_write.of(2.0 * sums.elements) + p.backup_output[reuse]);
    }
  }
  return o;
}

TEST("overhead_of() is what a walk that remembers VM finds, on 6000 random layers", {
  Dice dice(41);
  int again = 0;
  for (int i = 0; i < 6000; i++) {
    const bo_shape shape = any_shape(dice);
    const bo_design design = any_design(dice, shape);
    const Platform p = platform();
    const Overhead expected = walked(p, shape, design), found = overhead_of(p, shape, design);
    CHECK_NEAR(found.preservation.energy_J, expected.preservation.energy_J, 1e-9);
    CHECK_NEAR(found.preservation.latency_s, expected.preservation.latency_s, 1e-9);
    CHECK_NEAR(found.recovery.energy_J, expected.recovery.energy_J, 1e-9);
    CHECK_NEAR(found.recovery.latency_s, expected.recovery.latency_s, 1e-9);
    const bo_nest nest = bo_nest_make(&shape, &design);
    const Cost boots = static_cast<double>(nest.batches) * (p.reboot + 2.0 * p.nvm_read.of(8));
    again += found.recovery.energy_J > boots.energy_J * (1 + 1e-9);
  }
  // Reloading is no empty term.
  CHECK(again > 1500);
});

TEST("shares_of() are shares of the whole that charging belongs to", {
  const Overhead overhead{{1, 2}, {3, 1}};
  const OverheadShares s = shares_of(overhead, {8, 4}, 20);
  CHECK(s.preservation_energy == 1.0 / 8 && s.recovery_energy == 3.0 / 8);
  // 16 seconds of charging, an eighth of them for preservation.
  CHECK(s.preservation_time == (2 + 2.0) / 20 && s.recovery_time == (1 + 6.0) / 20);
});

} // namespace
