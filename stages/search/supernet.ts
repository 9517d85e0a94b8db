/**
 * One set of weights for all networks of a space: a network takes the first channels and the middle of
 * the kernels of the widest one. Trained on a few sampled networks a step, it ranks networks without
 * training them (one-shot NAS; Guo et al., ECCV 2020; the sandwich rule: Yu & Huang, ICCV 2019).
 */
import * as tf from "@tensorflow/tfjs-core";
import { canonicalJson } from "../../base/files.ts";
import { Random } from "../../base/random.ts";
import type { EpochRecord, FitParameters } from "../../network/artifacts/training.ts";
import { type Network, resolveLayers, weightShape } from "../../network/network.ts";
import { ADAM_DEFAULTS, adamStart, adamStep } from "../../training/adam.ts";
import { augment } from "../../training/augment.ts";
import { averageStep } from "../../training/average.ts";
import { lossAndGradients, toTensors } from "../../training/backward.ts";
import { readCheckpoint, writeCheckpoint } from "../../training/checkpoint.ts";
import { classWeights } from "../../training/class_weights.ts";
import { gather, type Split, takeShare } from "../../training/data.ts";
import { Breather, evaluate, type Scores } from "../../training/evaluate.ts";
import { buildGraph } from "../../training/forward.ts";
import { copyParameters, emptyParameters, type Parameter } from "../../training/parameters.ts";
import { learningRateAt } from "../../training/schedule.ts";

/** Which networks a step trains beside those drawn: `sandwich` adds the largest and the smallest. */
export type Sampling = "uniform" | "sandwich";

export interface SupernetRequest {
  /** Those that may be asked for; a step draws among them. */
  readonly networks: readonly Network[];
  readonly train: Split;
  readonly val: Split;
  readonly options: FitParameters;
  readonly sampling: Sampling;
  /** Networks that a step trains, all on the same batch. */
  readonly per_step: number;
  /** File that holds the state after the last finished epoch. */
  readonly checkpoint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: SupernetProgress): void;
}

export interface SupernetProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Share of all steps that is done. */
  readonly fraction: number;
  readonly samples_per_s: number;
  /** Until the last epoch ends. */
  readonly left_s: number;
  /** Of the largest network, after the last finished epoch. */
  readonly val_accuracy: number | undefined;
}

export interface Supernet {
  readonly shared: SharedWeights;
  readonly epochs: readonly EpochRecord[];
}

/** The widest of every array of some networks, and views of it. */
export class SharedWeights {
  readonly parameters: Parameter[];
  readonly #at = new Map<string, number>();

  constructor(networks: readonly Network[], seed: number) {
    const widest = new Map<string, { layer: string; kind: Parameter["kind"]; shape: number[] }>();
    for (const network of networks) {
      for (const { layer, kind, shape } of emptyParameters(network)) {
        const key = keyOf(layer, kind);
        const known = widest.get(key) ?? { layer, kind, shape: shape.map(() => 0) };
        known.shape = known.shape.map((side, i) => Math.max(side, shape[i]!));
        widest.set(key, known);
      }
    }
    this.parameters = [...widest.values()].map(({ layer, kind, shape }) => {
      this.#at.set(keyOf(layer, kind), this.#at.size);
      const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
      if (kind !== "bias") {
        // He-uniform of the widest layer; narrower views are scaled up to theirs.
        const limit = Math.sqrt(6 / fanIn(shape, kind));
        const random = new Random(seed, `supernet/${layer}`);
        for (let i = 0; i < data.length; i++) data[i] = random.range(-limit, limit);
      }
      return { layer, kind, shape, data };
    });
  }

