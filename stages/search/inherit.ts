/** Ranks networks by the weights that they inherit from a supernet; resumes after a kill. */
import { z } from "zod";
import { canonicalJson, readJson, writeJson } from "../../base/files.ts";
import { EpochRecord, type FitParameters } from "../../network/artifacts/training.ts";
import type { Network } from "../../network/network.ts";
import type { Progress } from "../../pipeline/stage.ts";
import { selectBackend } from "../../training/backend.ts";
import { readSplit, takeShare } from "../../training/data.ts";
import type { SupernetParameters } from "./schema.ts";
import { inheritedLosses, trainSupernet } from "./supernet.ts";
import type { TrialSetting } from "./train_trial.ts";

export interface InheritRequest {
  readonly networks: readonly Network[];
  readonly options: FitParameters;
  readonly supernet: SupernetParameters;
  readonly workDir: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Inherited {
  /** Of the networks, in their order; lower is better. */
  readonly losses: readonly number[];
  /** Of the supernet; accuracies are its largest network's. */
  readonly epochs: readonly EpochRecord[];
}

export type Inherit = (request: InheritRequest) => Promise<Inherited>;

const Ranking = z.strictObject({
  identity: z.string(),
  losses: z.array(z.number()),
  epochs: z.array(EpochRecord),
});

/** Trains the supernet and scores all networks, unless that was done before. */
export async function inherit(
  setting: TrialSetting,
  { networks, options, supernet, workDir, progress, signal }: InheritRequest,
): Promise<Inherited> {
  const file = `${workDir}/supernet.json`;
  const names = networks.map(({ name }) => name);
  const identity = canonicalJson({ names, options: { ...options }, supernet, setting });
  const known = await readJson(file, Ranking).catch(() => undefined);
  if (known?.identity === identity) return known;
  await selectBackend(setting.backend);
  const { datasetFolder, input, frame, subset, subsetSeed } = setting;
  const all = await readSplit(datasetFolder, "train", input, frame);
  const train = takeShare(all, subset, subsetSeed);
  const val = await readSplit(datasetFolder, "val", input);
  const { sampling, per_step, epochs, closely } = supernet;
  const checkpoint = `${workDir}/supernet.bin`;
  let said = 0;
  let saidEpoch = 0;
  const trained = await trainSupernet({
    networks,
    train,
    val,
    options: { ...options, epochs },
    sampling,
    per_step,
    checkpoint,
    signal,
    onProgress({ epoch, fraction, samples_per_s, left_s, val_accuracy }) {
      if (performance.now() - said < 200 && epoch === saidEpoch) return;
      said = performance.now();
      saidEpoch = epoch;
      progress.update(
        `supernet of ${networks.length} networks: epoch ${epoch} of ${epochs}` +
          (val_accuracy === undefined
            ? ""
            : `, largest network ${(100 * val_accuracy).toFixed(1)} %`) +
          `, ${Math.round(samples_per_s)} samples/s, ${Math.ceil(left_s)} s left`,
        fraction,
      );
    },
  });
  const losses = await inheritedLosses({
    supernet: trained,
    networks,
    val,
    seed: options.seed,
    closely,
    signal,
    onProgress: (scored) =>
      progress.update(`scored ${scored} of ${networks.length} networks by inherited weights`),
  });
  const result = { losses: [...losses], epochs: [...trained.epochs] };
  await writeJson(file, Ranking, { identity, ...result });
  await Deno.remove(checkpoint).catch(() => {});
  return result;
}
