import assert from "node:assert/strict";
import type { PlatformChoice } from "../../network/platform.ts";
import { buildNetwork, SearchSpace, spaceSize } from "../../network/space.ts";
import { exploreNetwork } from "../../native/mod.ts";
import { exploreSpace, networkChoices, networkNumber } from "../../native/space.ts";
import { NETWORK_STATES } from "../../native/space_query.ts";

const conv = SearchSpace.parse({
  type: "conv",
  dimensions: 2,
  layers: 2,
  kernels: [1, 3, 7],
  channels: [4, 8, 24],
  bias: true,
});
const image = { h: 10, w: 10, channels: 3 };
const fc = SearchSpace.parse({ type: "fc", layers: 3, units: [48, 96] });
const features = { h: 1, w: 1, channels: 50 };

/** Every network of the table as {@link exploreNetwork} finds it; how often each state occurs. */
async function compare(
  space: SearchSpace,
  input: typeof image,
  platform: PlatformChoice,
  options: Parameters<typeof exploreSpace>[4] = {},
  every = 1,
): Promise<Map<string, number>> {
  const table = await exploreSpace(space, input, 10, platform, options);
  assert.equal(table.state.length, spaceSize(space));
  const seen = new Map<string, number>();
  for (let number = 0; number < table.state.length; number += every) {
    const choices = networkChoices(space, number);
    assert.equal(networkNumber(space, choices), number);
    const state = NETWORK_STATES[table.state[number]!]!;
    seen.set(state, (seen.get(state) ?? 0) + 1);
    const build = () => buildNetwork(space, choices, input, 10);
    if (state === "not buildable") {
      await assert.rejects(async () => await exploreNetwork(build(), platform, options));
      continue;
    }
    const answer = await exploreNetwork(build(), platform, options);
    assert.equal(answer.feasible, state === "feasible", `${choices}: ${state}`);
    assert.equal(answer.latency_s ?? Infinity, table.latency_s[number]);
    assert.equal(answer.energy_J ?? Infinity, table.energy_J[number]);
    assert.equal(answer.written_bytes ?? Infinity, table.written_bytes[number]);
  }
  return seen;
}

Deno.test("exploreSpace() gives every network what exploreNetwork() gives it", async () => {
  const seen = await compare(conv, image, { profile: "msp430fr5994-spi" });
  assert.deepEqual([...seen.keys()].sort(), ["feasible", "not buildable"]);
  await compare(fc, features, { profile: "msp430fr5994-spi", kernel: "lea" }, {
    space: "full",
  });
  await compare(
    conv,
    image,
    { profile: "msp430fr5994-spi", kernel: "lea" },
    { space: "full" },
    7,
  );
});

Deno.test("exploreSpace() gives every network what exploreNetwork() gives it, by scheme", async () => {
  const scarce = { profile: "msp430fr5994-spi", capacitance_F: 0.0008, nvm_bytes: 24000 };
  for (const scheme of ["hawaii", "stateful", "checkpoint"] as const) {
    // One visit of each output tile: of three input channels no published S takes all.
    const space = scheme === "stateful" ? "full" : "published";
    const seen = await compare(conv, image, scarce, { scheme, space }, 3);
    assert.ok(
      seen.has(scheme === "checkpoint" ? "a layer has no safe design" : "feasible"),
      scheme,
    );
  }
  const given = { scheme: "hawaii", b: 6, space: "full" } as const;
  assert.ok((await compare(conv, image, scarce, given, 5)).has("feasible"));
  const ideal = exploreSpace(conv, image, 10, scarce, { scheme: "ideal" });
  await assert.rejects(ideal, /no table of sums has its latency/);
});

const blocks = SearchSpace.parse({
  type: "blocks",
  dimensions: 2,
  stages: [
    { kernel: [3, 5], channels: [4, 6], stride: [1, 2], padding: ["same", "valid"] },
    { depth: [1, 2, 3], kernel: 3, channels: [6, 8] },
  ],
});

