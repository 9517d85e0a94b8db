import assert from "node:assert/strict";
import { UserError } from "../../base/errors.ts";
import { readCodes } from "../../base/files.ts";
import { DesignsArtifact } from "../../network/explore.ts";
import { SUM_LIMIT, worstInput } from "../../network/integer/bound.ts";
import { IntegerInference } from "../../network/integer/inference.ts";
import { requantise } from "../../network/integer/requantise.ts";
import { type Network, resolveLayers } from "../../network/network.ts";
import { energyBudget_J, readProfile, resolvePlatform } from "../../network/platform.ts";
import { exploreNetwork } from "../../native/mod.ts";
import { dumpPlatform } from "../../stages/dump/dump_platform.ts";
import { randomMixedNetwork, randomNetwork } from "../quantize/support.ts";
import { HostRuntime, randomDump, ROOT } from "./support.ts";

/** Kinds of the runtime's table, and whether they have weights. */
const KINDS_SEEN = [
  { kind: "conv", scaled: true },
  { kind: "depthwise_conv", scaled: true },
  { kind: "max_pool", scaled: false },
  { kind: "avg_pool", scaled: false },
  { kind: "global_avg_pool", scaled: false },
  { kind: "add", scaled: false },
  { kind: "concat", scaled: false },
];

