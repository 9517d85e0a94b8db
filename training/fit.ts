/** The training loop: Adam on categorical cross-entropy; the best validation epoch or the last is kept. */
import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs-core";
import { canonicalJson } from "../base/files.ts";
import { Random } from "../base/random.ts";
import type {
  EpochRecord,
  FitParameters,
  QuantisationTarget,
} from "../network/artifacts/training.ts";
import type { Network, Shape } from "../network/network.ts";
import { ADAM_DEFAULTS, adamStart, type AdamState, adamStep } from "./adam.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { augment } from "./augment.ts";
import { averageStep } from "./average.ts";
import { toTensors } from "./backward.ts";
import { type Batch, gather, type Split, takeShare } from "./data.ts";
import { activationBits, type Grid, onGrid } from "./fake_quantise.ts";
import { classWeights } from "./class_weights.ts";
import { Breather, scoresOf } from "./evaluate.ts";
import { type Executor, OwnThread } from "./executor.ts";
import { buildGraph, type Graph } from "./forward.ts";
import { divergence } from "./loss.ts";
import { mixBatch, type Mixture } from "./mixup.ts";
import {
  copyParameters,
  emptyParameters,
  initialParameters,
  type Parameter,
} from "./parameters.ts";
import { observeRanges } from "./ranges.ts";
import { learningRateAt } from "./schedule.ts";
import { Teacher } from "./teacher.ts";

/** Training samples from which ranges of maps are taken, once an epoch. */
const OBSERVED = 256;

/** Where a training stands, told after every batch. */
export interface FitProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Share of all steps that is done, 0 to 1. */
  readonly fraction: number;
  readonly loss: number;
  readonly samples_per_s: number;
  /** Best validation accuracy so far; undefined in the first epoch. */
  readonly best_val_accuracy: number | undefined;
}

export interface FitRequest {
  readonly network: Network;
  readonly train: Split;
  readonly val: Split;
  readonly options: FitParameters;
  /** Weights to start from, which stay as they are; default: drawn by the seed. */
  readonly initial?: readonly Parameter[] | undefined;
  /** Integers to train for: forward passes are rounded as theirs, from the first step on. */
  readonly quantisation?: QuantisationTarget | undefined;
  /**
   * Weights in floating point whose scores are learned in place of the labels, of their smoothing and
   * weights and of mixtures.
   */
  readonly teacher?: readonly Parameter[] | undefined;
  /** What computes, of the same network; default: the backend that is selected. */
  readonly executor?: Executor | undefined;
  /** File that holds the state after the last finished epoch; a training that was cut goes on from it. */
  readonly checkpoint?: string | undefined;
  /** Epochs after which to pause, the schedule still that of all `options.epochs`; default: all. */
  readonly until?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called once an epoch is finished and, where there is a checkpoint, saved. */
  onEpoch?(record: EpochRecord): void;
  onProgress?(progress: FitProgress): void;
}

export interface FitResult {
  /**
   * Of the best validation epoch, or of the last. Best is the highest accuracy, then the lowest loss, then
   * the earliest; where a teacher is learned for integers, the least divergence from it: samples are too few
   * for their classes to tell such epochs apart.
   */
  readonly parameters: Parameter[];
  /**
   * Its `epoch` is 0 where training for integers did not improve on rounding what it started from, also
   * where the last epoch is to be kept.
   */
  readonly best: EpochRecord;
  readonly epochs: readonly EpochRecord[];
  /** With `quantisation`: largest magnitudes of the input and of each layer's map, of that epoch. */
  readonly ranges?: Float32Array;
}

/**
 * Trains a network on the selected backend. The same request gives the same result, whether it was
 * interrupted in between or not.
 * @throws the signal's reason when aborted, within one batch
 */
export async function fit(request: FitRequest): Promise<FitResult> {
  const { network, train, val, options } = request;
  const executor = request.executor ?? new OwnThread(network);
  const trainer = new Trainer(request, executor);
  const identity = canonicalJson({
    network,
    options: { ...options },
    samples: [train.samples, val.samples],
    ...(request.initial === undefined ? {} : { initial: digestOf(request.initial) }),
    ...(request.quantisation === undefined ? {} : { quantisation: request.quantisation }),
    ...(request.teacher === undefined ? {} : { teacher: digestOf(request.teacher) }),
  });
  return await run(request, trainer, identity);
}

