import assert from "node:assert/strict";
import { join } from "node:path";
import { Random } from "../../base/random.ts";
import { type Design, PUBLISHED_ORDERS } from "../../network/design.ts";
import type { ResolvedLayer } from "../../network/network.ts";
import {
  energyBudget_J,
  type Platform,
  type PlatformOverrides,
  readProfile,
  resolvePlatform,
} from "../../network/platform.ts";
import type { NativeRequest } from "../../native/addon.ts";
import { nativeLayer } from "../../native/convert.ts";
import { explorePrepared, loadExplorer } from "../../native/mod.ts";
import { publishedContinuous, publishedIntermittent, publishedVm_bytes } from "./published.ts";
import { anyDesign, publishedSpace, randomLayer } from "./random_layers.ts";
import { runtimeCost, runtimeDelivery } from "./runtime.ts";
import type { Costed } from "./cost.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const TOLERANCE = 1e-9;

async function platform(
  name: string,
  overrides: PlatformOverrides = {},
): Promise<Platform> {
  return resolvePlatform(
    await readProfile(join(ROOT, "platforms"), name),
    overrides,
  );
}

function request(
  p: Platform,
  layer: ResolvedLayer,
  protocol: NativeRequest["protocol"],
  power: NativeRequest["power"] = "intermittent",
): NativeRequest {
  const { h, w, channels } = layer.input;
  return {
    protocol,
    power,
    platform: p,
    input_elements: h * w * channels,
    layers: [nativeLayer(layer, 0)],
  };
}

function near(actual: number, expected: number, what: string) {
  const size = Math.max(Math.abs(actual), Math.abs(expected));
  if (size > 0) {
    assert.ok(
      Math.abs(actual - expected) <= TOLERANCE * size,
      `${what}: ${actual} differs from ${expected}`,
    );
  }
}

function same(actual: Costed, expected: Costed, what: string) {
  assert.equal(
    actual.power_cycles,
    expected.power_cycles,
    `${what} power_cycles`,
  );
  assert.equal(actual.vm_bytes, expected.vm_bytes, `${what} vm_bytes`);
  for (
    const field of [
      "energy_max_J",
      "energy_min_J",
      "energy_J",
      "latency_s",
    ] as const
  ) {
    near(actual[field], expected[field], `${what} ${field}`);
  }
}

const fourLetters = (d: Design): Design => ({
  ...d,
  loop_order: PUBLISHED_ORDERS[d.loop_order as "I" | "W" | "O"],
});

Deno.test("cost() equals the published model's twin on random layers and designs", async () => {
  // A capacitor that no design exhausts: every one has a latency.
  const p = await platform("msp430fr5994-inas2021", {
    capacitance_F: 1,
    safe_margin: 1,
  });
  const random = new Random(1, "published");
  for (let i = 0; i < 300; i++) {
    const layer = randomLayer(random, { plain: true });
    const d = random.pick(publishedSpace(layer));
    const what = JSON.stringify({ layer, d });
    const addon = loadExplorer();
    same(
      addon.cost(request(p, layer, "inas2021"), 0, fourLetters(d)),
      publishedIntermittent(p, layer, d),
      what,
    );
    const one = { ...d, S: 1 };
    const continuous = addon.cost(
      request(p, layer, "inas2021", "continuous"),
      0,
      fourLetters(one),
    );
    const expected = publishedContinuous(p, layer, one);
    near(continuous.energy_J, expected.energy_J, what);
    near(continuous.latency_s, expected.latency_s, what);
    assert.equal(continuous.vm_bytes, publishedVm_bytes(p, layer, one));
  }
});

for (
  const name of ["msp430fr5994-spi", "msp430fr5994-fram", "msp432p401r-spi"]
) {
  Deno.test(`cost() equals the runtime's twin on random layers and designs, on ${name}`, async () => {
    const p = await platform(name, { capacitance_F: 1, safe_margin: 1 });
    const random = new Random(2, name);
    for (let i = 0; i < 100; i++) {
      const layer = randomLayer(random);
      const d = anyDesign(random, layer);
      const actual = loadExplorer().cost(request(p, layer, "brownout"), 0, d);
      same(actual, runtimeCost(p, layer, d), JSON.stringify({ layer, d }));
    }
  });
}