async function within(
  body: (folder: string, runtime: HostRuntime) => Promise<void>,
  flags: string[] = [],
) {
  const folder = await Deno.makeTempDir();
  try {
    const runtime = new HostRuntime(flags);
    await runtime.compile(folder);
    await body(folder, runtime);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function expected(dump: string): Promise<number[]> {
  return [...(await readCodes(`${dump}/vectors.outputs.npy`)).data];
}

Deno.test("the runtime on the host equals integer inference bit for bit, whatever the design", () =>
  within(async (folder, runtime) => {
    let planes = 0;
    for (let seed = 0; seed < 40; seed++) {
      const at = `${folder}/${seed}`;
      const dump = await randomDump(seed);
      const layout = await dumpPlatform(at, dump);
      if (layout.layers.some((layer) => layer.plane_bytes > 0)) planes++;
      assert.deepEqual(
        [...await runtime.run(at)],
        await expected(at),
        `seed ${seed}: ${JSON.stringify(dump.designs.network.layers)}`,
      );
    }
    assert.ok(planes > 10, "planes of partial sums were exercised");
  }));

Deno.test("the runtime on the host equals integer inference in int8 and int16, per layer and per channel", () =>
  within(async (folder, runtime) => {
    const seen = new Map<string, number>();
    for (let seed = 0; seed < 48; seed++) {
      const at = `${folder}/${seed}`;
      const storage = {
        element_bytes: seed % 4 < 2 ? 1 : 2,
        per_channel: seed % 2 === 1,
      } as const;
      const network = seed % 3 === 0 ? randomNetwork(seed) : randomMixedNetwork(seed);
      const dump = await randomDump(seed, network, 3, SUM_LIMIT, storage);
      const { layers } = await dumpPlatform(at, dump);
      const outputs = await readCodes(`${at}/vectors.outputs.npy`);
      assert.equal(outputs.data.BYTES_PER_ELEMENT, storage.element_bytes);
      assert.deepEqual(
        await runtime.run(at),
        outputs.data,
        `seed ${seed}: ${JSON.stringify(dump.designs.network.layers)}`,
      );
      assert.ok(new Set(outputs.data).size > 1, `seed ${seed}: all outputs are alike`);
      for (const { kind, scales } of layers) {
        const key = `${kind} int${8 * storage.element_bytes}${scales > 0 ? " per channel" : ""}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    }
    for (const size of ["int8", "int16"]) {
      for (const { kind, scaled } of KINDS_SEEN) {
        assert.ok(seen.has(`${kind} ${size}`), `${kind} ${size}`);
        if (scaled) assert.ok(seen.has(`${kind} ${size} per channel`), `${kind} ${size}`);
      }
    }
  }));

Deno.test("the runtime on the host answers otherwise where scales are those of other channels", () =>
  within(async (folder, runtime) => {
    let different = 0;
    for (let seed = 0; seed < 6; seed++) {
      const at = `${folder}/${seed}`;
      const storage = { element_bytes: 1, per_channel: true } as const;
      const dump = await randomDump(seed, randomNetwork(seed), 3, SUM_LIMIT, storage);
      const expects = dump.vectors.outputs.slice();
      for (const item of dump.network.layers) {
        if (item.scales !== undefined) item.scales = [...item.scales].reverse();
      }
      await dumpPlatform(at, dump);
      if ((await runtime.run(at)).some((code, i) => code !== expects[i])) different++;
    }
    assert.ok(different > 3, `${different}`);
  }));

Deno.test("the runtime on the host equals integer inference on every kind of layer", () =>
  within(async (folder, runtime) => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 30; seed++) {
      const at = `${folder}/${seed}`;
      const dump = await randomDump(seed, randomMixedNetwork(seed));
      const { layers } = await dumpPlatform(at, dump);
      for (const { kind } of layers) seen.add(kind);
      assert.deepEqual(
        [...await runtime.run(at)],
        await expected(at),
        `seed ${seed}: ${JSON.stringify(dump.designs.network.layers)}`,
      );
    }
    assert.ok(seen.size >= 6, [...seen].join());
  }));

Deno.test("the runtime on the host equals integer inference under every scheme", () =>
  within(async (folder, runtime) => {
    const { SCHEMES } = await import("../../stages/dump/layer_table.ts");
    for (const scheme of Object.keys(SCHEMES) as (keyof typeof SCHEMES)[]) {
      let refused = 0;
      for (let seed = 0; seed < 6; seed++) {
        const at = `${folder}/${scheme}${seed}`;
        const dump = await randomDump(seed, randomMixedNetwork(seed));
        const b = scheme === "hawaii" || scheme === "stateful" ? 1 + seed : 0;
        dump.designs = { ...dump.designs, scheme, b };
        try {
          await dumpPlatform(at, dump);
        } catch (error) {
          assert.ok(error instanceof UserError && scheme === "stateful", String(error));
          assert.match(error.problems[0]!.message, /scheme stateful/);
          refused++;
          continue;
        }
        assert.deepEqual([...await runtime.run(at)], await expected(at), `${scheme}, seed ${seed}`);
      }
      // Codes of all their bits leave none for a state.
      assert.equal(refused, scheme === "stateful" ? 6 : 0, scheme);
    }
  }));

Deno.test("dump refuses a scheme with groups of no size", () =>
  within(async (folder) => {
    const dump = await randomDump(1);
    dump.designs = { ...dump.designs, scheme: "hawaii", b: 0 };
    await assert.rejects(
      () => dumpPlatform(`${folder}/none`, dump),
      (error: Error) => error instanceof UserError && /groups/.test(error.problems[0]!.message),
    );
  }));

Deno.test("the runtime built without channelwise kinds runs a network of convs and refuses others", () =>
  within(async (folder, runtime) => {
    const at = `${folder}/convs`;
    await dumpPlatform(at, await randomDump(1));
    assert.match(await Deno.readTextFile(`${at}/platform.h`), /^#define BO_HAS_CHANNELWISE 0$/m);
    assert.deepEqual([...await runtime.run(at)], await expected(at));

    const mixed = `${folder}/mixed`;
    const dump = await randomDump(1, {
      ...single,
      layers: [
        { name: "pool", type: "max_pool", kernel: { h: 2, w: 2 }, activation: "none", bias: false },
        ...single.layers,
      ],
    });
    await dumpPlatform(mixed, dump);
    assert.match(await Deno.readTextFile(`${mixed}/platform.h`), /^#define BO_HAS_CHANNELWISE 1$/m);
    await assert.rejects(runtime.run(mixed), /needs the channelwise kinds/);
  }, ["-DBO_CHANNELWISE=0"]));

Deno.test("the runtime on the host answers otherwise where add reads another map", () =>
  within(async (folder, runtime) => {
    for (let seed = 0;; seed++) {
      const dump = await randomDump(seed, randomMixedNetwork(seed));
      const add = dump.network.layers.find(({ layer, multipliers }) =>
        layer.type === "add" && layer.inputs[0] !== layer.inputs[1] && multipliers !== undefined
      );
      if (add === undefined) continue;
      add.layer.inputs = [add.layer.inputs[0]!, add.layer.inputs[0]!];
      await dumpPlatform(`${folder}/wrong`, dump);
      assert.notDeepEqual(
        [...await runtime.run(`${folder}/wrong`)],
        await expected(`${folder}/wrong`),
      );
      break;
    }
  }));

Deno.test("the runtime on the host answers otherwise, or not, where the dump is wrong", () =>
  within(async (folder, runtime) => {
    const at = `${folder}/0`;
    const dump = await randomDump(0);
    const layout = await dumpPlatform(at, dump);
    const image = await Deno.readFile(`${at}/nvm.bin`);
    image[layout.layers[0]!.weights]! ^= 1;
    await Deno.writeFile(`${at}/wrong.bin`, image);
    await assert.rejects(
      runtime.run(at, `${at}/wrong.bin`),
      /status 4/,
      "a flipped bit is refused",
    );

    const requantisation = dump.network.layers.at(-1)!.requantisation!;
    requantisation.shift += 1;
    await dumpPlatform(at, dump);
    assert.notDeepEqual([...await runtime.run(at)], await expected(at));
  }));

Deno.test("the explorer's designs and addresses, dumped, give integer inference's outputs", () =>
  within(async (folder, runtime) => {
    let shared = 0;
    for (const profile of ["msp430fr5994-fram", "msp430fr5994-spi", "msp432p401r-spi"]) {
      const platform = resolvePlatform(await readProfile(`${ROOT}platforms`, profile));
      const budget = energyBudget_J(platform);
      for (let seed = 100; seed < 105; seed++) {
        const at = `${folder}/${profile}-${seed}`;
        const dump = await randomDump(seed);
        const { network } = dump.designs;
        const answer = await exploreNetwork(network, { profile }, { threads: 1 });
        assert.ok(answer.feasible, `${profile}, seed ${seed}`);
        dump.platform = platform;
        dump.designs = DesignsArtifact.parse({
          platform: {
            choice: { profile },
            protocol: platform.protocol,
            kernel: platform.kernel,
            vm_bytes: platform.vm_bytes,
            nvm_bytes: platform.nvm_bytes,
            energy_budget_J: budget.safe_J,
            energy_full_J: budget.full_J,
            estimated: [],
          },
          space: "published",
          power: "intermittent",
          network,
          layers: resolveLayers(network),
          answer,
        });
        const { regions } = await dumpPlatform(at, dump);
        const maps = regions.filter((region) => region.kind === "map");
        if (new Set(maps.map((map) => map.address)).size < maps.length) shared++;
        assert.deepEqual(
          [...await runtime.run(at)],
          await expected(at),
          `${profile}, seed ${seed}`,
        );
      }
    }
    assert.ok(shared > 0, "maps that share bytes were exercised");
  }));

/** An fc alone: its weights are the last word on how large its sums become. */
const single: Network = {
  name: "single",
  input: { h: 3, w: 2, channels: 8 },
  layers: [{ name: "fc", type: "fc", channels: 5, activation: "none", bias: true }],
};

Deno.test("no input overflows the runtime's 32-bit sums, watched by the compiler's sanitizer", () =>
  within(async (folder, runtime) => {
    for (let seed = 0; seed < 5; seed++) {
      const at = `${folder}/${seed}`;
      const dump = await randomDump(seed, single);
      const { weights, bias } = dump.network.layers[0]!;
      const { minimum, maximum } = dump.network.input;
      const inputs = [0, 1, 2, 3, 4].flatMap((m) =>
        ([1, -1] as const).map((sign) => worstInput(weights!, 5, m, sign, minimum, maximum))
      );
      const inference = new IntegerInference(dump.network);
      dump.vectors = {
        seed,
        samples: inputs.map((_, i) => i),
        inputs: Int16Array.from(inputs.flatMap((codes) => [...codes])),
        outputs: Int16Array.from(inputs.flatMap((codes) => [...inference.run(codes)])),
        labels: new Int32Array(inputs.length),
      };
      await dumpPlatform(at, dump);
      assert.deepEqual([...await runtime.run(at)], await expected(at));
      const largest = Math.max(...inputs.map((codes, i) => {
        const m = i >> 1;
        const sum = codes.reduce((total, x, k) => total + x * weights![m * 48 + k]!, bias![m]!);
        return Math.abs(sum);
      }));
      assert.ok(largest > 0.99 * 2 ** 31 && largest < 2 ** 31, `${largest}`);
    }
  }, ["-fsanitize=undefined", "-fno-sanitize-recover=all"]));

Deno.test("integer inference wraps where a network breaks the bound, as ROUNDING.md says", async () => {
  const dump = await randomDump(0, single);
  const { weights, requantisation } = dump.network.layers[0]!;
  weights!.fill(32767);
  dump.network.layers[0]!.bias!.fill(0);
  const codes = new Int16Array(48).fill(32767);
  const wrapped = Number(BigInt.asIntN(32, 48n * 32767n * 32767n));
  assert.deepEqual(
    [...new IntegerInference(dump.network).run(codes)],
    Array(5).fill(requantise(wrapped, requantisation!)),
  );
});
