/** The micro-benchmark firmware on the simulators, its log, and the profile that comes of it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { UserError } from "../../base/errors.ts";
import { parseBenchLog, SIZED } from "../../network/bench_log.ts";
import { fitAffine, measuredProfile } from "../../network/measured_profile.ts";
import { PlatformProfile, readProfile, resolvePlatform } from "../../network/platform.ts";
import { command, ROOT } from "../dump/support.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** A log as the firmware of an MSP430FR5994 left it on the simulator, shortened. */
const LINES = [
  "brownout-microbench 1",
  "board msp430fr5994",
  "clock 16000000",
  "kernel mpy32",
  "empty 0 32 640",
  ...[2, 8, 32].flatMap((n) =>
    SIZED.map((what, i) => `${what} ${n} 10 ${200 + (60 + 13 * n + i) * 10}`)
  ),
  "add 0 10 500",
  "multiply 0 10 1030",
  "divide 0 10 32140",
  "max 0 10 320",
  "requantise 0 10 3970",
  "commit 0 10 9750",
  "boot 0 1 2407",
];

function crc16(bytes: Uint8Array): string {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc.toString(16).padStart(4, "0");
}

function sealed(lines: readonly string[], count = lines.length - 4): string {
  const body = lines.map((line) => `${line}\n`).join("");
  return `${body}end ${count} ${crc16(text(body))}\n`;
}

const LOG = sealed(LINES);

function refused(log: string | Uint8Array): UserError {
  try {
    parseBenchLog(typeof log === "string" ? text(log) : log, "board.log");
  } catch (error) {
    assert.ok(error instanceof UserError, `${error}`);
    return error;
  }
  throw new Error("the log was accepted");
}

Deno.test("parseBenchLog() takes the empty loop off, and finds the log in a dump of memory", () => {
  const log = parseBenchLog(text(LOG), "board.log");
  assert.equal(log.board, "msp430fr5994");
  assert.equal(log.clock_Hz, 16e6);
  assert.deepEqual(log.sized.nvm_read.map(({ elements }) => elements), [2, 8, 32]);
  assert.equal(log.sized.nvm_write[0]!.cycles, 60 + 26);
  assert.equal(log.single.add, 30);
  assert.equal(log.single.boot, 2387);
  // The firmware's own strings lie in its memory, too.
  const noise = new Uint8Array(300).map((_, i) => i * 7);
  const strings = text("brownout-microbench 1\nboard \0\nkernel \0end \0");
  for (const memory of [[noise, text(LOG), strings], [strings, text(LOG), noise]]) {
    const dump = Uint8Array.from(memory.flatMap((part) => [...part]));
    assert.deepEqual(parseBenchLog(dump, "dump.bin"), log);
  }
  assert.deepEqual(parseBenchLog(text(LOG.replaceAll("\n", "\r\n")), "board.log"), log);
});

Deno.test("parseBenchLog() refuses what is malformed, with line and reason", () => {
  const without = (what: string) => LINES.filter((line) => !line.startsWith(`${what} `));
  const changed = (from: string, to: string) =>
    sealed(LINES.map((line) => line.startsWith(from) ? to : line));
  const cases: [string, RegExp][] = [
    ["", /holds no micro-benchmark log/],
    [changed("brownout", "brownout-microbench 2"), /board\.log:1: is a log of another version/],
    [changed("board", "board ../x"), /board\.log:2: is no "board" line/],
    [changed("clock", "clock fast"), /board\.log:3: is no "clock" line/],
    [changed("add", "add 0 0 500"), /board\.log:18: is no measurement/],
    [changed("add", "add 0 10 99999999999"), /board\.log:18: is no measurement/],
    [changed("add", "sub 0 10 500"), /board\.log:18: measures what no profile has/],
    [changed("add", "max 0 10 500"), /board\.log:21: measures max again/],
    [changed("add", "add 0 10 100"), /board\.log:18: takes less than the empty loop/],
    [changed("nvm_read 8", "nvm_read 2 10 900"), /measures nvm_read of 2 elements again/],
    [sealed(without("empty")), /board\.log:5: "nvm_write" stands before "empty"/],
    [sealed(without("boot")), /lacks a measurement of boot/],
    [sealed(without("mac")), /lacks mac of at least two sizes/],
    [LOG.slice(0, LOG.indexOf("add ")), /was cut short/],
    [LOG.slice(0, LOG.indexOf("add ") - 8), /board\.log:17: is no measurement/],
    [sealed(LINES, 7), /tells 7 measurements and holds 20/],
    [LOG.replace("add 0 10 500", "add 0 10 501"), /is damaged: its CRC-16 differs/],
  ];
  for (const [log, reason] of cases) assert.match(refused(log).message, reason);
});

Deno.test("parseBenchLog() survives whatever a broken line leaves: a log it was, or a UserError", () => {
  const whole = text(LOG), log = parseBenchLog(whole, "board.log");
  let refusals = 0;
  const tried = (bytes: Uint8Array) => {
    try {
      assert.deepEqual(parseBenchLog(bytes, "board.log"), log);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refusals++;
    }
  };
  fc.assert(
    fc.property(
      fc.nat(whole.length - 1),
      fc.uint8Array({ maxLength: 6 }),
      fc.nat(12),
      (at, put, drop) =>
        tried(Uint8Array.from([...whole.slice(0, at), ...put, ...whole.slice(at + drop)])),
    ),
    { seed: 1, numRuns: 3000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), tried), { seed: 2, numRuns: 1000 });
  fc.assert(
    fc.property(fc.string(), (junk) => tried(text(`brownout-microbench 1\n${junk}`))),
    { seed: 3, numRuns: 1000 },
  );
  assert.ok(refusals > 3000, `${refusals}`);
});

