/** What the benchmarks on HAR's persons share: the data with other persons held out, the record, workers. */
import { parseArgs } from "node:util";
import { fitNormalisation, normalise } from "../datasets/normalisation.ts";
import type { RawDataset, SplitName } from "../datasets/dataset.ts";
import { datasetLoader } from "../datasets/registry.ts";
import type { SensorAxes } from "../network/artifacts/dataset.ts";
import type { Split } from "../training/data.ts";
import { sensorFrame } from "../training/sensor_frame.ts";

/** HAR with the validation persons that a seed draws, normalised by the others. */
export async function loadHar(
  dataDir: string,
  seed: number,
): Promise<Record<SplitName, Split> & { raw: RawDataset }> {
  const { descriptor, load: read } = datasetLoader("har");
  const raw = await read({
    seed,
    dataDir,
    downloadDir: dataDir,
    progress: { update() {}, note() {}, warn() {} },
    signal: new AbortController().signal,
  });
  const normalisation = fitNormalisation(raw, descriptor.normalisation);
  const frame = sensorFrame({
    input: raw.input,
    normalisation,
    axes: (descriptor.axes ?? []).map((sensor): SensorAxes => [...sensor]),
  })!;
  const split = (name: SplitName): Split => ({
    input: raw.input,
    frame,
    x: normalise(raw.splits[name], normalisation),
    y: raw.splits[name].y,
    samples: raw.splits[name].y.length,
  });
  return { train: split("train"), val: split("val"), test: split("test"), raw };
}

/** The lines of a record; none where there is no file. */
export async function recorded<Run>(file: string): Promise<Run[]> {
  const text = await Deno.readTextFile(file).catch(() => "");
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Run);
}

/** What the command line of such a benchmark says. */
export interface PersonsOptions {
  readonly dataDir: string;
  readonly out: string;
  readonly workers: number;
  readonly backend: string;
}

/**
 * Runs a benchmark's main part, or in a process that {@link inWorkers} started its work.
 * @param recorded file of the record, unless the command line names another
 */
export async function runBenchmark(
  recorded: string,
  main: (options: PersonsOptions) => Promise<void>,
  work: (options: PersonsOptions, worker: number, pass: string) => Promise<void>,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      "data-dir": { type: "string", default: "." },
      out: { type: "string", default: recorded },
      workers: { type: "string", default: "2" },
      worker: { type: "string" },
      pass: { type: "string", default: "" },
      backend: { type: "string", default: "auto" },
    },
  });
  const { worker, workers, backend, out, pass, "data-dir": dataDir } = values;
  const options = { dataDir, out, workers: Number(workers), backend };
  if (worker === undefined) await main(options);
  else await work(options, Number(worker), pass);
}

/** Starts the program once per worker, each in a process of its own, and waits for all. */
export async function inWorkers(
  program: string,
  { dataDir, out, workers, backend }: PersonsOptions,
  pass = "",
): Promise<void> {
  const shared = ["--data-dir", dataDir, "--out", out, "--backend", backend, "--pass", pass];
  await Promise.all(Array.from({ length: workers }, async (_, worker) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", program, ...shared, "--workers", `${workers}`, "--worker", `${worker}`],
      stderr: "inherit",
    });
    const { success } = await command.output();
    if (!success) throw new Error("a worker failed");
  }));
}
