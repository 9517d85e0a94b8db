/**
 * Several threads that share the work of each batch, each with a backend that computes on one thread. A
 * network for a microcontroller has layers too narrow to be split well: half of a batch each costs less.
 *
 * Into how many parts a batch is cut depends on the network and the batch alone, and parts are summed in
 * their order: results are the same bytes for any number of threads.
 */
import { macs, type Network, resolveLayers } from "../network/network.ts";
import type { Backend } from "./backend.ts";
import type { BackendName } from "./backend_choice.ts";
import type { BatchGradients, LossOptions } from "./backward.ts";
import type { Batch, Split } from "./data.ts";
import { type EvaluateOptions, EVALUATION_BATCH, type Prediction } from "./evaluate.ts";
import { type Executor, OwnThread } from "./executor.ts";
import type { Parameter } from "./parameters.ts";

/**
 * Multiplications of a forward pass that a part has at least, where a batch is cut into so many: a smaller
 * one is not worth a message and its operations. Beyond four parts larger ones pay more than more threads,
 * unless there is much to do: a part of 64 samples takes a tenth less processor time for each than one of 32.
 */
const PART_MACS = [[2, 50e6], [4, 50e6], [8, 200e6]] as const;
const MOST_PARTS = 8;

export type ToMember =
  | { readonly type: "open"; readonly backend: BackendName; readonly network: Network }
  | {
    readonly type: "gradients";
    readonly parameters: readonly Float32Array[];
    readonly batch: Batch;
    readonly options: LossOptions;
  }
  | {
    readonly type: "predict";
    readonly parameters: readonly Float32Array[];
    readonly split: Split;
    readonly grid: EvaluateOptions["grid"];
  };

export type FromMember =
  | { readonly type: "ready" }
  | { readonly type: "gradients"; readonly gradients: BatchGradients }
  | { readonly type: "prediction"; readonly prediction: Prediction }
  | { readonly type: "failed"; readonly message: string };

/** Parts into which a batch is cut: a power of two, 1 where it is small. */
export function partsOf(network: Network, samples: number): number {
  const work = samples * resolveLayers(network).reduce((sum, layer) => sum + macs(layer), 0);
  let parts = 1;
  for (const [more, least] of PART_MACS) {
    if (work >= more * least && samples >= more) parts = more;
  }
  return parts;
}

/**
 * What trains a network fastest: a team where batches are worth cutting and the backend computes on the
 * processor, else this thread, whose backend is selected. Dispose of it after use.
 */
export async function openExecutor(
  { backend, network, batch_size, threads }: {
    readonly backend: Pick<Backend, "name" | "on_processor">;
    readonly network: Network;
    readonly batch_size: number;
    readonly threads: number;
  },
): Promise<Executor> {
  if (!backend.on_processor || partsOf(network, batch_size) === 1) return new OwnThread(network);
  return await Team.open(backend.name, network, Math.min(threads, MOST_PARTS));
}

export class Team implements Executor {
  readonly #network: Network;
  readonly #members: readonly Member[];
  readonly #idle: Member[];
  readonly #waiting: ((member: Member) => void)[] = [];

  private constructor(network: Network, members: readonly Member[]) {
    this.#network = network;
    this.#members = members;
    this.#idle = [...members];
  }

  /** Starts threads. @throws Error where a backend does not start */
  static async open(backend: BackendName, network: Network, threads: number): Promise<Team> {
    const members = Array.from({ length: threads }, () => new Member());
    const team = new Team(network, members);
    try {
      await Promise.all(members.map((member) => member.ask({ type: "open", backend, network })));
    } catch (error) {
      team[Symbol.dispose]();
      throw error;
    }
    return team;
  }