async function run(
  request: FitRequest,
  trainer: Trainer,
  identity: string,
): Promise<FitResult> {
  const { train, val, options, signal } = request;
  if (request.quantisation !== undefined) await trainer.scoreStart(train, val, signal);
  await trainer.restore(request.checkpoint, identity);
  const breather = new Breather();
  const started = performance.now();
  let seen = 0;
  while (!trainer.finished(request.until)) {
    const epoch = trainer.records.length + 1;
    const order = new Random(options.seed, `shuffle/${epoch}`).shuffle(
      Int32Array.from({ length: train.samples }, (_, i) => i),
    );
    const disturbance = new Random(options.seed, `augment/${epoch}`);
    await trainer.openEpoch(train);
    const prepare = (start: number): Prepared | undefined => {
      if (start >= order.length) return undefined;
      const batch = gather(train, order.subarray(start, start + options.batch_size));
      augment(batch, train, options.augment, disturbance);
      const { mixup } = options;
      return {
        batch,
        mixture: mixup === undefined ? undefined : mixBatch(batch, mixup, disturbance),
      };
    };
    let loss = 0;
    let correct = 0;
    let next = prepare(0);
    for (let start = 0; next !== undefined; start += options.batch_size) {
      const samples = next.batch.y.length;
      const pending = trainer.step(train.input, next);
      // While other threads compute.
      next = prepare(start + options.batch_size);
      const step = await pending;
      loss += step.loss * samples;
      correct += step.correct;
      seen += samples;
      request.onProgress?.({
        epoch,
        epochs: options.epochs,
        fraction: trainer.fraction(),
        loss: step.loss,
        samples_per_s: 1000 * seen / (performance.now() - started),
        best_val_accuracy: trainer.best?.val_accuracy,
      });
      await breather.breathe(signal);
    }
    await trainer.closeEpoch(loss / train.samples, correct / train.samples, val, signal);
    if (request.checkpoint !== undefined) await trainer.save(request.checkpoint, identity);
    request.onEpoch?.(trainer.records.at(-1)!);
  }
  return {
    parameters: trainer.bestParameters,
    best: trainer.best!,
    epochs: trainer.records,
    ...(request.quantisation === undefined ? {} : { ranges: trainer.bestRanges }),
  };
}

/** A batch, disturbed and mixed. */
interface Prepared {
  readonly batch: Batch;
  readonly mixture: Mixture | undefined;
}

/** What changes while a network is trained. */
class Trainer {
  readonly parameters: Parameter[];
  bestParameters: Parameter[];
  best: EpochRecord | undefined;
  records: EpochRecord[] = [];
  readonly #executor: Executor;
  readonly #teacher: Teacher | undefined;
  readonly #graph: Graph;
  readonly #options: FitParameters;
  readonly #stepsPerEpoch: number;
  readonly #classWeights: Float32Array | undefined;
  readonly #target: QuantisationTarget | undefined;
  /** Of the epoch at hand; empty without quantisation. */
  readonly #ranges: Float32Array;
  readonly bestRanges: Float32Array;
  #adam: AdamState;
  /** With quantisation: rounding what training starts from, the least that is to be reached. */
  #start: { record: EpochRecord; parameters: Parameter[]; ranges: Float32Array } | undefined;
  /** Of the validation split, by the teacher. */
  #expected: Float32Array | undefined;
  /** The weights that are scored and kept; equal to the parameters where nothing is averaged. */
  readonly #average: Parameter[];

  constructor(
    { network, options, train, initial, quantisation, teacher }: FitRequest,
    executor: Executor,
  ) {
    this.#executor = executor;
    this.#teacher = teacher && new Teacher(executor, teacher);
    this.parameters = initial === undefined
      ? initialParameters(network, options.seed)
      : copyParameters(initial);
    this.bestParameters = emptyParameters(network);
    this.#average = copyParameters(this.parameters);
    this.#graph = buildGraph(network, this.parameters);
    this.#options = options;
    this.#target = quantisation;
    this.#ranges = new Float32Array(quantisation === undefined ? 0 : network.layers.length + 1);
    this.bestRanges = this.#ranges.slice();
    this.#stepsPerEpoch = Math.ceil(train.samples / options.batch_size);
    const classes = this.#graph.layers.at(-1)!.output.channels;
    this.#classWeights = classWeights(options.class_weights, train.y, classes);
    this.#adam = adamStart(this.parameters.map(({ data }) => data.length));
  }

  fraction(): number {
    return this.#adam.step / (this.#stepsPerEpoch * this.#options.epochs);
  }

  finished(until = Infinity): boolean {
    const { epochs, patience } = this.#options;
    if (this.records.length >= Math.min(epochs, until)) return true;
    return patience !== null && this.best !== undefined &&
      this.records.length - this.best.epoch >= patience;
  }

  #learningRate(): number {
    return learningRateAt(this.#options, this.#adam.step, this.#stepsPerEpoch);
  }

