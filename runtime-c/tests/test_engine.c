/** The engine against naive inference, and against the walk of nest.h. */
#include <string.h>

#include "check.h"
#include "counters.h"
#include "nest.h"
#include "network.h"

void test_layers(void) {
  uint32_t layers = 0;
  for (uint32_t seed = 1; seed <= 12000u && !check_has_failed(); seed++) {
    const network_limits limits = {
        .layers = 1u + seed % 4u,
        .max_side = 3u + seed % 9u,
        .max_channels = 1u + seed % 8u,
        .max_batches = 400,
        .vectors = 2,
        .scheme = (uint8_t)(seed / 2u % 5u),
    };
    network *net = network_make(seed, &limits);
    bo_report report = {0};
    bo_campaign_uncut(&net->subject, 2, (int)(seed & 1u), &report);
    CHECK(report.mismatches == 0u, "seed %u: %s: %s", (unsigned)seed, report.failure,
          network_text(net));
    layers += limits.layers;
    network_free(net);
  }
  check_note("%u random layers and designs", (unsigned)layers);
}

static void count_transfers(uint32_t *transfers, uint32_t *bytes, bo_transfers t, uint32_t size) {
  *transfers += t.rows * t.columns;
  *bytes += t.rows * t.columns * t.elements * size;
}

/** What a tile writes, whole or in groups. */
static void count_outputs(bo_counters *sum, const bo_design *design, const bo_tile *tile,
                          bo_transfers whole, uint32_t run, uint32_t size) {
  const uint32_t outputs = bo_tile_outputs(tile);
  if (design->b == 0u) {
    count_transfers(&sum->writes, &sum->write_bytes, whole, size);
    return;
  }
  sum->writes += bo_group_transfers(outputs, run, design->b);
  sum->write_bytes += outputs * size;
  if (design->scheme == BO_SCHEME_HAWAII)
    sum->marks += bo_groups(outputs, design->b);
}

/** docs/protocol-brownout.md, "One batch" and "Schemes", as a table of counts. */
static bo_counters counts_of(const bo_layer *layer) {
  const bo_shape *shape = &layer->shape;
  const bo_design *design = &layer->design;
  const bo_nest nest = bo_nest_make(shape, design);
  const bo_plane plane = bo_plane_make(shape, design, &nest);
  const int inner = bo_reduces_in_batch(design);
  const uint32_t code = bo_element_bytes(shape);
  bo_counters sum;
  memset(&sum, 0, sizeof sum);
  for (uint32_t b = 0; b < nest.batches; b++) {
    const bo_batch batch = bo_nest_batch(&nest, design, b);
    const int last = bo_last_visit(design, &nest, &batch);
    const uint32_t visit = bo_visit(design, &batch);
    bo_tile before;
    memset(&before, 0, sizeof before);
    for (uint32_t t = 0; t < batch.tiles; t++) {
      const bo_tile tile = bo_nest_tile(shape, design, &nest, &batch, t);
      const bo_transfers one = {1, 1, bo_weight_elements(shape, &tile)};
      const bo_transfers bias = {1, 1, tile.channels};
      const int fresh = t == 0u || !bo_same_output(&before, &tile);
      if (t == 0u || !bo_same_input(shape, &before, &tile)) {
        uint32_t bytes = 0;
        count_transfers(&sum.reads, &bytes, bo_input_transfers(shape, &tile), code);
        count_transfers(&sum.reads, &bytes, bo_second_transfers(shape, &tile), code);
        sum.read_bytes += bytes;
        if (design->scheme == BO_SCHEME_STATEFUL)
          sum.states_stripped += bytes / code;
      }
      const int weighted = shape->kind == BO_CONV || shape->kind == BO_DEPTHWISE;
      if (weighted && (t == 0u || !bo_same_weights(&before, &tile))) {
        count_transfers(&sum.reads, &sum.read_bytes, one, code);
      }
      if (shape->has_bias && visit == 0u && tile.index[BO_N] == 0u &&
          (t == 0u || before.index[BO_M] != tile.index[BO_M])) {
        count_transfers(&sum.reads, &sum.read_bytes, bias, 4);
      }
      if (visit > 0u && fresh) {
        count_transfers(&sum.reads, &sum.read_bytes, bo_plane_transfers(&plane, &tile), 4);
      }
      if (weighted) {
        const bo_macs macs = bo_tile_macs(shape, design, &tile);
        sum.mac_calls += macs.calls;
        sum.macs += macs.calls * macs.length;
      } else {
        sum.pooled += bo_pooled(shape, &tile);
      }
      if (!inner || t + 1u == batch.tiles) {
        if (last) {
          count_outputs(&sum, design, &tile, bo_output_transfers(shape, &tile),
                        bo_output_run(shape, &tile), code);
          if (design->scheme == BO_SCHEME_STATEFUL)
            sum.states_set += bo_tile_outputs(&tile);
          if (inner || t == 0u || !bo_same_channels(&before, &tile))
            count_transfers(&sum.reads, &sum.read_bytes, bo_scale_transfers(shape, &tile), 4);
          sum.requantised += (uint32_t)tile.rows * tile.columns * tile.channels;
          sum.requantised += bo_divided(shape, &tile);
        } else {
          count_outputs(&sum, design, &tile, bo_plane_transfers(&plane, &tile),
                        bo_plane_run(&plane, &tile), 4);
        }
      }
      before = tile;
    }
    if (design->scheme == BO_SCHEME_TILE) {
      sum.boots++, sum.reads += 2, sum.read_bytes += 32;
      sum.commits++, sum.writes++, sum.write_bytes += 16;
    }
  }
  if (design->scheme != BO_SCHEME_TILE && design->scheme != BO_SCHEME_IDEAL)
    sum.commits++, sum.writes++, sum.write_bytes += 16;
  if (sum.marks != 0u) {
    /* Behind the last group comes the record. */
    sum.marks--;
    sum.writes += sum.marks, sum.write_bytes += BO_MARK_BYTES * sum.marks;
  }
  return sum;
}

