import assert from "node:assert/strict";
import fc from "fast-check";
import { crc32 as zlibCrc32 } from "node:zlib";
import { resolveLayers } from "../../network/network.ts";
import { crc16 } from "../../network/crc16.ts";
import { crc32 } from "../../stages/dump/crc.ts";
import { dumpPlatform } from "../../stages/dump/dump_platform.ts";
import { cString } from "../../stages/dump/emit_c.ts";
import { buildImage, checkRegions, ERASED, regionsOf } from "../../stages/dump/image.ts";
import { layerTable } from "../../stages/dump/layer_table.ts";
import { dump } from "../../stages/dump/run.ts";
import { packWeights } from "../../stages/dump/pack.ts";
import { monitorLevel_V } from "../../stages/dump/run_on.ts";
import type { DesignsArtifact } from "../../network/explore.ts";
import { C_FLAGS, command, randomDump, ROOT } from "./support.ts";

const text = (value: string) => new TextEncoder().encode(value);

Deno.test("crc32() and crc16() give the known answers", () => {
  assert.equal(crc32(text("123456789")), 0xcbf43926);
  assert.equal(crc16(text("123456789")), 0x29b1);
  assert.equal(crc32(new Uint8Array()), 0);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => assert.equal(crc32(bytes), zlibCrc32(bytes))),
    { seed: 1 },
  );
});

Deno.test("crc16() makes an erased record, release or result invalid", () => {
  for (const bytes of [14, 6]) {
    const erased = new Uint8Array(bytes).fill(ERASED);
    assert.notEqual(crc16(erased), ERASED << 8 | ERASED);
  }
});

/** Walks tiles as nest.h does: m, then n, offset by bo_weight_offset, each [tm][Kh][Kw][tn]. */
function unpack(
  packed: Int16Array,
  { m, kernel, n }: { m: number; kernel: number; n: number },
  { Tm, Tn }: { Tm: number; Tn: number },
): Int16Array {
  const weights = new Int16Array(packed.length);
  for (let im = 0; im < Math.ceil(m / Tm); im++) {
    for (let i = 0; i < Math.ceil(n / Tn); i++) {
      const m0 = im * Tm;
      const n0 = i * Tn;
      const channels = Math.min(Tm, m - m0);
      const depth = Math.min(Tn, n - n0);
      const offset = kernel * (m0 * n + channels * n0);
      for (let a = 0; a < channels; a++) {
        for (let k = 0; k < kernel; k++) {
          for (let d = 0; d < depth; d++) {
            weights[((m0 + a) * kernel + k) * n + n0 + d] =
              packed[offset + (a * kernel + k) * depth + d]!;
          }
        }
      }
    }
  }
  return weights;
}

const shapes = fc.record({
  m: fc.integer({ min: 1, max: 11 }),
  kernel: fc.integer({ min: 1, max: 9 }),
  n: fc.integer({ min: 1, max: 11 }),
}).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    tile: fc.record({
      Tm: fc.integer({ min: 1, max: shape.m }),
      Tn: fc.integer({ min: 1, max: shape.n }),
    }),
  })
);

Deno.test("packWeights() is undone by a walk over the tiles of nest.h, ragged ones included", () => {
  fc.assert(
    fc.property(shapes, ({ shape, tile }) => {
      const weights = Int16Array.from(
        { length: shape.m * shape.kernel * shape.n },
        (_, i) => i - 400,
      );
      assert.deepEqual(unpack(packWeights(weights, shape, tile), shape, tile), weights);
    }),
    { seed: 2, numRuns: 500 },
  );
  const shape = { m: 4, kernel: 3, n: 4 };
  const weights = Int16Array.from({ length: 48 }, (_, i) => i);
  assert.notDeepEqual(
    unpack(packWeights(weights, shape, { Tm: 2, Tn: 2 }), shape, { Tm: 4, Tn: 2 }),
    weights,
    "another tile gives another order",
  );
  assert.throws(() => packWeights(weights, { ...shape, m: 5 }, { Tm: 1, Tn: 1 }), RangeError);
});

Deno.test("buildImage() leaves the mutable regions erased and a header that the runtime accepts", async () => {
  for (let seed = 0; seed < 10; seed++) {
    const { network, designs } = await randomDump(seed);
    const nvm = designs.answer.nvm!;
    const { model, image } = buildImage(
      layerTable(network, designs),
      nvm,
      network.inputShape,
      network.element_bytes,
    );
    assert.equal(image.length, nvm.image_bytes);
    assert.ok(image.subarray(0, nvm.header).every((byte) => byte === ERASED));
    const view = new DataView(image.buffer, nvm.header);
    assert.equal(view.getUint32(0, true), 0x4f4e5242);
    assert.equal(view.getUint16(4, true), 2);
    assert.equal(view.getUint16(6, true), model.image_id);
    assert.equal(view.getUint32(8, true), image.length - nvm.header - 32);
    assert.equal(view.getUint32(12, true), zlibCrc32(image.subarray(nvm.header + 32)));
    assert.equal(view.getUint32(28, true), zlibCrc32(image.subarray(nvm.header, nvm.header + 28)));
    resolveLayers(designs.network).forEach((layer, index) => {
      const { weights, bias } = network.layers[index]!;
      const answer = designs.answer.layers.find((item) => item.name === layer.name);
      if (weights !== undefined && answer?.feasible) {
        const packed = Int16Array.from(
          weights,
          (_, i) => new DataView(image.buffer).getInt16(nvm.weights[index]! + 2 * i, true),
        );
        const shape = {
          m: layer.output.channels,
          kernel: layer.kernel.h * layer.kernel.w,
          n: layer.input.channels,
        };
        assert.deepEqual(unpack(packed, shape, answer), weights);
      }
      bias?.forEach((code, i) => {
        assert.equal(
          new DataView(image.buffer).getInt32(nvm.biases[index]! + 4 * i, true),
          code,
        );
      });
    });
  }
});

