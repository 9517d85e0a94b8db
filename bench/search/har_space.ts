/**
 * True accuracies for the question whether the methods learn: every network of the published HAR space
 * that runs within the longest requirement is trained, the fastest first, once for all methods, seeds and
 * requirements. An hour and a half on two cores.
 *
 *     deno run -A bench/search/har_space.ts DATASET_ARTIFACT [--threads N] [--within SECONDS]
 *
 * Settings, seed and backend are those of har_accuracies.json, whose networks are taken over. What is
 * trained goes to har_space.json at once: a run that was stopped goes on where it was.
 */
import { parseArgs } from "node:util";
import { readJson } from "../../base/files.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import { trainAll } from "../../stages/search/pool.ts";
import type { TrialJob } from "../../stages/search/train_trial.ts";
import { LONGEST_s, World } from "./learning.ts";
import type { Recorded } from "./record.ts";

const FILE = `${import.meta.dirname}/har_space.json`;
const RECORDED = `${import.meta.dirname}/har_accuracies.json`;

/** Of one data set and one way of training. */
interface Settings {
  readonly cautions: readonly string[];
  readonly samples: { readonly train: number; readonly val: number };
  readonly options: FitParameters;
  readonly backend: string;
}

/** Correct ones of the validation samples after each epoch, by network. */
type Correct = Record<string, readonly number[]>;

interface HarSpace extends Settings {
  readonly correct: Correct;
}

/** Accuracies of the networks that were trained. */
export class TrueAccuracies {
  readonly epochs: number;
  readonly #space: HarSpace;
  readonly #correct: Map<string, readonly number[]>;

  constructor(space: HarSpace) {
    this.#space = space;
    this.#correct = new Map(Object.entries(space.correct));
    this.epochs = space.options.epochs;
  }

  get trained(): number {
    return this.#correct.size;
  }

  /** Best validation accuracy, as a search tells it; undefined where the network was not trained. */
  of(network: string): number | undefined {
    const correct = this.#correct.get(network);
    return correct && Math.max(...correct) / this.#space.samples.val;
  }

  add(network: string, accuracies: readonly number[]): void {
    this.#correct.set(network, accuracies.map((one) => Math.round(one * this.#space.samples.val)));
  }

  /** A line per network, in the order of their names. */
  text(): string {
    const { correct: _, ...settings } = this.#space;
    const lines = [...this.#correct].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([network, correct]) => `    ${JSON.stringify(network)}: [${correct.join(", ")}]`);
    const head = JSON.stringify(settings, null, 2).slice(0, -2);
    return `${head},\n  "correct": {\n${lines.join(",\n")}\n  }\n}\n`;
  }
}

/** What was trained so far, the networks of har_accuracies.json at least. */
export async function readTrueAccuracies(): Promise<TrueAccuracies> {
  const { networks, cautions, samples, options, backend } = JSON.parse(
    await Deno.readTextFile(RECORDED),
  ) as Settings & { networks: Recorded[] };
  const settings = { cautions, samples, options: FitParameters.parse(options), backend };
  const kept = await Deno.readTextFile(FILE).then(
    (text) => (JSON.parse(text) as HarSpace).correct,
    (error) => {
      if (error instanceof Deno.errors.NotFound) return {};
      throw error;
    },
  );
  const accuracies = new TrueAccuracies({ ...settings, correct: kept });
  for (const { network, epochs } of networks) accuracies.add(network, epochs);
  return accuracies;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      threads: { type: "string", default: "2" },
      within: { type: "string", default: String(LONGEST_s) },
    },
  });
  const [folder] = positionals as [string];
  const dataset = await readJson(`${folder}/dataset.json`, DatasetArtifact);
  const accuracies = await readTrueAccuracies();
  const { options, backend } = JSON.parse(await Deno.readTextFile(RECORDED)) as Settings;
  const fit = FitParameters.parse(options);
  const checkpoints = await Deno.makeTempDir();
  const queue = (await World.explored()).within(Number(values.within))
    .filter(({ name }) => accuracies.of(name) === undefined)
    .map((network, sample): TrialJob => ({
      sample,
      network,
      options: fit,
      until: fit.epochs,
      checkpoint: `${checkpoints}/${network.name}.bin`,
    }));
  await trainAll({
    setting: {
      datasetFolder: folder,
      input: dataset.input,
      subset: 1,
      subsetSeed: 1,
      backend,
    },
    threads: Number(values.threads),
    signal: new AbortController().signal,
    source: {
      claim: () => queue.shift(),
      beat() {},
      epoch() {},
      done({ network, checkpoint }, { scores, seconds }) {
        accuracies.add(network.name, scores.epochs.map(({ val_accuracy }) => val_accuracy));
        // In place of the file as it is, whole or not at all: nothing else writes it.
        Deno.writeTextFileSync(`${FILE}.new`, accuracies.text());
        Deno.renameSync(`${FILE}.new`, FILE);
        Deno.removeSync(checkpoint);
        console.log(
          `${accuracies.trained} ${network.name} ${accuracies.of(network.name)!.toFixed(4)} ` +
            `${seconds.toFixed(1)} s, ${queue.length} wait`,
        );
      },
      release() {},
    },
  });
  await Deno.remove(checkpoints, { recursive: true });
}