  /** Looks anew at what the maps hold: weights have moved since. */
  async openEpoch(train: Split): Promise<void> {
    if (this.#target === undefined) return;
    const tensors = toTensors(this.#average);
    const samples = takeShare(train, OBSERVED / train.samples, this.#options.seed);
    const bits = activationBits(this.#target);
    this.#ranges.set(await observeRanges(this.#graph, tensors, samples, bits));
    tf.dispose(tensors);
  }

  /** Parameters as the forward pass sees them. */
  #seen(parameters: readonly Parameter[]): { parameters: readonly Parameter[]; grid?: Grid } {
    return this.#target === undefined
      ? { parameters }
      : onGrid(this.#graph, parameters, this.#ranges, this.#target);
  }

  async step(
    input: Shape,
    { batch, mixture }: Prepared,
  ): Promise<{ loss: number; correct: number }> {
    const probabilities = await this.#teacher?.probabilities(batch, input);
    const { label_smoothing, weight_average, weight_decay } = this.#options;
    const { parameters, grid } = this.#seen(this.parameters);
    const { loss, correct, gradients } = await this.#executor.gradients(
      parameters,
      batch,
      { smoothing: label_smoothing, weights: this.#classWeights, mixture, probabilities, grid },
    );
    adamStep(this.#adam, this.parameters, gradients, this.#learningRate(), {
      ...ADAM_DEFAULTS,
      weightDecay: weight_decay,
    });
    averageStep(this.#average, this.parameters, this.#adam.step, weight_average);
    return { loss, correct };
  }

  /** Makes what training starts from the first candidate: epoch 0. */
  async scoreStart(train: Split, val: Split, signal: AbortSignal | undefined): Promise<void> {
    await this.openEpoch(train);
    await this.closeEpoch(0, 0, val, signal);
    const record = { ...this.records.pop()!, epoch: 0 };
    this.best = record;
    this.#start = {
      record,
      parameters: copyParameters(this.bestParameters),
      ranges: this.bestRanges.slice(),
    };
  }

  async closeEpoch(
    loss: number,
    trainAccuracy: number,
    val: Split,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const learningRate = this.#learningRate();
    const { parameters, grid } = this.#seen(this.#average);
    const prediction = await this.#executor.predict(parameters, val, { signal, grid });
    const scores = scoresOf(prediction, val);
    const expected = await this.#expectedOf(val, signal);
    const record: EpochRecord = {
      epoch: this.records.length + 1,
      learning_rate: learningRate,
      loss,
      train_accuracy: trainAccuracy,
      val_loss: scores.loss,
      val_accuracy: scores.accuracy,
      ...(expected && {
        val_divergence: divergence(expected, prediction.logits, prediction.classes),
      }),
    };
    this.records.push(record);
    if (this.#keeps(record)) {
      this.best = record;
      this.bestParameters = copyParameters(this.#average);
      this.bestRanges.set(this.#ranges);
    } else if (this.#options.keep === "last") {
      const { record: start, parameters, ranges } = this.#start!;
      this.best = start;
      this.bestParameters = copyParameters(parameters);
      this.bestRanges.set(ranges);
    }
  }

  /** The teacher's probabilities of the validation split, where rounded epochs are held against them. */
  async #expectedOf(
    val: Split,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array | undefined> {
    if (this.#target === undefined || this.#teacher === undefined) return undefined;
    this.#expected ??= await this.#teacher.probabilitiesOf(val, signal);
    return this.#expected;
  }

  #arrays(): Float32Array[] {
    return [
      ...this.parameters.map(({ data }) => data),
      ...this.#average.map(({ data }) => data),
      ...this.#adam.first,
      ...this.#adam.second,
      ...this.bestParameters.map(({ data }) => data),
      this.bestRanges,
    ];
  }

  async save(path: string, identity: string): Promise<void> {
    const { records } = this;
    await writeCheckpoint(path, {
      identity,
      step: this.#adam.step,
      records,
      arrays: this.#arrays(),
    });
  }

  async restore(path: string | undefined, identity: string): Promise<void> {
    const saved = path === undefined ? undefined : await readCheckpoint(path, identity);
    if (saved === undefined) return;
    this.#arrays().forEach((array, i) => array.set(saved.arrays[i]!));
    this.#adam.step = saved.step;
    this.records = [...saved.records];
    for (const record of this.records) {
      if (this.#keeps(record)) this.best = record;
      else if (this.#options.keep === "last") this.best = this.#start!.record;
    }
  }

  #keeps(record: EpochRecord): boolean {
    return this.#options.keep === "last"
      ? this.#start === undefined || isBetter(record, this.#start.record)
      : isBetter(record, this.best);
  }
}

function digestOf(parameters: readonly Parameter[]): string {
  const hash = createHash("sha256");
  for (const { data } of parameters) hash.update(new Uint8Array(data.slice().buffer));
  return hash.digest("hex");
}

function isBetter(record: EpochRecord, best: EpochRecord | undefined): boolean {
  if (best === undefined) return true;
  if (record.val_divergence !== undefined && best.val_divergence !== undefined) {
    return record.val_divergence < best.val_divergence;
  }
  if (record.val_accuracy !== best.val_accuracy) return record.val_accuracy > best.val_accuracy;
  return record.val_loss < best.val_loss;
}