Deno.test("exploreSpace() tables spaces of blocks", async () => {
  const platform = { profile: "msp430fr5994-spi" };
  const seen = await compare(blocks, image, platform);
  assert.deepEqual([...seen.keys()], ["feasible"]);
  const lea = { ...platform, kernel: "lea" as const };
  await compare(blocks, image, lea, { space: "full" }, 5);
});

const mixed = SearchSpace.parse({
  type: "blocks",
  dimensions: 2,
  stages: [
    { kernel: [3, 5], channels: [3, 6], pool: ["none", "max", "avg"], padding: "same" },
    {
      block: ["conv", "separable"],
      depth: [1, 2],
      kernel: 3,
      channels: [6, 8],
      padding: "same",
      residual: ["none", "add"],
    },
  ],
});

Deno.test("exploreSpace() tables separable blocks, residuals and pools, int16 and int8", async () => {
  const spi = { profile: "msp430fr5994-spi" }, lea = { ...spi, kernel: "lea" as const };
  const small = { ...spi, element_bytes: 1 as const, weight_scales: "per_channel" as const };
  for (
    const [platform, space, every] of [[spi, "published", 5], [small, "published", 7]] as const
  ) {
    const seen = await compare(mixed, image, platform, { space }, every);
    // No block of a stage adds where its maps differ.
    assert.deepEqual([...seen.keys()].sort(), ["feasible", "not buildable"]);
  }
  for (const platform of [lea, small]) {
    const seen = await compare(mixed, image, platform, { space: "full" }, 23);
    assert.ok(seen.has("feasible"));
  }
  const scarce = { ...spi, capacitance_F: 0.0008, vm_bytes: 700, nvm_bytes: 6000 };
  const seen = await compare(mixed, image, scarce, {}, 11);
  assert.ok(seen.has("does not fit in NVM"), JSON.stringify([...seen]));
});

Deno.test("exploreSpace() pads odd channels for LEA as exploreNetwork() does", async () => {
  const odd = SearchSpace.parse({ ...conv, channels: [3, 5, 8] });
  const lea = { profile: "msp430fr5994-lea" };
  const seen = await compare(odd, image, lea, { space: "full" }, 5);
  assert.ok(seen.has("feasible"), JSON.stringify([...seen]));
});

Deno.test("exploreSpace() tells networks apart that do not fit", async () => {
  const published = { protocol: "inas2021" as const };
  const small = { profile: "msp430fr5994-inas2021", nvm_bytes: 12000 };
  assert.ok(
    (await compare(conv, image, small, published)).has("does not fit in NVM"),
  );
  // Little energy wants planes of partial sums; little NVM leaves some networks small ones only.
  const scarce = {
    profile: "msp430fr5994-spi",
    capacitance_F: 0.0008,
    vm_bytes: 700,
  };
  const roomy = await exploreSpace(conv, image, 10, scarce);
  assert.equal(roomy.limited_layers, 0);
  const tight = { ...scarce, nvm_bytes: 16000 };
  assert.ok((await compare(conv, image, tight)).has("does not fit in NVM"));
  assert.ok((await exploreSpace(conv, image, 10, tight)).limited_layers > 0);
  const starved = { profile: "msp430fr5994-spi", capacitance_F: 0.00017 };
  assert.ok(
    (await compare(conv, image, starved)).has("a layer has no safe design"),
  );
});

Deno.test("exploreSpace() gives the same bytes for 1, 2 and 8 threads, and stops when aborted", async () => {
  const platform = { profile: "msp430fr5994-spi", kernel: "lea" };
  const options = { space: "full" as const };
  const one = await exploreSpace(conv, image, 10, platform, {
    ...options,
    threads: 1,
  });
  for (const threads of [2, 8]) {
    assert.deepEqual(
      await exploreSpace(conv, image, 10, platform, { ...options, threads }),
      one,
    );
  }
  const reason = new Error("enough");
  await assert.rejects(
    exploreSpace(conv, image, 10, platform, {
      ...options,
      signal: AbortSignal.abort(reason),
    }),
    (error) => error === reason,
  );
});
