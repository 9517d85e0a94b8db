import assert from "node:assert/strict";
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { readJson, readNpy, writeJson, writeNpy } from "../../base/files.ts";
import { LayoutArtifact } from "../../network/artifacts/layout.ts";
import { VerifyArtifact } from "../../network/artifacts/verify.ts";
import { DesignsArtifact } from "../../network/explore.ts";
import type { Network } from "../../network/network.ts";
import { digestFolder } from "../../pipeline/digest.ts";
import { firmware } from "../../stages/firmware/run.ts";
import { everyWriteWork } from "../../stages/verify/counted.ts";
import { verify } from "../../stages/verify/run.ts";
import { readElf } from "../../toolchain/elf.ts";
import { runProgram } from "../../toolchain/program.ts";
import { BOARDS, ROOT, runStage, type StageRun, writeArtifacts } from "../firmware/fixture.ts";

const [FRAM, SPI] = BOARDS;
const QUICK = { campaigns: 20, max_cuts: 30, shipped_instructions: 2e6 };
const SHIPPED = [
  "shipped image",
  "shipped image, random cuts",
  "shipped image, cuts within commits",
  "shipped image, cuts at writes",
  "shipped image, capacitor",
  "shipped image, capacitor, running on",
];

let folder: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir();
  await writeArtifacts(folder);
  await runStage(firmware, folder);
});

Deno.test.afterAll(async () => {
  await Deno.remove(folder, { recursive: true });
});

async function command(name: string, args: string[], cwd: string): Promise<number> {
  const { code } = await new Deno.Command(name, { args, cwd, stdout: "null", stderr: "null" })
    .output();
  return code;
}

