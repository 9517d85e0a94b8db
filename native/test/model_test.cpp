/** The closed form of protocol brownout against the tile-by-tile twin. */
#include "brownout_model.h"
#include "check.h"
#include "counts.h"
#include "fixtures.h"
#include "twin.h"

using namespace test;

namespace {

CountSink walked_counts(const bo_shape &shape, const bo_design &design) {
  CountSink total;
  walk(shape, design, total, [] {});
  return total;
}

void compare(const bo_shape &shape, const bo_design &design) {
  const Platform p = platform();
  CHECK(closed_counts(p, shape, design).counts == walked_counts(shape, design).counts);

  std::vector<Cost> batches;
  CostSink sink(p, reuse_of(design));
  Cost before;
  walk(shape, design, sink, [&] {
    batches.push_back(
        {sink.cost().energy_J - before.energy_J, sink.cost().latency_s - before.latency_s});
    before = sink.cost();
  });
  const bo_nest nest = bo_nest_make(&shape, &design);
  const bo_plane plane = bo_plane_make(&shape, &design, &nest);
  BrownoutModel model(p, shape);
  Evaluation evaluation;
  model.evaluate(design, nest, plane, evaluation);
  CHECK(evaluation.cycles() == static_cast<double>(batches.size()));
  CHECK_NEAR(evaluation.energy_J(), sink.cost().energy_J, 1e-9);
  CHECK_NEAR(evaluation.running_s(), sink.cost().latency_s, 1e-9);
  double most = batches.front().energy_J, least = most;
  for (const Cost &batch : batches) {
    most = std::fmax(most, batch.energy_J);
    least = std::fmin(least, batch.energy_J);
  }
  CHECK_NEAR(evaluation.worst_J(), most, 1e-9);
  CHECK_NEAR(evaluation.cheapest_J(), least, 1e-9);
}

TEST("for_each_class() counts what the walk does, on 4000 random convolutions", {
  Dice dice(1);
  for (int i = 0; i < 4000; i++) {
    const bo_shape shape = conv_shape(dice);
    compare(shape, any_design(dice, shape));
  }
});

TEST("for_each_class() counts what the walk does, on 1000 random global pools", {
  Dice dice(2);
  for (int i = 0; i < 1000; i++) {
    const bo_shape shape = pool_shape(dice);
    compare(shape, any_design(dice, shape));
  }
});

TEST("for_each_class() counts what the walk does, on 4000 random channelwise layers", {
  Dice dice(6);
  int seen[BO_CONCAT + 1] = {};
  for (int i = 0; i < 4000; i++) {
    const bo_shape shape = channelwise_shape(dice);
    seen[shape.kind]++;
    compare(shape, any_design(dice, shape));
  }
  for (int kind = BO_DEPTHWISE; kind <= BO_CONCAT; kind++)
    CHECK(seen[kind] > 600);
});

TEST("for_each_class() forgets the tile sizes of the design before", {
  Dice dice(3);
  for (int i = 0; i < 400; i++) {
    const bo_shape shape = any_shape(dice);
    const Platform p = platform();
    BrownoutModel used(p, shape);
    Evaluation again, fresh;
    for (int j = 0; j < 8; j++) {
      const bo_design design = any_design(dice, shape);
      const bo_nest nest = bo_nest_make(&shape, &design);
      const bo_plane plane = bo_plane_make(&shape, &design, &nest);
      used.evaluate(design, nest, plane, again);
      BrownoutModel unused(p, shape);
      unused.evaluate(design, nest, plane, fresh);
      CHECK(again.energy_J() == fresh.energy_J());
      CHECK(again.cycles() == fresh.cycles());
    }
  }
});

TEST("compare() notices a walk of another S (negative control)", {
  Dice dice(4);
  int noticed = 0, tried = 0;
  while (tried < 100) {
    const bo_shape shape = conv_shape(dice);
    bo_design design = any_design(dice, shape);
    const bo_nest nest = bo_nest_make(&shape, &design);
    if (nest.sweep < 2 || design.s >= nest.sweep)
      continue;
    tried++;
    bo_design other = design;
    other.s = static_cast<uint16_t>(nest.sweep);
    noticed +=
        closed_counts(platform(), shape, design).counts != walked_counts(shape, other).counts;
  }
  CHECK(noticed == tried);
});

/** Whether every MAC call's length and starts are even, call by call. */
bool even_calls(const bo_shape &s, const bo_design &design) {
  const bo_nest nest = bo_nest_make(&s, &design);
  bool even = true;
  for (uint32_t b = 0; b < nest.batches; b++) {
    const bo_batch batch = bo_nest_batch(&nest, &design, b);
    for (uint32_t t = 0; t < batch.tiles; t++) {
      const bo_tile tile = bo_nest_tile(&s, &design, &nest, &batch, t);
      const bo_macs macs = bo_tile_macs(&s, &design, &tile);
      even &= macs.length % 2 == 0;
      const uint32_t taps_h = macs.span == BO_SPAN_WINDOW ? 1 : s.kernel_h;
      const uint32_t taps_w = macs.span == BO_SPAN_CHANNEL ? s.kernel_w : 1;
      for (uint32_t y = 0; y < tile.rows; y++)
        for (uint32_t x = 0; x < tile.columns; x++)
          for (uint32_t i = 0; i < taps_h; i++)
            for (uint32_t j = 0; j < taps_w; j++) {
              const uint32_t row = y * s.stride_h + i, column = x * s.stride_w + j;
              even &= (row * tile.window_w + column) * tile.depth % 2 == 0;
              for (uint32_t m = 0; m < tile.channels; m++)
                even &= ((m * s.kernel_h + i) * s.kernel_w + j) * tile.depth % 2 == 0;
            }
    }
  }
  return even;
}

TEST("aligned() is whether every MAC call of the walk has even length and starts", {
  Dice dice(5);
  Platform p = platform();
  p.length_multiple = 2;
  int odd = 0, rescued = 0;
  for (int i = 0; i < 3000; i++) {
    const bo_shape shape = conv_shape(dice);
    const bo_design design = any_design(dice, shape);
    const bool even = even_calls(shape, design);
    odd += !even;
    rescued += even && design.tn % 2 != 0;
    BrownoutModel model(p, shape);
    CHECK(model.aligned(design) == even);
  }
  CHECK(odd > 300 && odd < 2700 && rescued > 50);
});

} // namespace
