/**
 * iNAS against HW-NAS at equal trials and epochs, per capacitor and latency requirement. All searches
 * go on side by side, one network each per round; what two of them ask for is trained once and its
 * time charged to both.
 */
import { canonicalJson } from "../../../base/files.ts";
import { hash32 } from "../../../base/random.ts";
import type { FitParameters } from "../../../network/artifacts/training.ts";
import type { Network, Shape } from "../../../network/network.ts";
import {
  buildNetwork,
  canBuild,
  decisionKinds,
  decisions,
  type SearchSpace,
} from "../../../network/space.ts";
import type { Progress } from "../../../pipeline/stage.ts";
import type { JobSource } from "../pool.ts";
import { searchers } from "../searchers/registry.ts";
import type { Searcher } from "../searchers/searcher.ts";
import { Study } from "../study.ts";
import type { TrialJob, TrialProgress } from "../train_trial.ts";

/** What a model says of a network. */
export interface Judgement {
  /** Null where no design is safe. */
  readonly latency_s: number | null;
  /** Time that the explorer took, s. */
  readonly explorer_s: number;
}

export interface Board {
  readonly capacitance_F: number;
  readonly harvester_ohm: number;
  readonly safe_margin: number;
}

export interface ComparisonRequest {
  readonly space: SearchSpace;
  readonly input: Shape;
  readonly classes: number;
  readonly boards: readonly (Board & { readonly requirements_s: readonly number[] })[];
  readonly continuous_s: readonly number[];
  readonly trials: number;
  readonly seed: number;
  readonly options: FitParameters;
  readonly workDir: string;
  /** Equal for equal data and settings. */
  readonly identity: string;
  judge(network: Network, board: Board | "continuous"): Promise<Judgement>;
  /** Latency of the design that was best under continuous power, cut into power cycles; null: unsafe. */
  asItIs(network: Network, board: Board): Promise<number | null>;
  train(source: JobSource, onProgress: (progress: TrialProgress) => void): Promise<void>;
  readonly progress: Progress;
}

/** One search of the comparison and what it found. */
export interface SearchOutcome {
  readonly asked: number;
  readonly trained: number;
  /** Training and exploring of everything asked for, s. */
  readonly search_s: number;
  readonly explorer_s: number;
  readonly best: { readonly network: Network; readonly accuracy: number } | null;
}

export interface ComparisonRow {
  readonly capacitance_F: number;
  readonly harvester_ohm: number;
  /** 1 to 3. */
  readonly requirement: number;
  readonly requirement_s: number;
  readonly continuous_requirement_s: number;
  readonly inas: SearchOutcome & { readonly latency_s: number | null };
  readonly hw_nas: SearchOutcome & {
    /** With the design that its own model took; null where that is not safe. */
    readonly as_is_s: number | null;
    /** With the best design for this board; null where there is none. */
    readonly explored_s: number | null;
  };
}

interface Run {
  readonly searcher: Searcher;
  readonly board: Board | "continuous";
  readonly requirement_s: number;
  asked: number;
  trained: number;
  search_s: number;
  explorer_s: number;
  best: { network: Network; accuracy: number; latency_s: number } | null;
  done: boolean;
}

export async function compare(request: ComparisonRequest): Promise<ComparisonRow[]> {
  const { boards, continuous_s, space, input, trials, seed } = request;
  const radices = decisions(space).map(({ choices }) => choices.length);
  const start = (board: Board | "continuous", requirement_s: number): Run => ({
    searcher: searchers[board === "continuous" ? "hw-nas" : "reinforce"]({
      radices,
      kinds: decisionKinds(space),
      seed,
      trials,
      requirement_s,
      exists: (indices) => canBuild(space, indices, input),
    }),
    board,
    requirement_s,
    asked: 0,
    trained: 0,
    search_s: 0,
    explorer_s: 0,
    best: null,
    done: false,
  });
  const inas = boards.map((board) =>
    board.requirements_s.map((requirement_s) => start(board, requirement_s))
  );
  const hwNas = continuous_s.map((requirement_s) => start("continuous", requirement_s));
  await play([...inas.flat(), ...hwNas], request);
  const rows: ComparisonRow[] = [];
  for (const [b, board] of boards.entries()) {
    for (const [r, requirement_s] of board.requirements_s.entries()) {
      const ours = inas[b]![r]!;
      const theirs = hwNas[r]!;
      const network = theirs.best?.network;
      rows.push({
        capacitance_F: board.capacitance_F,
        harvester_ohm: board.harvester_ohm,
        requirement: r + 1,
        requirement_s,
        continuous_requirement_s: continuous_s[r]!,
        inas: { ...outcome(ours), latency_s: ours.best?.latency_s ?? null },
        hw_nas: {
          ...outcome(theirs),
          as_is_s: network === undefined ? null : await request.asItIs(network, board),
          explored_s: network === undefined
            ? null
            : (await request.judge(network, board)).latency_s,
        },
      });
    }
  }
  return rows;
}

