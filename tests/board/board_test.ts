/** The host's view of a board's memory: on a simulated board that was cut, and on damaged dumps. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../base/errors.ts";
import { readJson, readNpy } from "../../base/files.ts";
import { LayoutArtifact } from "../../network/artifacts/layout.ts";
import { vectorsFile } from "../../network/artifacts/firmware.ts";
import { type BoardState, readBoardMemory } from "../../network/board_memory.ts";
import { crc16 } from "../../network/crc16.ts";
import { type KeptCounters, keptEnd_bytes, readKeptCounters } from "../../network/kept_counters.ts";
import { parseIntelHex } from "../../network/intel_hex.ts";
import { dumpPlatform } from "../../stages/dump/dump_platform.ts";
import { command, randomDump, ROOT } from "../dump/support.ts";

/** A dumped network: its layout, and NVM as programmed. */
async function dumped(
  folder: string,
  element_bytes: 1 | 2 = 2,
): Promise<{ layout: LayoutArtifact; nvm: Uint8Array }> {
  const storage = { element_bytes, per_channel: false };
  await dumpPlatform(folder, await randomDump(3, undefined, undefined, undefined, storage));
  const layout = await readJson(`${folder}/layout.json`, LayoutArtifact);
  const nvm = new Uint8Array(layout.nvm_bytes);
  nvm.set(await Deno.readFile(`${folder}/nvm.bin`));
  return { layout, nvm };
}