Deno.test("buildImage() gives another id to another design and to other weights", async () => {
  const { network, designs } = await randomDump(3);
  const nvm = designs.answer.nvm!;
  const id = () =>
    buildImage(layerTable(network, designs), nvm, network.inputShape, network.element_bytes).model
      .image_id;
  const before = id();
  assert.equal(id(), before);
  const first = designs.answer.layers[0]!;
  assert.ok(first.feasible);
  first.S += 1;
  const redesigned = id();
  assert.notEqual(redesigned, before);
  network.layers[0]!.weights![0]! ^= 1;
  assert.notEqual(id(), redesigned);
});

Deno.test("checkRegions() accepts shared bytes of maps that never live at once and refuses the rest", async () => {
  const { network, designs } = await randomDump(5);
  const nvm = designs.answer.nvm!;
  const regions = () =>
    regionsOf(layerTable(network, designs), nvm, network.inputShape, network.element_bytes);
  checkRegions(regions(), nvm);

  const last = nvm.maps.length - 1;
  const kept = nvm.maps[last]!;
  assert.ok(last >= 1, "the last layer does not read the input map");
  nvm.maps[last] = nvm.input_map;
  checkRegions(regions(), nvm);
  nvm.maps[last] = kept;
  const { input } = layerTable(network, designs).at(-1)!;
  nvm.maps[last] = input;
  assert.throws(() => checkRegions(regions(), nvm), /overlap in NVM/);
  nvm.maps[last] = nvm.header;
  assert.throws(() => checkRegions(regions(), nvm), /lies outside/);
  nvm.maps[last] = kept + 1;
  assert.throws(() => checkRegions(regions(), nvm), /odd address|overlap|outside/);
  nvm.maps[last] = kept;
  nvm.total_bytes = kept;
  assert.throws(() => checkRegions(regions(), nvm), /lies outside/);
});

