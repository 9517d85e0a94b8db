/** Odd channels made even for LEA: the padded network is the same function, and the runtime runs it. */
import assert from "node:assert/strict";
import { readNpy } from "../../base/files.ts";
import { Random } from "../../base/random.ts";
import { padChannels, padValues, unpadValues } from "../../network/channel_padding.ts";
import { DesignsArtifact } from "../../network/explore.ts";
import { DOUBLED_SUM_LIMIT } from "../../network/integer/bound.ts";
import { IntegerInference } from "../../network/integer/inference.ts";
import { type Network, resolveLayers } from "../../network/network.ts";
import {
  energyBudget_J,
  type PlatformChoice,
  readProfile,
  resolvePlatform,
} from "../../network/platform.ts";
import { exploreNetwork } from "../../native/mod.ts";
import { dumpPlatform, type PlatformDump } from "../../stages/dump/dump_platform.ts";
import { padNetwork } from "../../stages/dump/padded.ts";
import { randomMixedNetwork, randomNetwork } from "../quantize/support.ts";
import { HostRuntime, randomDump, ROOT } from "./support.ts";

/** Convs that no padding may reach: of odd channels, yet read by a conv. */
const oddReads = (layers: ReturnType<typeof resolveLayers>) =>
  layers.filter(({ type, input }) => (type === "conv" || type === "fc") && input.channels % 2 === 1)
    .length;

Deno.test("padChannels() leaves the network's function, on every kind of layer", async () => {
  const seen = { padded: 0, kinds: new Set<string>(), left: 0 };
  for (let seed = 0; seed < 120; seed++) {
    const network = seed % 2 === 0 ? randomMixedNetwork(seed) : randomNetwork(seed);
    const dump = await randomDump(seed, network);
    const layers = resolveLayers(network);
    const padding = padChannels(layers, network.input, 2);
    const padded = padNetwork(dump.network, padding);
    if (oddReads(padding.layers) > 0) {
      // Only where an add forbids it; then nothing is padded.
      assert.deepEqual(padding.layers, layers, `seed ${seed}`);
      seen.left++;
    }
    const shape = network.input;
    const before = new IntegerInference(dump.network), after = new IntegerInference(padded);
    const size = shape.h * shape.w * shape.channels;
    for (let at = 0; at < dump.vectors.inputs.length; at += size) {
      const codes = dump.vectors.inputs.subarray(at, at + size);
      const more = padValues(codes, shape.channels, padding.input);
      assert.deepEqual(unpadValues(more, padding.input.length, shape.channels), codes);
      assert.deepEqual([...after.run(more)], [...before.run(codes)], `seed ${seed}`);
    }
    padding.maps.forEach((channels, i) => {
      if (!channels.includes(-1)) return;
      seen.padded++;
      seen.kinds.add(layers[i]!.type);
    });
  }
  assert.ok(seen.padded > 100 && seen.kinds.size >= 6, JSON.stringify([...seen.kinds]));
  assert.ok(seen.left < 10, `${seen.left} networks with an add that forbids padding`);
});

Deno.test("padNetwork() without zero weights for the added channel would not be the same function", async () => {
  const network = randomNetwork(1);
  network.input.channels = 3;
  const dump = await randomDump(1, network);
  const padding = padChannels(resolveLayers(network), network.input, 2);
  const padded = padNetwork(dump.network, padding);
  const first = padded.layers.find(({ weights }) => weights !== undefined)!;
  first.bias?.fill(20_000_000);
  const codes = padValues(dump.vectors.inputs, 3, padding.input);
  const size = codes.length / dump.vectors.samples.length;
  assert.notDeepEqual(
    [...new IntegerInference(padded).run(codes.subarray(0, size))],
    [...dump.vectors.outputs.subarray(
      0,
      1 + dump.vectors.outputs.length / dump.vectors.samples.length,
    )],
  );
});

/** Odd channels everywhere. */
function oddNetwork(seed: number): Network {
  const random = new Random(seed, "tests/odd");
  const oneD = seed % 2 === 0;
  const odd = () => 1 + 2 * random.int(5);
  const kernel = () => ({ h: 1 + random.int(3), w: oneD ? 1 : 1 + random.int(3) });
  const tail = seed % 3 === 0
    ? [{ name: "flat", type: "flatten", activation: "none", bias: false } as const]
    : [{ name: "pool", type: "global_avg_pool", activation: "none", bias: false } as const];
  return {
    name: `odd-${seed}`,
    input: { h: 9, w: oneD ? 1 : 7, channels: odd() },
    layers: [
      {
        name: "a",
        type: "conv",
        kernel: kernel(),
        channels: odd(),
        activation: "relu",
        bias: true,
      },
      {
        name: "b",
        type: "conv",
        kernel: kernel(),
        channels: odd(),
        activation: "relu",
        bias: false,
      },
      ...tail,
      { name: "fc", type: "fc", channels: odd(), activation: "none", bias: true },
    ],
  };
}

/** Explores a network in the full space for LEA and puts the designs into its dump. */
async function explored(dump: PlatformDump, network: Network, choice: PlatformChoice) {
  const { profile, ...overrides } = choice;
  const platform = resolvePlatform(await readProfile(`${ROOT}platforms`, profile), overrides);
  const answer = await exploreNetwork(network, choice, { threads: 1, space: "full" });
  if (!answer.feasible) return undefined;
  dump.platform = platform;
  dump.designs = DesignsArtifact.parse({
    platform: {
      choice,
      protocol: "brownout",
      kernel: platform.kernel,
      vm_bytes: platform.vm_bytes,
      nvm_bytes: platform.nvm_bytes,
      energy_budget_J: energyBudget_J(platform).safe_J,
      energy_full_J: energyBudget_J(platform).full_J,
      estimated: [],
    },
    space: "full",
    power: "intermittent",
    network,
    layers: resolveLayers(network),
    answer,
  });
  return answer;
}

Deno.test("LEA's designs of the full space run on the host over the stand-in, odd channels padded", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const runtime = new HostRuntime([], { lea: true });
    await runtime.compile(folder);
    let padded = 0;
    const kinds = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const at = `${folder}/${seed}`;
      const network = seed < 10 ? oddNetwork(seed) : randomMixedNetwork(seed);
      const dump = await randomDump(seed, network, 3, DOUBLED_SUM_LIMIT);
      const answer = await explored(dump, network, {
        profile: "msp430fr5994-lea",
        capacitance_F: seed % 2 === 0 ? 0.005 : 0.0006,
      });
      // Where an add forbids padding, a span of odd channels may have no design.
      assert.ok(answer !== undefined || seed >= 10, `seed ${seed}`);
      if (answer === undefined) continue;
      const layout = await dumpPlatform(at, dump);
      for (const { kind } of layout.layers) kinds.add(kind);
      assert.equal(layout.input.channels, network.input.channels);
      padded += answer.layers.filter((layer) => layer.feasible && layer.padded_output_channels)
        .length;
      const expected = await readNpy(`${at}/vectors.outputs.npy`, Int16Array);
      assert.deepEqual([...await runtime.run(at)], [...expected.data], `seed ${seed}`);
    }
    assert.ok(padded >= 15 && kinds.size >= 6, `${padded}, ${[...kinds]}`);

    const odd = await randomDump(2, oddNetwork(2), 1, DOUBLED_SUM_LIMIT);
    await dumpPlatform(`${folder}/odd`, odd);
    await assert.rejects(runtime.run(`${folder}/odd`), /failed/, "odd spans are refused by LEA");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