  /** Weights of a network, copied out. @param from in the order of `parameters`; default: these */
  view(network: Network, from: readonly Parameter[] = this.parameters): Parameter[] {
    const views = emptyParameters(network);
    for (const view of views) {
      const wide = from[this.#at.get(keyOf(view.layer, view.kind))!]!;
      const scale = scaleOf(view, wide);
      eachRow(view.shape, wide.shape, view.kind, (own, theirs, length) => {
        for (let i = 0; i < length; i++) view.data[own + i] = scale * wide.data[theirs + i]!;
      });
    }
    return views;
  }

  /** Adds a network's gradients to those of all. */
  addGradients(
    network: Network,
    gradients: readonly Float32Array[],
    share: number,
    into: readonly Float32Array[],
  ): void {
    emptyParameters(network).forEach((view, k) => {
      const at = this.#at.get(keyOf(view.layer, view.kind))!;
      const wide = this.parameters[at]!;
      const scale = share * scaleOf(view, wide);
      const from = gradients[k]!;
      const to = into[at]!;
      eachRow(view.shape, wide.shape, view.kind, (own, theirs, length) => {
        for (let i = 0; i < length; i++) to[theirs + i]! += scale * from[own + i]!;
      });
    });
  }
}

function keyOf(layer: string, kind: Parameter["kind"]): string {
  return `${layer} ${kind}`;
}

function fanIn(shape: readonly number[], kind: Parameter["kind"]): number {
  const [kh, kw, n] = shape as [number, number, number];
  return kind === "depthwise_kernel" ? kh * kw : kh * kw * n;
}

function scaleOf(view: Parameter, wide: Parameter): number {
  return view.kind === "bias"
    ? 1
    : Math.sqrt(fanIn(wide.shape, wide.kind) / fanIn(view.shape, view.kind));
}

/** Contiguous stretches of a view, where they lie in it and in the wide array. */
function eachRow(
  own: readonly number[],
  wide: readonly number[],
  kind: Parameter["kind"],
  visit: (own: number, wide: number, length: number) => void,
): void {
  if (kind === "bias") return visit(0, 0, own[0]!);
  const [kh, kw, n, m] = own as [number, number, number, number];
  const [wh, ww, wn, wm] = wide as [number, number, number, number];
  const top = Math.floor((wh - kh) / 2);
  const left = Math.floor((ww - kw) / 2);
  for (let y = 0; y < kh; y++) {
    for (let x = 0; x < kw; x++) {
      const from = (y * kw + x) * n * m;
      const to = ((y + top) * ww + x + left) * wn * wm;
      for (let i = 0; i < n; i++) visit(from + i * m, to + i * wm, m);
    }
  }
}

/**
 * Trains the shared weights; the same request gives the same weights, interrupted or not.
 * @throws the signal's reason when aborted, within one batch
 */
export async function trainSupernet(request: SupernetRequest): Promise<Supernet> {
  const { networks, train, val, options, signal } = request;
  const shared = new SharedWeights(networks, options.seed);
  const average = copyParameters(shared.parameters);
  const adam = adamStart(shared.parameters.map(({ data }) => data.length));
  const arrays = [
    ...shared.parameters.map(({ data }) => data),
    ...average.map(({ data }) => data),
    ...adam.first,
    ...adam.second,
  ];
  const identity = canonicalJson({
    networks: networks.map(({ name }) => name),
    options: { ...options },
    sampling: request.sampling,
    per_step: request.per_step,
    samples: [train.samples, val.samples],
  });
  const saved = request.checkpoint === undefined
    ? undefined
    : await readCheckpoint(request.checkpoint, identity);
  const records: EpochRecord[] = [...saved?.records ?? []];
  if (saved !== undefined) {
    arrays.forEach((array, i) => array.set(saved.arrays[i]!));
    adam.step = saved.step;
  }
  const bySize = [...networks].sort((a, b) => weightsOf(a) - weightsOf(b));
  const largest = bySize.at(-1)!;
  const always = request.sampling === "sandwich" ? [largest, bySize[0]!] : [];
  const stepsPerEpoch = Math.ceil(train.samples / options.batch_size);
  const classes = resolveLayers(largest).at(-1)!.output.channels;
  const weights = classWeights(options.class_weights, train.y, classes);
  const breather = new Breather();
  const steps = stepsPerEpoch * options.epochs;
  const stepsBefore = adam.step;
  const started = performance.now();
  let seen = 0;
  while (records.length < options.epochs) {
    const epoch = records.length + 1;
    const order = new Random(options.seed, `shuffle/${epoch}`).shuffle(
      Int32Array.from({ length: train.samples }, (_, i) => i),
    );
    const disturbance = new Random(options.seed, `augment/${epoch}`);
    const draw = new Random(options.seed, `supernet/draw/${epoch}`);
    let loss = 0;
    let correct = 0;
    for (let start = 0; start < order.length; start += options.batch_size) {
      const batch = gather(train, order.subarray(start, start + options.batch_size));
      augment(batch, train, options.augment, disturbance);
      const drawn = Math.max(1, request.per_step - always.length);
      const chosen = [...always, ...Array.from({ length: drawn }, () => draw.pick(networks))];
      const sum = shared.parameters.map(({ data }) => new Float32Array(data.length));
      for (const network of chosen) {
        const view = shared.view(network);
        const step = await lossAndGradients(
          buildGraph(network, view),
          view,
          train.input,
          batch,
          { smoothing: options.label_smoothing, weights },
        );
        shared.addGradients(network, step.gradients, 1 / chosen.length, sum);
        loss += step.loss * batch.y.length / chosen.length;
        correct += step.correct / chosen.length;
        seen += batch.y.length;
        await breather.breathe(signal);
      }
      adamStep(
        adam,
        shared.parameters,
        sum,
        learningRateAt(options, adam.step, stepsPerEpoch),
        { ...ADAM_DEFAULTS, weightDecay: options.weight_decay },
      );
      averageStep(average, shared.parameters, adam.step, options.weight_average);
      const passed_s = (performance.now() - started) / 1000;
      request.onProgress?.({
        epoch,
        epochs: options.epochs,
        fraction: adam.step / steps,
        samples_per_s: seen / passed_s,
        left_s: passed_s * (steps - adam.step) / (adam.step - stepsBefore),
        val_accuracy: records.at(-1)?.val_accuracy,
      });
    }
    const scores = await inherited(shared.view(largest, average), largest, val, signal);
    records.push({
      epoch,
      learning_rate: learningRateAt(options, adam.step, stepsPerEpoch),
      loss: loss / train.samples,
      train_accuracy: correct / train.samples,
      val_loss: scores.loss,
      val_accuracy: scores.accuracy,
    });
    if (request.checkpoint !== undefined) {
      await writeCheckpoint(request.checkpoint, { identity, step: adam.step, records, arrays });
    }
  }
  shared.parameters.forEach(({ data }, k) => data.set(average[k]!.data));
  return { shared, epochs: records };
}

export interface RankRequest {
  readonly supernet: Supernet;
  readonly networks: readonly Network[];
  readonly val: Split;
  readonly seed: number;
  /** Networks that are scored on all of `val`; the others on {@link GLANCE} samples. */
  readonly closely: number;
  readonly signal?: AbortSignal | undefined;
  onProgress?(scored: number): void;
}

/** Samples by which all networks are scored before the best are scored by all. */
const GLANCE = 256;

/** Validation losses with inherited weights, in the order of the networks; lower is better. */
export async function inheritedLosses(request: RankRequest): Promise<Float64Array> {
  const { supernet: { shared }, networks, val, seed, closely, signal, onProgress } = request;
  const few = takeShare(val, Math.min(1, GLANCE / val.samples), seed);
  const losses = new Float64Array(networks.length);
  for (const [i, network] of networks.entries()) {
    losses[i] = (await inherited(shared.view(network), network, few, signal)).loss;
    onProgress?.(i + 1);
  }
  const best = [...networks.keys()].sort((a, b) => losses[a]! - losses[b]! || a - b)
    .slice(0, closely);
  for (const i of best) {
    losses[i] = (await inherited(shared.view(networks[i]!), networks[i]!, val, signal)).loss;
  }
  // Losses of two sample sets do not compare: those looked at closely stay in front.
  const behind = best.reduce((most, i) => Math.max(most, losses[i]!), 0);
  const close = new Set(best);
  losses.forEach((loss, i) => {
    if (!close.has(i)) losses[i] = behind + loss;
  });
  return losses;
}

async function inherited(
  view: Parameter[],
  network: Network,
  split: Split,
  signal?: AbortSignal,
): Promise<Scores> {
  const tensors = toTensors(view);
  try {
    return await evaluate(buildGraph(network, view), tensors, split, signal);
  } finally {
    tf.dispose(tensors);
  }
}

function weightsOf(network: Network): number {
  return resolveLayers(network).reduce(
    (sum, layer) => sum + weightShape(layer).reduce((product, side) => product * side, 1),
    0,
  );
}