Deno.test("fitAffine() finds a line exactly, weighs by share, and has no negative coefficient", () => {
  const points = [2, 8, 32].map((elements) => ({ elements, cycles: 60 + 13 * elements }));
  const fit = fitAffine(points);
  assert.ok(Math.abs(fit.fixed - 60) < 1e-9 && Math.abs(fit.per_element - 13) < 1e-9);
  assert.ok(fit.residual.share < 1e-12);
  const below = fitAffine([{ elements: 1, cycles: 1 }, { elements: 10, cycles: 20 }]);
  assert.equal(below.fixed, 0);
  const falling = fitAffine([{ elements: 1, cycles: 20 }, { elements: 10, cycles: 10 }]);
  assert.equal(falling.per_element, 0);
  assert.ok(falling.residual.share > 0.1);
});

Deno.test("measuredProfile() marks what is measured, and resolves", async () => {
  const base = await readProfile(`${ROOT}platforms`, "msp430fr5994-fram");
  const log = parseBenchLog(text(LOG), "board.log");
  const options = { name: "mine", powers: {}, wake_s: undefined };
  const latency = PlatformProfile.parse(parse(measuredProfile(log, base, options)));
  assert.equal(latency.costs.nvm_read.status, "estimated");
  assert.match(latency.costs.nvm_read.source, /latency: micro-benchmark .*; energy: estimate/);
  assert.deepEqual(latency.costs.nvm_read.energy, base.costs.nvm_read.energy);
  assert.deepEqual(latency.costs.reboot, base.costs.reboot);
  assert.equal(latency.clock.status, "measured");

  const powers = { cpu: 5e-3, read: 6e-3, reboot: 1e-4 };
  const whole = PlatformProfile.parse(
    parse(measuredProfile(log, base, { ...options, powers, wake_s: 0.06 })),
  );
  for (
    const line of [whole.costs.nvm_read, whole.costs.add, whole.costs.reboot, whole.mac["mpy32"]!]
  ) {
    assert.equal(line.status, "measured");
  }
  const platform = resolvePlatform(whole);
  assert.ok(Math.abs(platform.add.energy_J - 5e-3 * 30 / 16e6) < 1e-15);
  assert.ok(Math.abs(platform.nvm_read.energy_fixed_J - 6e-3 * 61 / 16e6) < 1e-12);
  assert.ok(Math.abs(platform.reboot.latency_s - 0.06 - 2387 / 16e6) < 1e-6);

  const other = await readProfile(`${ROOT}platforms`, "msp432p401r-spi");
  assert.throws(() => measuredProfile(log, other, options), /the log is of board msp430fr5994/);
  const kernel = { ...log, kernel: "new" };
  assert.throws(() => measuredProfile(kernel, base, options), /knows no energy of kernel new/);
});

interface Counts {
  result: string;
  cycles: number;
  warnings: number;
}

Deno.test("the micro-benchmark runs on both simulators, and its profile has their latencies", async () => {
  const folder = await Deno.makeTempDir();
  const decoder = new TextDecoder();
  try {
    await command("make", ["-s", "-C", `${ROOT}runtime-c/sim`, `OUT=${folder}/sim`, "all"]);
    for (const board of ["msp430fr5994", "msp432p401r"]) {
      const out = `${folder}/${board}`, elf = `${out}/microbench.elf`, nvm = `${out}/nvm.bin`;
      await command("make", [
        "-s",
        ...["-f", `${ROOT}runtime-c/build.mk`, `BOARD=${board}`, `OUT=${out}`, "microbench"],
      ]);
      const simulated = async (...args: string[]): Promise<Counts> => {
        const sim = ["--board", board, elf, "--until", "bo_microbench_done", ...args];
        return JSON.parse(decoder.decode(await command(`${folder}/sim/bo_sim`, sim)));
      };
      const ran = await simulated("--dump-nvm", nvm);
      assert.deepEqual([ran.result, ran.warnings], ["ok", 0]);
      const printed = await command(Deno.execPath(), [
        ...["run", "-A", `${ROOT}cli/profile.ts`, nvm, "--board", board],
        ...["--energy", "cpu=5.6e-3,reboot=7e-5", "--wake", "0.06"],
      ]);
      const profile = PlatformProfile.parse(parse(decoder.decode(printed)));
      const platform = resolvePlatform(profile);
      const call = async (name: string, n = 0) =>
        (await simulated("--call", `bo_op_${name},${n},0,0,0`)).cycles;
      const empty = await call("empty");
      const near = async (name: string, seconds: number, n = 0) => {
        const got = seconds * platform.clock_Hz, cycles = await call(name, n) - empty;
        // A loop finds code and data in the FRAM's cache otherwise than one call does.
        assert.ok(
          Math.abs(got - cycles) <= 4 + 0.02 * cycles,
          `${board} ${name} of ${n}: ${got} cycles by the profile, ${cycles} by the simulator`,
        );
      };
      for (const n of [8, 48, 200]) {
        const of = (cost: typeof platform.mac) =>
          cost.latency_fixed_s + n * cost.latency_per_element_s;
        await near("read", of(platform.nvm_read), n);
        await near("write", of(platform.nvm_write), n);
        await near("mac", of(platform.mac), n);
      }
      for (const name of ["add", "multiply", "divide", "max", "requantise"] as const) {
        await near(name, platform[name].latency_s);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
