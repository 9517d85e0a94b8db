/** A small data set on disk, a stand-in for the explorer, and one search over both. */
import { writeNpy } from "../../base/files.ts";
import { Random } from "../../base/random.ts";
import type { ExploreAnswer } from "../../network/explore.ts";
import { macs, type Network, resolveLayers } from "../../network/network.ts";
import type { Progress } from "../../pipeline/stage.ts";
import { inherit } from "../../stages/search/inherit.ts";
import { type JobSource, trainAll } from "../../stages/search/pool.ts";
import { SearchParameters } from "../../stages/search/schema.ts";
import { type Explore, search, type SearchResult } from "../../stages/search/search.ts";
import type { TrialJob } from "../../stages/search/train_trial.ts";

export const input = { h: 16, w: 1, channels: 2 };
export const CLASSES = 3;

/** Three frequencies under noise. */
export async function writeDataset(folder: string): Promise<void> {
  for (const [split, samples] of [["train", 120], ["val", 60]] as const) {
    const random = new Random(1, split);
    const y = Int32Array.from({ length: samples }, (_, i) => i % CLASSES);
    const x = new Float32Array(samples * input.h * input.channels);
    for (let i = 0; i < samples; i++) {
      const phase = random.range(0, 2 * Math.PI);
      for (let t = 0; t < input.h; t++) {
        for (let c = 0; c < input.channels; c++) {
          x[(i * input.h + t) * input.channels + c] =
            Math.sin(phase + c + t * (0.4 + 0.8 * y[i]!)) + 0.5 * random.normal();
        }
      }
    }
    await writeNpy(`${folder}/${split}.x.npy`, { shape: [samples, input.h, 1, 2], data: x });
    await writeNpy(`${folder}/${split}.y.npy`, { shape: [samples], data: y });
  }
}

/** Latency grows with work; a network of more than `limit` MACs has no safe design. */
export function fakeExplore(limit: number, asked: string[] = []): Explore {
  return (networks, platform) =>
    Promise.resolve(networks.map((network) => {
      asked.push(`${platform.profile} ${network.name}`);
      return answer(network, limit);
    }));
}

function answer(network: Network, limit: number): ExploreAnswer {
  const work = resolveLayers(network).reduce((sum, layer) => sum + macs(layer), 0);
  const design = {
    Tr: 1,
    Tc: 1,
    Tm: 1,
    Tn: 1,
    loop_order: "I",
    mac_span: "channel",
    S: 1,
  } as const;
  const layer = { name: "conv1", designs_total: 1, rejected: {} };
  if (work > limit) {
    return {
      name: network.name,
      feasible: false,
      latency_s: null,
      layers: [{
        ...layer,
        feasible: false,
        binding: "energy",
        violation: (work - limit) * 1e-9,
        unit: "J",
        nearest: design,
        latency_s: null,
        designs_feasible: 0,
      }],
    };
  }
  return {
    name: network.name,
    feasible: true,
    latency_s: work * 1e-4,
    energy_J: work * 1e-9,
    power_cycles: Math.ceil(work / 100),
    layers: [{
      ...layer,
      ...design,
      feasible: true,
      latency_s: work * 1e-4,
      vm_bytes: 8,
      slack_J: (limit - work) * 1e-9,
      slack_vm_bytes: 2040,
      designs_feasible: 1,
      proven_optimal: true,
      runners_up: [],
    }],
  };
}

export const silent: Progress = { update() {}, note() {}, warn() {} };

export function parameters(overrides: object = {}): SearchParameters {
  return SearchParameters.parse({
    space: { type: "conv", dimensions: 1, layers: 2, kernels: [1, 3, 5], channels: [2, 4, 8] },
    trials: 4,
    epochs: 2,
    batch_size: 32,
    learning_rate: 0.02,
    seed: 3,
    platforms: [{ profile: "board-a" }, { profile: "board-b" }],
    ...overrides,
  });
}

export interface Options {
  readonly folder: string;
  readonly workDir: string;
  readonly params?: SearchParameters;
  readonly explore?: Explore;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly trainedJobs?: TrialJob[];
  readonly progress?: Progress;
  onTrial?(sample: number): void;
}

/** A search over the data set in `folder` with real training in workers. */
export function runSearch(options: Options): Promise<SearchResult> {
  const params = options.params ?? parameters();
  const signal = options.signal ?? new AbortController().signal;
  const setting = {
    datasetFolder: options.folder,
    input,
    subset: params.subset,
    subsetSeed: params.seed,
    backend: "wasm",
  };
  return search({
    params,
    input,
    classes: CLASSES,
    backend: "wasm",
    identity: "fixture",
    workDir: options.workDir,
    setting,
    explore: options.explore ?? fakeExplore(4000),
    advise: ({ name }) => Promise.resolve([`more of everything for ${name}`]),
    inherit: (ranking) => inherit(setting, ranking),
    train: async ({ source, onProgress, onOutcome }) => {
      const watched: JobSource = {
        claim() {
          const job = source.claim();
          if (typeof job === "object") options.trainedJobs?.push(job);
          return job;
        },
        beat: () => source.beat(),
        epoch: (job, record) => source.epoch(job, record),
        done: (job, outcome) => source.done(job, outcome),
        release: () => source.release(),
      };
      await trainAll({
        setting,
        source: watched,
        threads: options.threads ?? 1,
        signal,
        onProgress,
        onOutcome: (outcome) => {
          onOutcome(outcome);
          options.onTrial?.(outcome.sample);
        },
      });
    },
    progress: options.progress ?? silent,
    signal,
  });
}