void test_counters(void) {
  uint32_t layers = 0;
  for (uint32_t seed = 5001; seed <= 6000u && !check_has_failed(); seed++) {
    const network_limits limits = {
        .layers = 1u + seed % 3u,
        .max_side = 3u + seed % 9u,
        .max_channels = 1u + seed % 8u,
        .max_batches = 300,
        .vectors = 1,
        .scheme = (uint8_t)(seed / 3u % 5u),
    };
    network *net = network_make(seed, &limits);
    bo_report report = {0};
    memset(bo_counted, 0, sizeof bo_counted);
    bo_campaign_uncut(&net->subject, 1, 1, &report);
    for (uint32_t i = 0; i < limits.layers; i++, layers++) {
      const bo_counters expected = counts_of(&net->layers[i]);
      const bo_counters *seen = &bo_counted[i];
      CHECK(memcmp(&expected, seen, sizeof expected) == 0,
            "seed %u layer %u: boots %u %u, reads %u %u, bytes %u %u, writes %u %u, bytes %u %u, "
            "commits %u %u, calls %u %u, macs %u %u, pooled %u %u, requantised %u %u, marks %u %u, "
            "states %u %u, %u %u: %s",
            seed, i, expected.boots, seen->boots, expected.reads, seen->reads, expected.read_bytes,
            seen->read_bytes, expected.writes, seen->writes, expected.write_bytes,
            seen->write_bytes, expected.commits, seen->commits, expected.mac_calls, seen->mac_calls,
            expected.macs, seen->macs, expected.pooled, seen->pooled, expected.requantised,
            seen->requantised, expected.marks, seen->marks, expected.states_set, seen->states_set,
            expected.states_stripped, seen->states_stripped, network_text(net));
    }
    /* Start: boot, release pair, header, and, on a new image, the constants; deliver: boot. */
    const bo_counters *rest = &bo_counted[limits.layers];
    CHECK(rest->commits == (limits.scheme == BO_SCHEME_IDEAL ? 1u : 2u),
          "%u commits beside the layers", (unsigned)rest->commits);
    network_free(net);
  }
  check_note("%u layers counted as the nest walks them", (unsigned)layers);
}
