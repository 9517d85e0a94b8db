import assert from "node:assert/strict";
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { readJson, writeJson } from "../../base/files.ts";
import { FirmwareSize, vectorsFile } from "../../network/artifacts/firmware.ts";
import { LayoutArtifact } from "../../network/artifacts/layout.ts";
import { keptEnd_bytes } from "../../network/kept_counters.ts";
import { readProfile } from "../../network/platform.ts";
import { digestFolder } from "../../pipeline/digest.ts";
import { boardOf, memoryRegions, readBoards } from "../../stages/firmware/board.ts";
import { buildError, memoryOverflows } from "../../stages/firmware/build_error.ts";
import { firmware } from "../../stages/firmware/run.ts";
import { readElf } from "../../toolchain/elf.ts";
import { TOOLS } from "../../toolchain/tools.ts";
import { BOARDS, ROOT, runStage, writeArtifacts } from "./fixture.ts";

const FRAM = "msp430fr5994-fram";

async function within(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await writeArtifacts(folder);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function refused(work: Promise<unknown>, exitCode: ExitCode): Promise<UserError> {
  const error = await work.then(() => undefined, (error) => error);
  assert.ok(error instanceof UserError, `refused, not ${error}`);
  assert.equal(error.exitCode, exitCode, error.message);
  return error;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("firmware.run() gives the same bytes from two checkouts, and by hand", () =>
  within(async (folder) => {
    const first = await runStage(firmware, folder);
    const digests = await digestFolder(first.artifact);

    const other = join(folder, "another", "deeper", "checkout");
    for (const part of ["runtime-c", "platforms"]) {
      await Deno.mkdir(other, { recursive: true });
      const { success } = await new Deno.Command("cp", {
        args: ["-r", join(ROOT, part), other],
      }).output();
      assert.ok(success);
    }
    // A folder with a blank, which make cannot take: built elsewhere, and the same.
    const blank = join(folder, "a blank");
    const inputs = { dump: join(folder, "dump") };
    const second = await runStage(firmware, blank, { root: other, inputs });
    assert.deepEqual(await digestFolder(second.artifact), digests);

    const boards = await readBoards(ROOT);
    for (const profile of BOARDS) {
      const size = await readJson(join(first.artifact, profile, "size.json"), FirmwareSize);
      for (const { name, used_bytes, limit_bytes } of size.regions) {
        assert.ok(used_bytes <= limit_bytes, `${profile} ${name}`);
      }
      assert.deepEqual(size.vectors, { firmware: 3, simulation: 3, all: 3 });
      // What is refused before compiling must be a lower bound, and not a loose one.
      const least = boardOf(boards, profile)!.program.runtime_bytes;
      const { program_bytes } = size;
      assert.ok(program_bytes >= least && program_bytes < 2 * least, `${profile} ${program_bytes}`);
      const elf = readElf(await Deno.readFile(join(first.artifact, profile, "firmware.elf")));
      const at = elf.symbols.get("bo_image")!;
      const image = await Deno.readFile(join(folder, "dump", profile, "nvm.bin"));
      assert.deepEqual(elf.read(at, image.length), image, "the dump's image is what is flashed");
      assert.equal(size.image_bytes, image.length);
      assert.ok(await exists(join(first.work, profile, "firmware.map")));
      assert.match(
        await Deno.readTextFile(join(first.artifact, profile, "firmware.hex")),
        /^:[0-9A-F]+\r?\n/,
      );
    }

    const hand = join(folder, "hand");
    await new Deno.Command("cp", { args: ["-r", join(first.artifact, FRAM), hand] }).output();
    const made = await new Deno.Command("make", { args: ["-s", "firmware", "host"], cwd: hand })
      .output();
    assert.ok(made.success, new TextDecoder().decode(made.stderr));
    const read = (...path: string[]) => Deno.readFile(join(...path));
    assert.deepEqual(
      await read(hand, "build", "firmware.elf"),
      await read(first.artifact, FRAM, "firmware.elf"),
    );
    assert.deepEqual(
      await read(hand, "build", "brownout_host"),
      await read(first.artifact, "host", FRAM, "brownout_host"),
    );
    for (const path of Object.keys(digests)) {
      const text = new TextDecoder("latin1").decode(await read(first.artifact, path));
      assert.ok(!text.includes(folder), `${path} names the folder it was built in`);
    }
  }));

Deno.test("firmware.run() refuses what cannot fit, with the numbers, before it compiles", () =>
  within(async (folder) => {
    const file = join(folder, "dump", FRAM, "layout.json");
    const layout = await readJson(file, LayoutArtifact);
    await writeJson(file, LayoutArtifact, { ...layout, nvm_bytes: 220_000 });
    const error = await refused(runStage(firmware, folder), ExitCode.infeasible);
    assert.match(error.message, /UPPER needs 220000 bytes .* has 212992: 7008 too many/);
    assert.ok(!await exists(join(folder, "firmware-work", FRAM)), "nothing was compiled");

    await writeJson(file, LayoutArtifact, layout);
    const header = join(folder, "dump", FRAM, "platform.h");
    const text = await Deno.readTextFile(header);
    await Deno.writeTextFile(header, text.replace(/BO_VM_BYTES \d+/, "BO_VM_BYTES 8192"));
    const vm = await refused(runStage(firmware, folder), ExitCode.infeasible);
    assert.match(vm.message, /VM \(VM\) needs 8192 bytes .* has 4096: 4096 too many/);
  }));

Deno.test("firmware.run() says by how much the linker finds the image too large", () =>
  within(async (folder) => {
    const header = join(folder, "dump", FRAM, "platform.h");
    const text = await Deno.readTextFile(header);
    await Deno.writeTextFile(header, text.replace(/BO_NVM_BYTES \d+/, "BO_NVM_BYTES 220000"));
    const platforms = [FRAM];
    const error = await refused(runStage(firmware, folder, { platforms }), ExitCode.infeasible);
    assert.match(
      error.message,
      /firmware does not fit .*: memory region UPPER overflows by 7008 bytes/,
    );

    // Beyond the 64 KB that mspdebug has; the board holds it.
    await Deno.writeTextFile(header, text.replace(/BO_NVM_BYTES \d+/, "BO_NVM_BYTES 212992"));
    const full = await runStage(firmware, folder, { platforms });
    const size = await readJson(join(full.artifact, FRAM, "size.json"), FirmwareSize);
    assert.deepEqual(size.vectors, { firmware: 3, simulation: 0, all: 3 });
    const upper = size.regions.find(({ name }) => name === "UPPER")!;
    assert.equal(upper.used_bytes, upper.limit_bytes);
    assert.ok(!await exists(join(full.artifact, FRAM, "simulation.elf")));
    assert.match(full.notes.join("\n"), /mspdebug does not hold the network/);
  }));

Deno.test("firmware.run() makes room for counters that survive resets, or says what is missing", () =>
  within(async (folder) => {
    const options = { platforms: [FRAM], params: { counters: true } };
    const file = join(folder, "dump", FRAM, "layout.json");
    const layout = await readJson(file, LayoutArtifact);
    const { artifact } = await runStage(firmware, folder, options);
    const size = await readJson(join(artifact, FRAM, "size.json"), FirmwareSize);
    const end = keptEnd_bytes(layout.nvm_bytes, layout.layers.length);
    assert.equal(size.nvm.used_bytes, end);
    const upper = size.regions.find(({ name }) => name === "UPPER")!;
    assert.equal(upper.used_bytes, end, "linked");

    // All of it taken by the network, to the byte.
    await writeJson(file, LayoutArtifact, { ...layout, nvm_bytes: 212_992 });
    const error = await refused(runStage(firmware, folder, options), ExitCode.infeasible);
    assert.match(error.message, /UPPER needs \d+ bytes .* too many/);
  }));

Deno.test("memoryOverflows() reads GNU ld and failed assertions, and nothing else", () => {
  assert.deepEqual(
    memoryOverflows(
      "ld: a.elf section `.text' will not fit in region `FLASH'\n" +
        "ld: region `FLASH' overflowed by 1234 bytes\ncollect2: error: ld returned 1",
    ),
    ["memory region FLASH overflows by 1234 bytes"],
  );
  assert.deepEqual(memoryOverflows("ld: VM, data and stack exceed 64 KB of SRAM\n"), [
    "VM, data and stack exceed 64 KB of SRAM",
  ]);
  assert.deepEqual(memoryOverflows("a.c:3:1: error: unknown type name 'x'\n"), []);
});

Deno.test("buildError() tells a user's mistake from a compiler's", () => {
  const build = {
    profile: "p",
    target: "firmware",
    compiler: "cc 1.0",
    log: "x.log",
    stderr: "In file\nsrc/application/my.c:3:1: error: unknown type name 'x'\nmake: *** Error 1",
  };
  const own = buildError({ ...build, application: "my.c" });
  assert.equal(own.exitCode, ExitCode.usage);
  assert.match(own.message, /unknown type name/);
  assert.equal(buildError({ ...build, application: undefined }).exitCode, ExitCode.toolchain);
});

Deno.test("firmware.run() builds the user's application, and says what is wrong with it", () =>
  within(async (folder) => {
    const file = join(folder, "sensor.c");
    const code = '#include "app.h"\n#include <stddef.h>\n' +
      "const int16_t *brownout_app_input(uint16_t n) { (void)n; return NULL; }\n" +
      "void brownout_app_refused(void) { bo_board_completion(0); }\n";
    const result = "void brownout_app_result(uint16_t n, const int16_t *o)" +
      " { bo_board_completion(o[0] > (int16_t)n); }\n";
    await Deno.writeTextFile(file, code + result);
    const options = { platforms: [FRAM], params: { application: file } };
    const context = { params: firmware.parameters.parse({ platforms: [{ profile: FRAM }] }) };
    const params = { ...context.params as object, application: file };
    const before = await firmware.fingerprint!({ params, root: ROOT });
    const { artifact } = await runStage(firmware, folder, options);
    const size = await readJson(join(artifact, FRAM, "size.json"), FirmwareSize);
    assert.equal(size.application, "sensor.c");
    assert.deepEqual(size.vectors, { firmware: 0, simulation: 3, all: 3 });

    await Deno.writeTextFile(file, code + result.replace("o[0]", "nothing"));
    const error = await refused(runStage(firmware, folder, options), ExitCode.usage);
    assert.match(error.message, /application sensor.c does not compile/);
    assert.match(error.message, /nothing/);
    assert.notDeepEqual(await firmware.fingerprint!({ params, root: ROOT }), before);

    const problems = await firmware.preflight!({
      params: { ...params, application: "no/such.c" },
      root: ROOT,
    });
    assert.deepEqual(problems.map(({ field }) => field), ["firmware.application"]);
  }));

Deno.test("firmware.preflight() names platforms without a port, and tools that are missing", async () => {
  const parse = (...profiles: string[]) =>
    firmware.parameters.parse({ platforms: profiles.map((profile) => ({ profile })) });
  const problems = await firmware.preflight!({
    params: parse(FRAM, "msp430fr5994-inas2021"),
    root: ROOT,
  });
  assert.equal(problems.length, 1);
  assert.equal(problems[0]!.field, "firmware.platforms.1.profile");
  for (const name of BOARDS) assert.ok(problems[0]!.expected!.includes(name));

  const lea = (dsplib: string | null) =>
    firmware.preflight!({
      params: firmware.parameters.parse({ platforms: [{ profile: "msp430fr5994-lea" }], dsplib }),
      root: ROOT,
    });
  assert.match((await lea(null))[0]!.message, /kernel lea of msp430fr5994-lea .*DSPLib/);
  assert.match((await lea("nowhere"))[0]!.message, /no DSPLib is there/);
  assert.deepEqual(await lea("runtime-c/sim/lea"), []);
  assert.deepEqual(await lea("stand-in"), []);

  const path = Deno.env.get("PATH")!;
  Deno.env.set("PATH", "/nonexistent");
  try {
    const error = await refused(
      firmware.preflight!({ params: parse(FRAM), root: ROOT }),
      ExitCode.toolchain,
    );
    assert.match(error.message, /clang is missing/);
    assert.match(error.message, /apt-get install .* clang-16/);
    assert.doesNotMatch(error.message, /arm-none-eabi/, "only what is needed");
  } finally {
    Deno.env.set("PATH", path);
  }
});

Deno.test("readBoards() agrees with ports and profiles", async () => {
  const boards = await readBoards(ROOT);
  assert.ok(boards.length >= 2);
  for (const board of boards) {
    let recipe = await Deno.readTextFile(`${ROOT}runtime-c/ports/${board.name}/port.mk`);
    for (const [, name] of recipe.matchAll(/^include .*\/ports\/(msp\S+)$/gm)) {
      recipe += await Deno.readTextFile(`${ROOT}runtime-c/ports/${name}`);
    }
    for (const [variable, name] of Object.entries(board.tools)) {
      const values = [...recipe.matchAll(new RegExp(`^${variable} := (.+)$`, "gm"))];
      const tool = TOOLS.find((tool) => tool.name === name)!;
      assert.ok(
        values.some(([, value]) =>
          tool.candidates.includes(value!) || value === `$(call llvm,${name})`
        ),
        `${board.name} ${variable}`,
      );
    }
    assert.ok(recipe.includes(board.linker_script));
    for (const profile of board.platforms) {
      assert.equal((await readProfile(`${ROOT}platforms`, profile)).board, board.name);
    }
  }
});

Deno.test("memoryRegions() reads addresses, sizes and units", () => {
  const regions = memoryRegions(
    "ENTRY(x)\nMEMORY {\n  RAM (rw) : ORIGIN = 0x1c00, LENGTH = 0x1000\n" +
      "  FLASH : ORIGIN = 0, LENGTH = 256K\n}\nSECTIONS { .text : {} > FLASH }\n",
  );
  assert.deepEqual([...regions], [
    ["RAM", { origin: 0x1c00, bytes: 4096 }],
    ["FLASH", { origin: 0, bytes: 262144 }],
  ]);
});

Deno.test("vectorsFile() writes what apps/vectors.h reads", () => {
  const inputs = Int16Array.of(1, -2, 3, 4);
  const outputs = Int16Array.of(-5, 6);
  const bytes = vectorsFile(inputs, outputs, { inputs: 2, outputs: 1 });
  assert.equal(
    bytes.toHex(),
    "42564543" + "0200" + "0200" + "0100" + "0200" + "0100feff" + "fbff" + "03000400" + "0600",
  );
  assert.equal(vectorsFile(inputs, outputs, { inputs: 2, outputs: 1 }, 1).length, 12 + 6);
  assert.equal(
    vectorsFile(Int8Array.from(inputs), Int8Array.from(outputs), { inputs: 2, outputs: 1 }).toHex(),
    "42564543" + "0200" + "0200" + "0100" + "0100" + "01fe" + "fb" + "0304" + "06",
  );
  assert.throws(() => vectorsFile(inputs, outputs, { inputs: 3, outputs: 1 }), RangeError);
});