function outcome({ asked, trained, search_s, explorer_s, best }: Run): SearchOutcome {
  return { asked, trained, search_s, explorer_s, best };
}

async function play(runs: readonly Run[], request: ComparisonRequest): Promise<void> {
  const { space, input, classes, options, workDir, progress, trials } = request;
  await Deno.mkdir(workDir, { recursive: true });
  using study = new Study(`${workDir}/study.db`, String(hash32(request.identity) >>> 0));
  study.enter(canonicalJson({ method: "reinforce", trials, epochs: options.epochs }), null);
  const trained = new Map<string, { accuracy: number; seconds: number }>();
  const started = Date.now();
  for (let round = 0; runs.some(({ done }) => !done); round++) {
    const asked: {
      run: Run;
      network: Network;
      indices: readonly number[];
      latency: number | null;
    }[] = [];
    for (const run of runs) {
      const [indices] = run.done ? [] : run.searcher.ask();
      if (indices === undefined) {
        run.done = true;
        continue;
      }
      const network = buildNetwork(space, indices, input, classes);
      const { latency_s, explorer_s } = await request.judge(network, run.board);
      run.asked++;
      run.explorer_s += explorer_s;
      run.search_s += explorer_s;
      asked.push({ run, network, indices, latency: latency_s });
    }
    const inTime = asked.filter(({ latency, run }) =>
      latency !== null && latency <= run.requirement_s
    );
    const jobs = new Map<string, TrialJob>();
    for (const { network } of inTime) {
      if (trained.has(network.name) || jobs.has(network.name)) continue;
      const sample = trained.size + jobs.size;
      jobs.set(network.name, {
        sample,
        network,
        options: { ...options, seed: hash32(`${request.seed}:${network.name}`) >>> 0 },
        until: options.epochs,
        checkpoint: `${workDir}/trial-${sample}.bin`,
      });
    }
    const open = [...jobs.values()].filter(({ network }) =>
      study.scores(network.name, options.epochs) === undefined
    );
    if (open.length > 0) {
      study.publish(open);
      await request.train(study, ({ samples_per_s }) => {
        const left = (Date.now() - started) / 1000 / (round + 1) * (trials - round - 1);
        progress.update(
          `trial ${round + 1} of ${trials} of ${runs.length} searches, ${trained.size} networks ` +
            `trained, ${Math.round(samples_per_s)} samples/s, ${Math.ceil(left)} s left`,
          round / trials,
        );
      });
    }
    for (const { network, checkpoint } of jobs.values()) {
      const scores = study.scores(network.name, options.epochs)!;
      trained.set(network.name, {
        accuracy: scores.val_accuracy,
        seconds: study.seconds(network.name),
      });
      await Deno.remove(checkpoint).catch(() => {});
    }
    for (const { run, network, indices, latency } of asked) {
      const known = inTime.some((one) => one.run === run) ? trained.get(network.name) : undefined;
      if (known !== undefined) {
        run.trained++;
        run.search_s += known.seconds;
        const better = run.best === null || known.accuracy > run.best.accuracy ||
          (known.accuracy === run.best.accuracy && latency! < run.best.latency_s);
        if (better) run.best = { network, accuracy: known.accuracy, latency_s: latency! };
      }
      run.searcher.tell([{
        indices,
        latency_s: latency,
        energy_J: null,
        accuracy: known?.accuracy ?? null,
        rejected: known !== undefined
          ? null
          : latency === null
          ? { binding: "energy", violation: 0 }
          : { binding: "latency", violation: latency - run.requirement_s },
      }]);
    }
  }
}