  async gradients(
    parameters: readonly Parameter[],
    batch: Batch,
    options: LossOptions = {},
  ): Promise<BatchGradients> {
    const data = parameters.map((parameter) => parameter.data);
    const samples = batch.y.length;
    const parts = cut(samples, Math.ceil(samples / partsOf(this.#network, samples)));
    const answers = await Promise.all(parts.map(async ({ start, end }) => {
      const part = partOfBatch(batch, start, end);
      const answer = await this.#ask({
        type: "gradients",
        parameters: data,
        batch: part,
        options: partOfOptions(options, start, end, samples),
      }, [part.x.buffer as ArrayBuffer]);
      return { share: (end - start) / samples, ...of(answer, "gradients").gradients };
    }));
    return {
      loss: answers.reduce((sum, { loss, share }) => sum + share * loss, 0),
      correct: answers.reduce((sum, { correct }) => sum + correct, 0),
      gradients: data.map((_, k) => {
        const sum = new Float32Array(answers[0]!.gradients[k]!.length);
        for (const { share, gradients } of answers) {
          const own = gradients[k]!;
          for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + share * own[i]!;
        }
        return sum;
      }),
    };
  }

  async predict(
    parameters: readonly Parameter[],
    split: Split,
    { signal, grid }: EvaluateOptions = {},
  ): Promise<Prediction> {
    const data = parameters.map((parameter) => parameter.data);
    const parts = partsOf(this.#network, Math.min(split.samples, EVALUATION_BATCH));
    const size = Math.ceil(Math.min(split.samples, EVALUATION_BATCH) / parts);
    const classes = resolveLayers(this.#network).at(-1)!.output.channels;
    const logits = new Float32Array(split.samples * classes);
    await Promise.all(
      cut(split.samples, size).map(async ({ start, end }) => {
        const member = await this.#member();
        try {
          // Copied when its turn has come: a split may be large.
          signal?.throwIfAborted();
          const part = partOfBatch(split, start, end);
          const message: ToMember = {
            type: "predict",
            parameters: data,
            split: { ...part, input: split.input, samples: end - start },
            grid,
          };
          const answer = await member.ask(message, [part.x.buffer as ArrayBuffer]);
          logits.set(of(answer, "prediction").prediction.logits, start * classes);
        } finally {
          this.#release(member);
        }
      }),
    );
    return { logits, classes };
  }

  [Symbol.dispose](): void {
    for (const member of this.#members) member.end();
  }

  async #ask(message: ToMember, transfer: Transferable[]): Promise<FromMember> {
    const member = await this.#member();
    try {
      return await member.ask(message, transfer);
    } finally {
      this.#release(member);
    }
  }

  #member(): Promise<Member> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(member: Member): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(member);
    else next(member);
  }
}

/** One thread, which is asked one thing at a time. */
class Member {
  readonly #worker = new Worker(new URL("./team_worker.ts", import.meta.url), { type: "module" });

  ask(message: ToMember, transfer: Transferable[] = []): Promise<FromMember> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<FromMember>) => {
        if (data.type === "failed") reject(new Error(data.message));
        else resolve(data);
      };
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`a training thread ended: ${event.message}`));
      };
      this.#worker.postMessage(message, transfer);
    });
  }

  end(): void {
    this.#worker.terminate();
  }
}

function of<T extends FromMember["type"]>(
  answer: FromMember,
  type: T,
): Extract<FromMember, { type: T }> {
  if (answer.type !== type) throw new Error(`a training thread answered ${answer.type}`);
  return answer as Extract<FromMember, { type: T }>;
}

/** Ranges of `size` samples each, the last one of what is left. */
function cut(samples: number, size: number): { start: number; end: number }[] {
  return Array.from({ length: Math.ceil(samples / size) }, (_, i) => ({
    start: i * size,
    end: Math.min(samples, (i + 1) * size),
  }));
}

function partOfBatch({ x, y }: Batch, start: number, end: number): Batch {
  const size = x.length / y.length;
  return { x: x.slice(start * size, end * size), y: y.slice(start, end) };
}

function partOfOptions(
  { mixture, probabilities, ...rest }: LossOptions,
  start: number,
  end: number,
  samples: number,
): LossOptions {
  const classes = (probabilities?.length ?? 0) / samples;
  return {
    ...rest,
    mixture: mixture && { ...mixture, labels: mixture.labels.slice(start, end) },
    probabilities: probabilities?.slice(start * classes, end * classes),
  };
}