Deno.test("cost() integrates the capacitor as the twin does where it swings far", async () => {
  const random = new Random(3, "capacitor");
  let compared = 0;
  while (compared < 60) {
    const p = await platform("msp430fr5994-spi", {
      capacitance_F: random.range(0.0005, 0.01),
      harvester_ohm: 10 ** random.range(1, 3),
      safe_margin: 1,
    });
    const layer = randomLayer(random);
    const d = anyDesign(random, layer);
    const actual = loadExplorer().cost(request(p, layer, "brownout"), 0, d);
    if (actual.energy_max_J > energyBudget_J(p).full_J) {
      assert.equal(actual.latency_s, Infinity);
      continue;
    }
    compared++;
    same(actual, runtimeCost(p, layer, d), JSON.stringify({ layer, d }));
  }
});

for (const protocol of ["inas2021", "brownout"] as const) {
  Deno.test(`explore() finds the optimum that the ${protocol} twin finds`, async () => {
    const p = await platform("msp430fr5994-spi", {
      vm_bytes: 600,
      capacitance_F: 0.001,
    });
    const random = new Random(4, protocol);
    let compared = 0;
    while (compared < 12) {
      const layer = randomLayer(random, { plain: protocol === "inas2021" });
      const space = publishedSpace(layer);
      // The runtime's twin walks every tile and integrates every power cycle.
      if (protocol === "brownout" && space.length > 150) continue;
      compared++;
      const costs = space.map((d) =>
        protocol === "inas2021"
          ? publishedIntermittent(p, layer, d)
          : runtimeCost(p, layer, fourLetters(d))
      );
      const feasible = costs.filter((cost) =>
        cost.vm_bytes <= p.vm_bytes &&
        cost.energy_max_J <= energyBudget_J(p).safe_J
      );
      const [answer] = await explorePrepared([{
        name: "random",
        protocol,
        power: "intermittent",
        platform: p,
        layers: [layer],
        native: request(p, layer, protocol),
      }], { threads: 2 });
      const [found] = answer!.layers;
      assert.equal(found!.designs_total, space.length);
      assert.equal(found!.designs_feasible, feasible.length);
      assert.equal(found!.feasible, feasible.length > 0);
      if (!found!.feasible) continue;
      const lowest = Math.min(...feasible.map((cost) => cost.latency_s));
      near(found!.latency_s, lowest, JSON.stringify(layer));
    }
  });
}

Deno.test("same() notices a model that forgets one transfer (negative control)", async () => {
  const p = await platform("msp430fr5994-spi", {
    capacitance_F: 1,
    safe_margin: 1,
  });
  const random = new Random(5, "control");
  const layer = randomLayer(random, { plain: true });
  const d = anyDesign(random, layer);
  const actual = loadExplorer().cost(request(p, layer, "brownout"), 0, d);
  const wrong = { ...p, nvm_write: { ...p.nvm_write, energy_fixed_J: 0 } };
  assert.throws(
    () => same(actual, runtimeCost(wrong, layer, d), "control"),
    /energy/,
  );
});

Deno.test("explorePrepared() charges start and delivery as the slow twin does", async () => {
  const p = await platform("msp430fr5994-fram");
  for (
    const [h, channels, outputs] of [[48, 6, 6], [64, 9, 12], [
      4000,
      5,
      4,
    ]] as const
  ) {
    const layer: ResolvedLayer = {
      name: "pool",
      type: "global_avg_pool",
      inputs: [-1],
      input: { h, w: 1, channels: outputs },
      output: { h: 1, w: 1, channels: outputs },
      kernel: { h, w: 1 },
      stride: { h: 1, w: 1 },
      padding: { top: 0, bottom: 0, left: 0, right: 0 },
      groups: 1,
      activation: "none",
      bias: false,
    };
    const setting = { name: "pool", layers: [layer], platform: p };
    const asked = {
      ...request(p, layer, "brownout"),
      input_elements: h * channels,
    };
    const [answer] = await explorePrepared([{
      ...setting,
      protocol: "brownout",
      power: "intermittent",
      native: asked,
    }]);
    const expected = runtimeDelivery(p, h * channels, outputs);
    near(answer!.delivery!.energy_max_J, expected.energy_max_J, "energy_max_J");
    near(answer!.delivery!.latency_s, expected.latency_s, "latency_s");
    const wrong = runtimeDelivery(p, h * channels + 1, outputs);
    assert.notEqual(wrong.energy_max_J, expected.energy_max_J);
  }
});