/** A copy of the artifacts that a test may damage. */
async function damaged(body: (copy: string) => Promise<void>) {
  const copy = await Deno.makeTempDir();
  try {
    for (const name of ["quantize", "explore", "dump", "firmware"]) {
      assert.equal(await command("cp", ["-r", name, copy], folder), 0);
    }
    await body(copy);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

function run(at: string, platforms: readonly string[] = [FRAM]): Promise<StageRun> {
  return runStage(verify, at, { platforms, params: QUICK });
}

async function refused(work: Promise<unknown>, exitCode: ExitCode = ExitCode.verification) {
  const error = await work.then(() => undefined, (error) => error);
  assert.ok(error instanceof UserError, `refused, not ${error}`);
  assert.equal(error.exitCode, exitCode, error.message);
  return error;
}

Deno.test("verify.run() passes on both boards, twice with the same bytes", async () => {
  const first = await run(folder, BOARDS);
  const digests = await digestFolder(first.artifact);
  for (const profile of BOARDS) {
    const { scenarios, modelled, counted } = await readJson(
      join(first.artifact, profile, "verify.json"),
      VerifyArtifact,
    );
    const provisioned = profile === SPI ? ["cuts while provisioning"] : [];
    assert.deepEqual(scenarios.map(({ name }) => name), [
      "uncut",
      "cuts before a write",
      "torn writes",
      "reordered writes",
      ...provisioned,
      "a cut at every write",
      "simulator",
      ...(profile === FRAM ? ["cuts between instructions"] : []),
      ...SHIPPED,
      "capacitor",
      "capacitor, running on",
    ]);
    for (const { mismatches, failure, name, cuts, inferences } of scenarios) {
      assert.deepEqual([mismatches, failure], [0, null]);
      // A large capacitor holds all of a small network.
      if (name.endsWith("running on")) continue;
      assert.equal(
        cuts > 0,
        !/^(uncut|simulator|(shipped image, )?capacitor|shipped image)$/.test(name),
        name,
      );
      assert.ok(inferences > 0);
    }
    assert.equal(counted.commits, modelled.power_cycles);
    assert.equal(counted.start_and_delivery, 2);
    assert.equal(scenarios[0]!.commits, 3 * modelled.power_cycles);
    for (const name of ["simulator", "shipped image"]) {
      const simulated = scenarios.find((scenario) => scenario.name === name)!;
      assert.equal(simulated.commits, 3 * modelled.power_cycles);
    }
  }
  const rows = await verify.report!(first.artifact);
  assert.equal(rows.length, 2);
  assert.match(
    rows[0]![1],
    /\d+ inferences, \d+ power cuts, 0 wrong; .*mspdebug: 3 uncut, 0 wrong/,
  );

  assert.deepEqual(await digestFolder((await run(folder, BOARDS)).artifact), digests);
});

Deno.test("verify.run() fails for a runtime with its commit order swapped, and the replay shows it", () =>
  damaged(async (copy) => {
    await plant(copy, "BO_BUG_COMMIT_BEFORE_DATA");
    const error = await refused(run(copy));
    assert.match(error.message, /scenario "cuts before a write" on host: outputs differ/);
    const { failure } = (await readJson(
      join(copy, "verify-work", FRAM, "verify.json"),
      VerifyArtifact,
    )).scenarios.find(({ name }) => name === "cuts before a write")!;
    assert.match(failure!.replay!, /^replay random:/);
    const shown = error.problems.map(({ help }) => help!.match(/^repeat: (.*)$/)![1]!)
      .find((text) => text.endsWith(failure!.replay!))!;
    assert.equal(await command("sh", ["-c", shown], copy), 1, "the command fails again");
  }));

Deno.test("verify.run() sees other planted defects of the runtime", async () => {
  const bugs = [
    "BO_BUG_NO_CONFIRM",
    "BO_BUG_SINGLE_PLANE",
    "BO_BUG_ACCEPT_TORN_RECORD",
    "BO_BUG_DELIVER_TWICE",
  ];
  for (const bug of bugs) {
    await damaged(async (copy) => {
      await plant(copy, bug);
      const error = await refused(run(copy));
      assert.match(error.message, /on host/, bug);
    });
  }
});

/** Replaces the host program by one with a defect, built by the Makefile that is shipped. */
async function plant(copy: string, bug: string): Promise<void> {
  const at = join(copy, "firmware", FRAM);
  assert.equal(await command("make", ["-s", "-j2", "host", `PLANTED=${bug}`], at), 0, bug);
  await Deno.copyFile(
    join(at, "build", "brownout_host"),
    join(copy, "firmware", "host", FRAM, "brownout_host"),
  );
}

Deno.test("verify.run() sees a swapped commit order between instructions of the board's code", () =>
  damaged(async (copy) => {
    const at = join(copy, "firmware", FRAM);
    const target = ["simulation", "PLANTED=BO_BUG_COMMIT_BEFORE_DATA"];
    assert.equal(await command("make", ["-s", "-j2", ...target], at), 0);
    await Deno.copyFile(join(at, "build", "simulation.elf"), join(at, "simulation.elf"));
    const { message } = await refused(run(copy));
    assert.match(
      message,
      /"cuts between instructions" on mspdebug: outputs .*; run \d+, power fails/,
    );
    assert.doesNotMatch(message, /on host|"simulator"/, "uncut nothing is wrong with it");
    const shown = message.match(/repeat: (.*)$/m)![1]!;
    assert.match(shown, /firmware\/msp430fr5994-fram' && timeout \d+ mspdebug -q sim .*reset/);
    assert.equal(await command("sh", ["-c", shown], copy), 0, "mspdebug takes the commands");
  }));

/** Replaces the image that would be flashed by one with a defect, built by its own Makefile. */
async function plantShipped(copy: string, profile: string, bug: string): Promise<void> {
  const at = join(copy, "firmware", profile);
  await Deno.remove(join(at, "build"), { recursive: true }).catch(() => {});
  assert.equal(await command("make", ["-s", "-j2", "firmware", `PLANTED=${bug}`], at), 0, bug);
  await Deno.copyFile(join(at, "build", "firmware.elf"), join(at, "firmware.elf"));
}

Deno.test("verify.run() sees defects of the shipped image alone, by name, on both boards", () =>
  damaged(async (copy) => {
    const bugs = [
      [FRAM, "BO_BUG_ACCEPT_TORN_RECORD", "cuts within commits"],
      [SPI, "BO_BUG_ACCEPT_TORN_RECORD", "cuts within commits"],
      [SPI, "BO_BUG_WRONG_CHIP_SELECT", "shipped image"],
    ] as const;
    for (const [profile, bug, where] of bugs) {
      await plantShipped(copy, profile, bug);
      const params = { ...QUICK, shipped_instructions: 2e7 };
      const { message } = await refused(runStage(verify, copy, { platforms: [profile], params }));
      assert.match(message, new RegExp(`"(shipped image, )?(${where})" on bo_sim`), bug);
      assert.doesNotMatch(message, /on (host|mspdebug|qemu)/, "nothing else has the defect");
    }
  }));

Deno.test("verify.run() passes on the MSP430 with NVM on SPI, and sees a wrong chip select", async () => {
  const own = await Deno.makeTempDir();
  const platforms = ["msp430fr5994-spi"];
  try {
    await writeArtifacts(own, 3, platforms);
    await runStage(firmware, own, { platforms });
    await run(own, platforms);
    await plantShipped(own, platforms[0]!, "BO_BUG_WRONG_CHIP_SELECT");
    const { message } = await refused(run(own, platforms));
    assert.match(message, /"shipped image" on bo_sim/);
  } finally {
    await Deno.remove(own, { recursive: true });
  }
});

/** A network with constants of 33 KB, 17 steps of a first start. */
const WIDE: Network = {
  name: "wide",
  input: { h: 1, w: 1, channels: 60 },
  layers: [
    { name: "fc1", type: "fc", channels: 256, activation: "relu", bias: true },
    { name: "fc2", type: "fc", channels: 4, activation: "none", bias: true },
  ],
};

Deno.test("verify.run() has an image brought in by a capacitor that holds a few steps of it", async () => {
  const own = await Deno.makeTempDir();
  const profiles = ["msp430fr5994-spi", SPI];
  const choice = { capacitance_F: 0.001 };
  const verified = (profile: string) =>
    runStage(verify, own, {
      name: `verify-${profile}`,
      params: { ...QUICK, campaigns: 4, platforms: [{ profile, ...choice }] },
    });
  try {
    await writeArtifacts(own, 1, profiles, "tile", { network: WIDE, choice });
    await runStage(firmware, own, { platforms: profiles });
    for (const profile of profiles) {
      const { artifact } = await verified(profile);
      const { scenarios } = await readJson(join(artifact, profile, "verify.json"), VerifyArtifact);
      for (const { name, failure } of scenarios) assert.equal(failure, null, `${profile} ${name}`);
      for (const name of ["shipped image, capacitor, running on", "capacitor, running on"]) {
        const { cuts } = scenarios.find((scenario) => scenario.name === name)!;
        assert.ok(cuts >= 3, `${profile} ${name}: ${cuts} cuts`);
      }
      // Control: begun anew at each boot, it never comes to its end.
      await plantShipped(own, profile, "BO_BUG_IMAGE_RECORD_IGNORED");
      assert.match(
        (await refused(verified(profile))).message,
        /"shipped image" on bo_sim: the board makes no progress/,
      );
    }
  } finally {
    await Deno.remove(own, { recursive: true });
  }
});

Deno.test("verify.run() computes golden vectors anew and believes no file", () =>
  damaged(async (copy) => {
    const file = join(copy, "dump", FRAM, "vectors.outputs.npy");
    const outputs = await readNpy(file, Int16Array);
    const right = outputs.data[6]!;
    outputs.data[6] = right + 1;
    await writeNpy(file, outputs);
    const error = await refused(run(copy));
    assert.match(error.message, /golden vector 1 .* output 2/);
    assert.match(error.message, new RegExp(`value: +${right + 1}\n +expected: ${right}\n`));

    outputs.data[6] = right;
    await writeNpy(file, outputs);
    await run(copy);
    const vectors = join(copy, "firmware", "host", FRAM, "vectors.bin");
    const bytes = await Deno.readFile(vectors);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.writeFile(vectors, bytes);
    assert.match((await refused(run(copy))).message, /golden vectors are not those of the dump/);
  }));

Deno.test("verify.run() sees images with other constants, vectors or arithmetic, on both boards", () =>
  damaged(async (copy) => {
    for (const profile of BOARDS) {
      const file = join(copy, "firmware", profile, "simulation.elf");
      const original = await Deno.readFile(file);
      const change = async (symbol: string, offset: number) => {
        const bytes = original.slice();
        const elf = readElf(bytes);
        elf.read(elf.symbols.get(symbol)! + offset, 1)[0]! ^= 1;
        await Deno.writeFile(file, bytes);
        return (await refused(run(copy, [profile]))).message;
      };
      const { nvm } = await readJson(
        join(copy, "dump", profile, "layout.json"),
        LayoutArtifact,
      );
      assert.match(await change("bo_vectors", 12), /other golden vectors than the dump/);
      assert.match(await change("bo_image", nvm.image_bytes - 4), /other constants than the dump/);
      // Bias once per visit: wrong sums, and a power cycle is none the wiser.
      const at = join(copy, "firmware", profile);
      const target = ["simulation", "PLANTED=BO_BUG_BIAS_EVERY_VISIT"];
      assert.equal(await command("make", ["-s", "-j2", ...target], at), 0);
      await Deno.copyFile(join(at, "build", "simulation.elf"), file);
      assert.match((await refused(run(copy, [profile]))).message, /3 outputs differ/);
    }
  }));

Deno.test("verify.run() fails where the model tells other commits than are counted", () =>
  damaged(async (copy) => {
    const file = join(copy, "explore", FRAM, "designs.json");
    const designs = await readJson(file, DesignsArtifact);
    designs.answer.power_cycles! += 1;
    await writeJson(file, DesignsArtifact, designs);
    const error = await refused(run(copy));
    assert.match(error.message, /an inference commits \d+ times, the model says \d+/);
    assert.match(error.message, /simulator.* commits in NVM, the model says/);

    designs.answer.power_cycles! -= 1;
    const [first, second] = designs.answer.layers;
    assert.ok(first?.feasible && second?.feasible);
    first.batches! += 1;
    second.batches! -= 1;
    await writeJson(file, DesignsArtifact, designs);
    assert.match((await refused(run(copy))).message, /layer conv commits \d+ times, not \d+/);
  }));

Deno.test("verify.run() calls a runner that breaks down a failure", () =>
  damaged(async (copy) => {
    const runner = join(copy, "firmware", "host", FRAM, "brownout_host");
    await Deno.writeTextFile(runner, "#!/bin/sh\necho out of bounds >&2\nexit 134\n");
    const error = await refused(run(copy));
    assert.match(error.message, /broke down: exit status 134: out of bounds/);
  }));

Deno.test("verify.run() stops where it is told to", async () => {
  const controller = new AbortController();
  controller.abort(new Error("told"));
  const options = { params: QUICK, signal: controller.signal, name: "stopped" };
  await assert.rejects(runStage(verify, folder, options), /told/);
});

Deno.test("runProgram() kills what is over its time, and what it is told to", async () => {
  const signal = new AbortController().signal;
  const late = await runProgram("sleep", ["60"], { seconds: 1, signal });
  assert.deepEqual([late.late, late.code], [true, 124]);
  const controller = new AbortController();
  const running = runProgram("sleep", ["60"], { seconds: 60, signal: controller.signal });
  setTimeout(() => controller.abort(new Error("told")), 50);
  await assert.rejects(running, /told/);
});

Deno.test("everyWriteWork() grows with writes and with the batches that are repeated", () => {
  const layer = {
    boots: 10,
    reads: 10,
    read_bytes: 1000,
    writes: 20,
    write_bytes: 640,
    commits: 10,
    mac_calls: 100,
    macs: 1000,
    pooled: 0,
    requantised: 100,
    marks: 0,
    states_set: 0,
    states_stripped: 0,
  };
  const work = everyWriteWork([layer], 10, 1000, "tile");
  assert.equal(everyWriteWork([layer, layer], 10, 1000, "tile"), 2 * work);
  assert.ok(everyWriteWork([{ ...layer, writes: 40, write_bytes: 1280 }], 10, 1000, "tile") > work);
  assert.ok(everyWriteWork([{ ...layer, macs: 5000 }], 10, 1000, "tile") > work);
  assert.equal(everyWriteWork([{ ...layer, writes: 0 }], 10, 1000, "tile"), 0);
  // A power cycle of the others goes on to the end, whatever a layer commits.
  const two = [{ ...layer, commits: 100 }, layer];
  assert.ok(everyWriteWork(two, 10, 1000, "ideal") > everyWriteWork(two, 10, 1000, "tile"));
  assert.equal(
    everyWriteWork(two, 10, 1000, "hawaii"),
    everyWriteWork([layer, layer], 10, 1000, "hawaii"),
  );
});

Deno.test("verify.preflight() names platforms without a port, and simulators that are missing", async () => {
  const parse = (...profiles: string[]) =>
    verify.parameters.parse({ platforms: profiles.map((profile) => ({ profile })) });
  const problems = await verify.preflight!({ params: parse("msp430fr5994-inas2021"), root: ROOT });
  assert.deepEqual(problems.map(({ field }) => field), ["verify.platforms.0.profile"]);
  const path = Deno.env.get("PATH")!;
  Deno.env.set("PATH", "/nonexistent");
  try {
    const error = await refused(
      verify.preflight!({ params: parse(SPI), root: ROOT }),
      ExitCode.toolchain,
    );
    assert.match(error.message, /apt-get install .* qemu-system-arm/);
  } finally {
    Deno.env.set("PATH", path);
  }
});

Deno.test("verify.run() draws the capacitor's voltage, and simulates what was modelled", async () => {
  const { artifact, work } = await run(folder);
  const { power } = await readJson(join(artifact, FRAM, "verify.json"), VerifyArtifact);
  assert.deepEqual(power!.layers.map(({ name }) => name), ["conv", "pool", "fc"]);
  assert.ok(power!.energy_max_J > 0 && power!.energy_max_J < power!.budget_J);
  assert.equal(power!.voltage.low_V.length, power!.voltage.high_V.length);
  assert.ok(Math.min(...power!.voltage.low_V) > 2.8);
  const page = await Deno.readTextFile(join(work, FRAM, "verify.html"));
  // Three of the host's simulation, two of the shipped image on the simulated board.
  assert.equal(page.match(/<svg /g)!.length, 5);
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});

Deno.test("verify.run() fails where a power cycle draws more than is safe, or than was modelled", () =>
  damaged(async (copy) => {
    const params = { ...QUICK, platforms: [{ profile: FRAM, safe_margin: 0.001 }] };
    const over = await refused(runStage(verify, copy, { params }));
    assert.match(over.message, /scenario "capacitor" on host: .* draw more than the safe budget/);

    const file = join(copy, "explore", FRAM, "designs.json");
    const designs = await readJson(file, DesignsArtifact);
    const [conv] = designs.answer.layers;
    assert.ok(conv?.feasible);
    conv.energy_max_J = 1e-6;
    await writeJson(file, DesignsArtifact, designs);
    const unlike = await refused(run(copy));
    assert.match(
      unlike.message,
      /worst power cycle of layer conv draws .* the model says 0.000001 J/,
    );
    const shown = unlike.problems[0]!.help!.match(/^repeat: (.*)$/)![1]!;
    assert.equal(await command("sh", ["-c", shown], copy), 0, "the command runs again");
  }));
