/**
 * True accuracies for the question whether the methods learn: every network of the published HAR space
 * that a method asks for is trained, once for all methods, seeds and requirements.
 *
 *     deno run -A bench/search/har_space.ts DATASET_ARTIFACT [--threads N] [--requirements 1]
 *
 * Settings, seed and backend are those of har_accuracies.json, whose networks are taken over. What is
 * trained goes to har_space.json at once: a run that was stopped goes on where it was.
 */
import { parseArgs } from "node:util";
import { readJson, writeWhole } from "../../base/files.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import type { Network } from "../../network/network.ts";
import { trainAll } from "../../stages/search/pool.ts";
import type { TrialJob } from "../../stages/search/train_trial.ts";
import { Learner, METHODS, REQUIREMENTS_s, SEEDS, World } from "./learning.ts";
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

/** Trains what is asked for, each network once. */
class Trainings {
  readonly #accuracies: TrueAccuracies;
  readonly #options: FitParameters;
  readonly #folder: string;
  readonly #queue: TrialJob[] = [];
  readonly #waiting = new Map<string, (accuracy: number) => void>();
  readonly #asked = new Map<string, Promise<number>>();
  over = false;

  constructor(accuracies: TrueAccuracies, options: FitParameters, folder: string) {
    this.#accuracies = accuracies;
    this.#options = options;
    this.#folder = folder;
  }

  accuracy(network: Network): Promise<number> | number {
    const known = this.#accuracies.of(network.name);
    if (known !== undefined) return known;
    const asked = this.#asked.get(network.name);
    if (asked !== undefined) return asked;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#asked.set(network.name, promise);
    this.#waiting.set(network.name, resolve);
    this.#queue.push({
      sample: this.#asked.size,
      network,
      options: this.#options,
      until: this.#options.epochs,
      checkpoint: `${this.#folder}/${network.name}.bin`,
    });
    return promise;
  }

  async work(setting: Parameters<typeof trainAll>[0]["setting"], threads: number): Promise<void> {
    await trainAll({
      setting,
      threads,
      signal: new AbortController().signal,
      source: {
        claim: () => this.#queue.shift() ?? (this.over ? undefined : "wait"),
        beat() {},
        epoch() {},
        done: ({ network }, { scores, seconds }) => {
          this.#accuracies.add(network.name, scores.epochs.map(({ val_accuracy }) => val_accuracy));
          // In place of the file as it is, whole or not at all: nothing else writes it.
          Deno.writeTextFileSync(`${FILE}.new`, this.#accuracies.text());
          Deno.renameSync(`${FILE}.new`, FILE);
          Deno.removeSync(`${this.#folder}/${network.name}.bin`);
          const accuracy = this.#accuracies.of(network.name)!;
          console.log(
            `${this.#accuracies.trained} ${network.name} ${accuracy.toFixed(4)} ` +
              `${seconds.toFixed(1)} s, ${this.#queue.length} wait`,
          );
          this.#waiting.get(network.name)!(accuracy);
        },
        release() {},
      },
    });
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      threads: { type: "string", default: "2" },
      requirements: { type: "string", default: String(REQUIREMENTS_s.length) },
    },
  });
  const [folder] = positionals as [string];
  const dataset = await readJson(`${folder}/dataset.json`, DatasetArtifact);
  const accuracies = await readTrueAccuracies();
  const { options, backend } = JSON.parse(await Deno.readTextFile(RECORDED)) as Settings;
  const checkpoints = await Deno.makeTempDir();
  const trainings = new Trainings(accuracies, FitParameters.parse(options), checkpoints);
  const world = await World.explored();
  const asking = async () => {
    for (const requirement_s of REQUIREMENTS_s.slice(0, Number(values.requirements))) {
      const learners = METHODS.flatMap((method) =>
        Array.from({ length: SEEDS }, (_, seed) => new Learner(method, seed + 1, requirement_s))
      );
      await Promise.all(
        learners.map((learner) => learner.run(world, (network) => trainings.accuracy(network))),
      );
      console.log(`all at ${requirement_s} s are through: ${accuracies.trained} networks trained`);
    }
    trainings.over = true;
  };
  const setting = {
    datasetFolder: folder,
    input: dataset.input,
    subset: 1,
    subsetSeed: 1,
    backend,
  };
  await Promise.all([asking(), trainings.work(setting, Number(values.threads))]);
  await writeWhole(FILE, accuracies.text());
  await Deno.remove(checkpoints, { recursive: true });
}
