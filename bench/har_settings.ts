/**
 * Training settings for HAR, chosen by validation persons alone: every setting trains the same networks,
 * each with three different fifths of the persons held out, and is judged by its mean validation
 * accuracy. The test split is not looked at.
 *
 *     deno run -A bench/har_settings.ts --data-dir FOLDER [--out FILE] [--workers N] [--backend NAME]
 *
 * A line per training goes to FILE (default: the recorded one); what stands there is not trained again.
 */
import { canonicalJson } from "../base/files.ts";
import { FitParameters } from "../network/artifacts/training.ts";
import { buildNetwork, decisions, PUBLISHED_SPACES } from "../network/space.ts";
import { selectBackend } from "../training/backend.ts";
import { fit } from "../training/fit.ts";
import { inWorkers, loadHar, type PersonsOptions, recorded, runBenchmark } from "./har_persons.ts";
import { mean } from "./search/statistics.ts";

/** Kernel and channels of each conv: one published network, one of the space's larger ones. */
const NETWORKS = [[7, 8, 5, 8, 5, 24], [3, 16, 7, 16, 5, 16]];
const SEEDS = [1, 2, 3];
const PLAIN = {
  epochs: 20,
  batch_size: 128,
  learning_rate: 0.003,
  weight_average: 0.995,
  augment: { gain: 0.1, offset: 0.2 },
};
const SETTINGS: readonly Partial<FitParameters>[] = [
  {},
  { augment: { gain: 0.1, offset: 0.1 } },
  { augment: { gain: 0.1, offset: 0.3 } },
  { augment: { gain: 0.2, offset: 0.3 } },
  { augment: { gain: 0.1, offset: 0.2, noise: 0.2 } },
  { augment: { gain: 0.1, offset: 0.2, shift_steps: 8 } },
  { mixup: 0.2 },
  { weight_decay: 0.05 },
  { learning_rate: 0.006 },
  { label_smoothing: 0.2 },
  // From here on: what did best above, further and together.
  { augment: { gain: 0.2, offset: 0.4 } },
  { augment: { gain: 0.2, offset: 0.3 }, mixup: 0.2 },
  { augment: { gain: 0.2, offset: 0.4 }, mixup: 0.2 },
  { augment: { gain: 0.2, offset: 0.4 }, mixup: 0.2, epochs: 40 },
  { augment: { gain: 0.2, offset: 0.4 }, mixup: 0.2, batch_size: 64 },
  { augment: { gain: 0.3, offset: 0.5 }, mixup: 0.2 },
  { augment: { gain: 0.2, offset: 0.4 }, mixup: 0.4 },
  { augment: { gain: 0.2, offset: 0.2, rotate_degrees: 20 }, mixup: 0.2 },
  { augment: { gain: 0.2, offset: 0.4, rotate_degrees: 20 }, mixup: 0.2 },
  { augment: { gain: 0.2, offset: 0.2, rotate_degrees: 30 }, mixup: 0.2 },
];

const RECORDED = `${import.meta.dirname}/search/har_settings.jsonl`;

interface Run {
  readonly setting: Partial<FitParameters>;
  readonly network: string;
  readonly seed: number;
  readonly val_accuracy: number;
  readonly val_loss: number;
}

const keyOf = ({ setting, network, seed }: Pick<Run, "setting" | "network" | "seed">) =>
  canonicalJson({ setting, network, seed });

/** Trains every `workers`th of what is not recorded yet. */
async function work(options: PersonsOptions, worker: number): Promise<void> {
  const { dataDir, out, workers, backend } = options;
  await selectBackend(backend);
  const known = new Set((await recorded<Run>(out)).map(keyOf));
  let task = 0;
  for (const seed of SEEDS) {
    let data: Awaited<ReturnType<typeof loadHar>> | undefined;
    for (const setting of SETTINGS) {
      for (const values of NETWORKS) {
        const space = PUBLISHED_SPACES.har;
        const indices = decisions(space).map(({ choices }, i) => choices.indexOf(values[i]!));
        const input = { h: 128, w: 1, channels: 9 };
        const network = buildNetwork(space, indices, input, 6);
        const mine = task++ % workers === worker;
        if (!mine || known.has(keyOf({ setting, network: network.name, seed }))) continue;
        data ??= await loadHar(dataDir, seed);
        const fitting = FitParameters.parse({ ...PLAIN, ...setting, seed });
        const { best: { val_accuracy, val_loss } } = await fit({
          network,
          ...data,
          options: fitting,
        });
        const run: Run = { setting, network: network.name, seed, val_accuracy, val_loss };
        await Deno.writeTextFile(out, JSON.stringify(run) + "\n", { append: true });
      }
    }
  }
}

async function main(options: PersonsOptions): Promise<void> {
  await inWorkers(import.meta.filename!, options);
  for (const row of await ranked(options.out)) console.log(JSON.stringify(row));
}

/** Settings by mean validation accuracy, the best first. */
async function ranked(file: string) {
  const runs = await recorded<Run>(file);
  return SETTINGS.map((setting) => {
    const own = runs.filter((run) => canonicalJson(run.setting) === canonicalJson(setting));
    const by_persons = SEEDS.flatMap((seed) => {
      const some = own.filter((run) => run.seed === seed).map(({ val_accuracy }) => val_accuracy);
      return some.length < NETWORKS.length ? [] : mean(some);
    });
    return {
      setting,
      runs: own.length,
      /** Over all persons; null where some were not tried. */
      val_accuracy: by_persons.length < SEEDS.length ? null : mean(by_persons),
      by_persons,
    };
  }).sort((a, b) => (b.val_accuracy ?? -1) - (a.val_accuracy ?? -1));
}

/** The part of section "Search" of RESULTS.md that says how the settings for HAR were chosen. */
export async function settingLines(): Promise<string[]> {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const rows = await ranked(RECORDED);
  return [
    "",
    "### Training settings for HAR, by validation persons alone",
    "",
    `Two networks of the published space, each trained for ${PLAIN.epochs} epochs with three different ` +
    "fifths of the 21 training persons held out (bench/har_settings.ts; HAR windows rebuilt from HAPT). " +
    "The test persons had no say. Plain: " +
    `gain ${PLAIN.augment.gain}, offset ${PLAIN.augment.offset}, rate ${PLAIN.learning_rate}, batch ` +
    `${PLAIN.batch_size}, averages ${PLAIN.weight_average}. Persons differ far more than settings do; each ` +
    "setting sees the same ones. Without a mean: tried on some of them alone.",
    "",
    "| changed | mean validation accuracy | by persons held out |",
    "| --- | --- | --- |",
    ...rows.map(({ setting, val_accuracy, by_persons }) =>
      `| ${told(setting)} | ${val_accuracy === null ? "" : percent(val_accuracy)} | ${
        by_persons.map(percent).join(", ")
      } |`
    ),
  ];
}

function told(setting: Partial<FitParameters>): string {
  const { augment = {}, ...rest } = setting;
  const parts = Object.entries({ ...augment, ...rest }).map(([key, value]) => `${key} ${value}`);
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

if (import.meta.main) await runBenchmark(RECORDED, main, work);