async function within(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes fields, their CRC-16 and the payload's, and the payload: codes of `code_bytes` each. */
function put(
  nvm: Uint8Array,
  at: number,
  fields: [16 | 32, number][],
  payload: number[] = [],
  code_bytes = 2,
) {
  const view = new DataView(nvm.buffer);
  let to = at;
  for (const [bits, value] of fields) {
    if (bits === 16) view.setUint16(to, value, true);
    else view.setUint32(to, value, true);
    to += bits / 8;
  }
  payload.forEach((code, i) =>
    code_bytes === 1 ? view.setInt8(to + 2 + i, code) : view.setInt16(to + 2 + 2 * i, code, true)
  );
  const head = crc16(nvm.subarray(at, to));
  view.setUint16(to, crc16(nvm.subarray(to + 2, to + 2 + code_bytes * payload.length), head), true);
}

const record = (nvm: Uint8Array, id: number, sequence: number, layer: number, batch: number) =>
  put(nvm, 16 * (sequence & 1), [[32, sequence], [16, layer], [16, 9], [32, batch], [16, id]]);

function refused(bytes: Uint8Array, layout: LayoutArtifact, at?: number): string {
  try {
    readBoardMemory(bytes, layout, "board.bin", at);
  } catch (error) {
    assert.ok(error instanceof UserError, `${error}`);
    return error.message;
  }
  throw new Error("the dump was accepted");
}

Deno.test("readBoardMemory() reads progress, releases and results as a boot does", () =>
  within(async (folder) => {
    const { layout, nvm } = await dumped(folder);
    const { image_id: id, layers, output } = layout;
    const read = (bytes = nvm): BoardState => readBoardMemory(bytes, layout, "board.bin");
    assert.equal(read().progress.state, "fresh");
    assert.equal(read().image.constants, "whole");
    assert.deepEqual(read().records.map(({ reason }) => reason), ["erased", "erased"]);

    record(nvm, id, 6, 1, 0);
    record(nvm, id, 7, 1, 3);
    assert.deepEqual(read().progress, {
      state: "running",
      sequence: 7,
      inference: 9,
      layer: layers[1]!.name,
      batch: 3,
      batches: layers[1]!.batches,
    });
    // Torn: the other one stands. Of another image: neither does.
    nvm[16]! ^= 1;
    assert.equal(read().progress.sequence, 6);
    assert.match(read().records[1]!.reason!, /torn/);
    record(nvm, id ^ 1, 7, 1, 3);
    assert.match(read().records[1]!.reason!, /of image/);
    // The sequence wraps.
    record(nvm, id, 0xffffffff, layers.length, 0);
    record(nvm, id, 0, layers.length + 1, 0);
    assert.deepEqual(read().progress, { state: "idle", sequence: 0, inference: 9 });

    const codes = Array.from({ length: output.elements }, (_, i) => i === 1 ? 500 : 3 - i);
    const result = (inference: number) =>
      put(
        nvm,
        layout.nvm.results + (inference & 1) * layout.nvm.result_stride_bytes,
        [[16, inference], [16, id], [16, output.elements]],
        codes,
      );
    result(8);
    result(9);
    put(nvm, layout.nvm.releases, [[16, 8], [16, 4], [16, id]]);
    const state = read();
    assert.equal(state.released, 8);
    assert.deepEqual(state.results.map((r) => [r.inference, r.released]), [[8, true], [9, false]]);
    assert.deepEqual(state.results[1]!.codes, codes);
    assert.equal(state.results[1]!.class, layout.classes[1]);
    nvm[layout.nvm.results + layout.nvm.result_stride_bytes + 9]! ^= 1;
    assert.deepEqual(read().results.map((r) => r.inference), [8]);

    assert.deepEqual(state.counters, [], "this firmware keeps none");

    // Within a dump of a larger memory.
    const memory = new Uint8Array(1000 + nvm.length).fill(0x3f);
    memory.set(nvm, 1000);
    assert.equal(read(memory).offset, 1000);
    assert.deepEqual({ ...read(memory), offset: 0 }, read());
  }));

Deno.test("readBoardMemory() tells how far a first start has come", () =>
  within(async (folder) => {
    const { layout, nvm } = await dumped(folder);
    const read = (): BoardState => readBoardMemory(nvm, layout, "board.bin");
    const step = (slot: number, done: number, id = layout.image_id) => {
      const view = new DataView(nvm.buffer, 16 * slot, 16);
      [done, 1, 2].forEach((value, i) => view.setUint32(4 * i, value, true));
      view.setUint16(12, id, true);
      view.setUint16(14, crc16(nvm.subarray(16 * slot, 16 * slot + 14), 0x1d0f), true);
    };
    step(1, 2048);
    assert.deepEqual(read().progress, {
      state: "fresh",
      sequence: 0,
      inference: 0,
      done_bytes: 2048,
    });
    assert.match(read().records[1]!.reason!, /first start: 2048 bytes/);
    step(0, 4096);
    assert.equal(read().progress.done_bytes, 4096);
    // Behind a first commit it is history.
    const programmed = nvm.slice();
    record(nvm, layout.image_id, 1, 0, 0);
    assert.equal(read().progress.state, "running");
    nvm.set(programmed);

    nvm.fill(0, layout.nvm.header, layout.nvm.header + 32);
    assert.deepEqual([read().progress.state, read().image.constants], ["copying", "being copied"]);
    assert.equal(read().progress.done_bytes, 4096);
    step(0, 4096, layout.image_id ^ 1);
    assert.equal(read().progress.done_bytes, 2048);
    nvm[17]! ^= 1;
    assert.match(refused(nvm, layout), /no whole image header/);
  }));

Deno.test("readBoardMemory() reads results of int8 codes", () =>
  within(async (folder) => {
    const { layout, nvm } = await dumped(folder, 1);
    const { image_id: id, layers, output } = layout;
    record(nvm, id, 4, layers.length + 1, 0);
    const codes = Array.from({ length: output.elements }, (_, i) => i === 1 ? 127 : -128 + i);
    const at = layout.nvm.results + layout.nvm.result_stride_bytes;
    put(nvm, at, [[16, 9], [16, id], [16, output.elements]], codes, 1);
    const read = () => readBoardMemory(nvm, layout, "board.bin").results;
    assert.deepEqual(read(), [
      { slot: 1, inference: 9, released: false, codes, class: layout.classes[1] },
    ]);
    // Its last code is covered by the CRC, too.
    nvm[at + 8 + output.elements - 1]! ^= 1;
    assert.deepEqual(read(), []);
  }));

Deno.test("readKeptCounters() takes the newest whole slot of this image", () => {
  const layout = { nvm_bytes: 10, image_id: 0x1234, layers: [{ name: "conv" }] };
  const nvm = new Uint8Array(keptEnd_bytes(10, 1)).fill(0xff);
  assert.equal(nvm.length, 12 + 4 + 4 * 72);
  const read = () => readKeptCounters((at, bytes) => nvm.subarray(at, at + bytes), layout);
  const save = (layer: number, number: number, boots: number, id = layout.image_id) => {
    const slot = new Uint8Array(72);
    const view = new DataView(slot.buffer);
    view.setUint32(0, number, true);
    view.setUint16(4, id, true);
    view.setUint32(8, boots % 2 ** 32, true);
    view.setUint16(8 + 40, Math.floor(boots / 2 ** 32), true);
    view.setUint16(70, crc16(slot.subarray(0, 70)), true);
    nvm.set(slot, 16 + 144 * layer + 72 * (number & 1));
  };
  const boots = () => read().map(({ layer, boots }) => [layer, boots]);
  assert.deepEqual(read(), []);
  save(0, 6, 40);
  assert.deepEqual(boots(), [["conv", 40], [undefined, 0]]);
  save(0, 7, 41);
  save(1, 1, 2 ** 40 + 3);
  assert.deepEqual(boots(), [["conv", 41], [undefined, 2 ** 40 + 3]]);
  nvm[16 + 72 + 30]! ^= 1;
  assert.equal(boots()[0]![1], 40, "torn: the older one stands");
  // Saves are counted in 32 bits.
  save(0, 0xffffffff, 50);
  save(0, 0, 51);
  assert.equal(boots()[0]![1], 51);
  save(0, 1, 9, 7);
  assert.equal(boots()[0]![1], 51, "of another image");
  const cut = nvm.subarray(0, 16 + 80);
  assert.equal(
    readKeptCounters((at, bytes) => cut.subarray(at, at + bytes), layout)[0]!.boots,
    51,
    "the dump ends within the slots",
  );
});

Deno.test("readBoardMemory() refuses damaged and foreign dumps, and says why", () =>
  within(async (folder) => {
    const { layout, nvm } = await dumped(folder);
    assert.match(refused(new Uint8Array(100), layout), /holds no whole image header/);
    assert.match(refused(nvm.slice(0, layout.nvm.header + 20), layout), /no whole image header/);
    assert.match(refused(nvm, layout, 4), /no whole image header/);
    assert.match(refused(nvm.slice(40), layout), /begins behind the progress records/);
    assert.match(
      refused(nvm, { ...layout, image_id: layout.image_id ^ 1 }),
      /another image than this layout/,
    );
    const short = readBoardMemory(nvm.slice(0, layout.nvm.header + 40), layout, "board.bin");
    assert.equal(short.image.constants, "not in the dump");
    nvm[layout.nvm.header + 40]! ^= 4;
    assert.equal(readBoardMemory(nvm, layout, "board.bin").image.constants, "damaged");
    nvm[layout.nvm.header + 5]! ^= 4;
    assert.match(refused(nvm, layout), /no whole image header/);
  }));

Deno.test("readBoardMemory() survives whatever a dump holds: a state or a UserError", () =>
  within(async (folder) => {
    const { layout, nvm } = await dumped(folder);
    record(nvm, layout.image_id, 7, 1, 3);
    let states = 0;
    const tried = (bytes: Uint8Array, at?: number) => {
      try {
        readBoardMemory(bytes, layout, "board.bin", at);
        states++;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    };
    const bytes = fc.uint8Array({ maxLength: 20 });
    fc.assert(
      fc.property(
        fc.nat(nvm.length),
        bytes,
        fc.nat(30),
        (at, put, drop) =>
          tried(Uint8Array.from([...nvm.subarray(0, at), ...put, ...nvm.subarray(at + drop)])),
      ),
      { seed: 1, numRuns: 1000 },
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.option(fc.nat(500)),
        (junk, at) => tried(junk, at ?? undefined),
      ),
      { seed: 2, numRuns: 2000 },
    );
    assert.ok(states > 100, `${states}`);
  }));

Deno.test("parseIntelHex() reads extended addresses and refuses wrong lines", () => {
  const good = ":020000040001F9\n:0400100001020304E2\n:00000001FF\n";
  assert.deepEqual(parseIntelHex(good, "x.hex"), {
    start: 0x10010,
    bytes: Uint8Array.of(1, 2, 3, 4),
  });
  const cases: [string, RegExp][] = [
    [good.replace("E2", "E3"), /x\.hex:2: has a wrong checksum/],
    [good.replace(":04", ":05"), /x\.hex:2: has another length/],
    [good.replace(":0400", "0400"), /x\.hex:2: is no Intel HEX record/],
    [good.slice(0, good.lastIndexOf(":")), /cut short/],
    [":00000001FF\n", /holds no data/],
    [good + good, /x\.hex:4: stands behind the end/],
  ];
  for (const [text, reason] of cases) assert.throws(() => parseIntelHex(text, "x.hex"), reason);
  fc.assert(
    fc.property(fc.stringMatching(/^(:[0-9A-F]{10,20}\n){0,4}/), (text) => {
      try {
        parseIntelHex(text, "x.hex");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }),
    { seed: 3, numRuns: 2000 },
  );
});

Deno.test("board read shows what a simulated board was doing when its power failed", () =>
  within(async (folder) => {
    const { layout } = await dumped(folder);
    const inputs = await readNpy(`${folder}/vectors.inputs.npy`, Int16Array);
    const outputs = await readNpy(`${folder}/vectors.outputs.npy`, Int16Array);
    const sizes = { inputs: layout.input.elements, outputs: layout.output.elements };
    await Deno.writeFile(
      `${folder}/vectors.bin`,
      vectorsFile(inputs.data, outputs.data, sizes),
    );
    await command("make", ["-s", "-C", `${ROOT}runtime-c/sim`, `OUT=${folder}/sim`, "all"]);
    const build = [`DUMP=${folder}`, "BOARD=msp430fr5994", `OUT=${folder}/board`, "firmware"];
    await command("make", ["-s", "-f", `${ROOT}runtime-c/build.mk`, ...build, "COUNTERS=1"]);
    const simulate = (nvm: string, ...options: string[]) =>
      new Deno.Command(`${folder}/sim/bo_sim`, {
        args: [
          ...["--board", "msp430fr5994", `${folder}/board/firmware.elf`],
          ...["--dump-nvm", nvm, ...options],
        ],
      }).output();
    const show = async (nvm: string, ...options: string[]) =>
      new TextDecoder().decode(
        await command(Deno.execPath(), [
          ...["run", "-A", `${ROOT}cli/board.ts`, "read", nvm],
          ...["--layout", `${folder}/layout.json`, ...options],
        ]),
      );
    await simulate(`${folder}/done.bin`, "--inferences", "2");
    const done = JSON.parse(await show(`${folder}/done.bin`, "--json")) as BoardState;
    assert.equal(done.progress.state, "idle");
    assert.equal(done.progress.inference, 2);
    assert.equal(done.released, 2);
    const classes = layout.output.elements;
    assert.deepEqual(
      done.results.map(({ inference, released, codes }) => [inference, released, codes]),
      [1, 2].map((inference) => [
        inference,
        true,
        [...outputs.data.subarray(classes * (inference % 3), classes * (inference % 3 + 1))],
      ]),
    );
    // What the board counted across its resets is what this machine's runtime counts.
    const host = [`DUMP=${folder}`, "BOARD=host", `OUT=${folder}/host`];
    await command("make", ["-s", "-f", `${ROOT}runtime-c/build.mk`, ...host]);
    const files = [`${folder}/nvm.bin`, `${folder}/vectors.bin`];
    const ran = await command(`${folder}/host/runner`, [...files, "uncut", "--inferences", "2"]);
    const expected = JSON.parse(new TextDecoder().decode(ran)).layers as KeptCounters[];
    assert.equal(done.counters.length, layout.layers.length + 1);
    for (const [i, { name }] of layout.layers.entries()) {
      const { boots, commits, reads, read_bytes, writes, write_bytes, macs, pooled } = expected[i]!;
      const counted = { boots, commits, reads, read_bytes, writes, write_bytes, macs, pooled };
      assert.ok(commits > 0 && macs + pooled > 0, name);
      assert.deepEqual(done.counters[i], { layer: name, ...counted, repeats: 0, repeated: 0 });
    }
    const sum = done.counters.reduce((sum, { commits }) => sum + commits, 0);
    assert.equal(sum, done.progress.sequence, "commits");
    assert.match(await show(`${folder}/done.bin`), /since the image was first started[^]*\(none\)/);

    // A board that is stopped while it works: one that hangs, for the simulator, after so many steps.
    let cut = done;
    for (let steps = 50_000; cut.progress.state !== "running"; steps += 50_000) {
      assert.ok(steps < 2_000_000, "it never worked on a layer");
      await Deno.remove(`${folder}/cut.bin`).catch(() => {});
      await simulate(
        `${folder}/cut.bin`,
        ...["--boot-instructions", `${steps}`, "--ignore-shut-off"],
      );
      cut = JSON.parse(await show(`${folder}/cut.bin`, "--json")) as BoardState;
    }
    assert.ok(cut.progress.batch! < cut.progress.batches!);
    const text = await show(`${folder}/cut.bin`);
    assert.match(text, /progress {2}inference 1: layer \w+, batch \d+ of \d+ is next; \d+ commits/);
  }));