Deno.test("dumpPlatform() writes the same bytes again", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const read = async (run: string) => {
      await dumpPlatform(`${folder}/${run}`, await randomDump(5));
      const files = [...Deno.readDirSync(`${folder}/${run}`)].map(({ name }) => name).sort();
      return files.map((name) => [name, Deno.readFileSync(`${folder}/${run}/${name}`)]);
    };
    const first = await read("a");
    assert.deepEqual(first.map(([name]) => name), [
      "layout.json",
      "model.c",
      "model.h",
      "nvm.bin",
      "platform.h",
      "vectors.inputs.npy",
      "vectors.labels.npy",
      "vectors.outputs.npy",
    ]);
    assert.deepEqual(await read("b"), first);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("dumpPlatform() has a board run on as the explorer said, or refuses", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const written = async (change: (designs: DesignsArtifact) => void) => {
      const dump = await randomDump(5);
      change(dump.designs);
      const layout = await dumpPlatform(folder, dump);
      const header = await Deno.readTextFile(`${folder}/platform.h`);
      return [
        layout.after_commit,
        header.match(/BO_AFTER_COMMIT_SLEEP (\d)/)?.[1],
        header.match(/BO_RUN_ON_MILLIVOLTS (\d+)/)?.[1],
      ];
    };
    const parts = { latency_s: 1, power_cycles: 1 };
    const runOn = (designs: DesignsArtifact, above_V: number) => {
      designs.after_commit = "run_on";
      const rest = { energy_J: 1, running_s: 1, layers: [], delivery: parts };
      designs.answer.run_on = { ...parts, ...rest, above_V };
    };
    assert.deepEqual(await written(() => {}), ["sleep", "1", undefined]);
    assert.deepEqual(await written((designs) => runOn(designs, 2.8691)), ["run_on", "0", "2870"]);
    await assert.rejects(
      written((designs) => designs.after_commit = "run_on"),
      /not explored for running on/,
    );
    await assert.rejects(written((designs) => runOn(designs, 5.1)), /monitor .* cannot tell 5.1 V/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("monitorLevel_V() is where the simulated boards switch (sim/tests/supply.sh)", () => {
  assert.equal(monitorLevel_V(2870), 2.875);
  assert.equal(monitorLevel_V(2950), 2.96875);
  assert.equal(monitorLevel_V(5000), 5);
  assert.equal(monitorLevel_V(5001), undefined);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (wanted) => {
      const level = 1000 * monitorLevel_V(wanted)!;
      assert.ok(level >= wanted && level - wanted < 157);
    }),
    { seed: 4 },
  );
});

Deno.test("dumpPlatform() refuses what does not fit, with the numbers", async () => {
  const folder = await Deno.makeTempDir();
  const refused = async (
    change: (dump: Awaited<ReturnType<typeof randomDump>>) => void,
    message: RegExp,
  ) => {
    const dump = await randomDump(5);
    change(dump);
    await assert.rejects(dumpPlatform(folder, dump), (error: Error) => {
      assert.equal(error.name, "UserError");
      assert.match(error.message, message);
      return true;
    });
  };
  try {
    await refused(
      (dump) => dump.designs.platform.nvm_bytes = 100,
      /needs \d+ bytes of NVM.* has 100/,
    );
    await refused((dump) => dump.designs.platform.vm_bytes = 8, /needs \d+ bytes of VM.* has 8/);
    await refused((dump) => dump.designs.platform.protocol = "inas2021", /inas2021/);
    await refused((dump) => dump.designs.network.name = "other", /another network/);
    await refused((dump) => dump.platform.element_bytes = 1, /other integers/);
    await refused((dump) => dump.platform.weight_scales = "per_channel", /other integers/);
    await refused((dump) => {
      dump.platform.element_bytes = dump.artifact.element_bytes = 1;
      dump.platform.kernel = "lea";
    }, /LEA multiplies 16-bit/);
    await refused((dump) => {
      const first = dump.designs.answer.layers[0]!;
      if (first.feasible) first.S = 70000;
    }, /65535/);
    await refused((dump) => {
      dump.designs.answer.feasible = false;
      Object.assign(dump.designs.answer, { binding: "nvm", violation: 12, unit: "byte" });
    }, /nvm is exceeded by 12 byte/);
    assert.deepEqual([...Deno.readDirSync(folder)], [], "nothing was written");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("dump.preflight() refuses platforms that are not flashed", async () => {
  const problems = await dump.preflight!({
    params: dump.parameters.parse({
      platforms: [
        { profile: "msp430fr5994-fram" },
        { profile: "msp430fr5994-inas2021" },
        { profile: "msp430fr5994-lea", element_bytes: 1 },
      ],
    }),
    root: ROOT,
  });
  assert.deepEqual(problems.map(({ field }) => field), [
    "platforms.1.profile",
    "platforms.2.element_bytes",
  ]);
});

Deno.test("cString() survives quotes, trigraphs, controls and other alphabets", () => {
  assert.equal(cString('a"b\\c'), '"a\\042b\\134c"');
  assert.equal(cString("??/\n9"), '"\\077\\077/\\0129"');
  assert.equal(cString("ü"), '"\\303\\274"');
});

Deno.test("model.c compiles without a warning, whatever the names are", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (let seed = 0; seed < 3; seed++) {
      const dump = await randomDump(seed);
      dump.dataset.title = "ends */ here /* and \n there \\";
      dump.artifact.classes = dump.artifact.classes.map((name) => `${name} "??/" ü\n`);
      await dumpPlatform(folder, dump);
      await Deno.writeTextFile(
        `${folder}/use.c`,
        '#include "platform.h"\n#include "model.h"\n' +
          "extern const char *const names[BROWNOUT_OUTPUTS];\n" +
          "const char *const names[BROWNOUT_OUTPUTS] = BROWNOUT_CLASS_NAMES;\n" +
          "extern const float scale;\n" +
          "const float scale = BROWNOUT_INPUT_SCALE * BROWNOUT_OUTPUT_SCALE;\n" +
          "extern const float mean[BROWNOUT_INPUT_CHANNELS];\n" +
          "const float mean[BROWNOUT_INPUT_CHANNELS] = BROWNOUT_INPUT_MEAN;\n",
      );
      for (const file of ["model", "use"]) {
        await command("gcc", [
          ...C_FLAGS,
          `-I${ROOT}runtime-c/core`,
          `-I${folder}`,
          "-c",
          `${folder}/${file}.c`,
          "-o",
          `${folder}/${file}.o`,
        ]);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("dumpPlatform() refuses kernel lea where a sum may reach 2^30, naming the layer", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const dump = await randomDump(3);
    dump.platform = { ...dump.platform, kernel: "lea" };
    const wide = dump.artifact.network.layers.findIndex(({ type }) => type === "conv");
    dump.artifact.layers.forEach((layer) => layer.accumulator_bound = 2 ** 30 - 1);
    await dumpPlatform(folder, dump);
    dump.artifact.layers[wide]!.accumulator_bound = 2 ** 30;
    const { name } = dump.artifact.layers[wide]!;
    await assert.rejects(
      dumpPlatform(folder, dump),
      (error: Error) => error.message.includes(`sums of layer ${name} can reach 1073741824`),
    );
    dump.platform = { ...dump.platform, kernel: "mpy32" };
    await dumpPlatform(folder, dump);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
