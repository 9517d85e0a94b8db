/**
 * Samples per second of training the CIFAR network 3x3x8, 5x5x8, 7x7x4, 7x7x24, 3x3x24 + global average
 * pool + fc, per backend, beside PyTorch where a Python with it is found.
 *
 *     deno run -A bench/training.ts [--backend NAME] [--seconds N] [--python PROGRAM]
 */
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeWhole } from "../base/files.ts";
import { type BackendName, backendNames, chooseBackend } from "../training/backend_choice.ts";
import { replaceSection } from "./results.ts";

const BATCHES = [64, 256];
const PASSES = 3;
/** A software adapter is there to be correct: it takes seconds per step. */
const NOT_FOR_SPEED: readonly BackendName[] = ["webgpu-software"];

export interface TrainingBenchOptions {
  /** Only this backend; default all that run here. */
  readonly backend?: string | undefined;
  /** Per pass, backend and batch size; default 2. */
  readonly seconds?: number | undefined;
  /** Python that has PyTorch; default `python3`. */
  readonly python?: string | undefined;
}

interface Measurement {
  readonly name: string;
  readonly batch: number;
  readonly description: string;
  /** Samples per second of rounds of three steps, ascending. */
  readonly rounds: number[];
  /** Samples per second of processor time, over all threads, ascending. */
  readonly cpu: number[];
}

/** Measures, prints, and writes the section "Training" of bench/RESULTS.md. */
export async function run(options: TrainingBenchOptions = {}): Promise<void> {
  const text = await measure(options);
  console.log(text);
  const file = join(import.meta.dirname!, "RESULTS.md");
  await writeWhole(file, replaceSection(await Deno.readTextFile(file), text));
}

/** Measures, and gives the section as text. */
export async function measure(
  { backend, seconds = 2, python = "python3" }: TrainingBenchOptions = {},
): Promise<string> {
  const absent: string[] = [];
  const measured: Measurement[] = [];
  const names = backend === undefined
    ? backendNames.filter((name) => !NOT_FOR_SPEED.includes(name))
    : [backend];
  const sizes = BATCHES.map(String);
  const able: string[] = [];
  for (const name of names) {
    const obstacle = await chooseBackend(name).then(() => undefined, (error: Error) => error);
    if (obstacle === undefined) able.push(name);
    else absent.push(obstacle.message.split("\n")[0]!);
  }
  const torch = await output(python, ["-c", "import torch"]) !== undefined;
  if (!torch) absent.push("PyTorch is not installed for this Python");
  // In turns, so that what else the machine does meets all of them.
  for (let pass = 0; pass < PASSES; pass++) {
    for (const name of able) {
      const script = join(import.meta.dirname!, "training_measure.ts");
      const args = ["run", "-A", script, name, String(seconds), ...sizes];
      collect(measured, name, await output(Deno.execPath(), args));
    }
    if (torch) {
      const script = join(import.meta.dirname!, "training_pytorch.py");
      collect(measured, "PyTorch", await output(python, [script, String(seconds), ...sizes]));
    }
  }
  return section(measured, absent);
}

async function output(program: string, args: string[]): Promise<string | undefined> {
  const env = { OMP_WAIT_POLICY: "passive", GOMP_SPINCOUNT: "0", KMP_BLOCKTIME: "0" };
  const command = new Deno.Command(program, { args, env, stdin: "null", stderr: "null" });
  const { success, stdout } = await command.output();
  return success ? new TextDecoder().decode(stdout) : undefined;
}

/** Adds what a measuring process printed to what earlier passes gave. */
function collect(measured: Measurement[], name: string, lines: string | undefined): void {
  if (lines === undefined) throw new Error(`${name} could not be measured`);
  for (const line of lines.trim().split("\n").filter((text) => text.startsWith("{"))) {
    const { name: own = name, batch, rounds, cpu, description } = JSON.parse(line) as
      & Measurement
      & { name?: string };
    let known = measured.find((one) => one.name === own && one.batch === batch);
    if (known === undefined) {
      measured.push(known = { name: own, batch, description, rounds: [], cpu: [] });
    }
    known.rounds.push(...rounds);
    known.cpu.push(...cpu);
    known.rounds.sort((a, b) => a - b);
    known.cpu.sort((a, b) => a - b);
  }
}

function section(measured: readonly Measurement[], absent: readonly string[]): string {
  const load = Deno.loadavg()[0]!.toFixed(1);
  const median = ({ rounds }: Measurement) => rounds[Math.floor(rounds.length / 2)]!;
  const rows = measured.map((one) => {
    const torch = measured.find(({ name, batch }) => name === "PyTorch" && batch === one.batch);
    const share = (pick: (one: Measurement) => number) =>
      torch === undefined ? "" : (pick(one) / pick(torch)).toFixed(2);
    const best = (m: Measurement) => m.rounds.at(-1)!;
    const perCpu = (m: Measurement) => m.cpu[Math.floor(m.cpu.length / 2)]!;
    return `| ${one.name} | ${one.batch} | ${Math.round(median(one))} | ${
      Math.round(best(one))
    } | ${share(median)} | ${share(best)} | ${Math.round(perCpu(one))} | ${
      share(perCpu)
    } | ${one.description} |`;
  });
  return [
    "## Training",
    "",
    "Samples per second of a training step as the train stage does it (samples gathered, forward, loss, " +
    "backward, Adam; threads share a batch) of the " +
    "CIFAR network 3x3x8, 5x5x8, 7x7x4, 7x7x24, 3x3x24 + global average pool + fc, in rounds of three " +
    `steps, ${PASSES} passes in turns, one run. Machine: ${cpus()[0]?.model ?? "unknown"}, ` +
    `${navigator.hardwareConcurrency} cores, load average at the end ${load}. PyTorch's threads wait ` +
    "without spinning, so that work beside them costs each program alike; processor time counts all " +
    "threads of a process.",
    "",
    "| backend | batch | median | best | of PyTorch (median) | of PyTorch (best) | " +
    "per second of processor time | of PyTorch | runs on |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    ...absent.map((reason) => `Not measured: ${reason}.`),
    "",
  ].join("\n");
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      backend: { type: "string" },
      seconds: { type: "string", default: "2" },
      python: { type: "string" },
    },
  });
  const options = { ...values, seconds: Number(values.seconds) };
  // One backend alone is a look, not a result.
  if (values.backend !== undefined) console.log(await measure(options));
  else await run(options);
}
