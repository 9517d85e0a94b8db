/** What the benchmarks on HAR's persons share: the data with other persons held out, and the record. */
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
