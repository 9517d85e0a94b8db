/** Trains candidates on several threads; results do not depend on how many, nor on who else helps. */
import { UserError } from "../../base/errors.ts";
import type { EpochRecord } from "../../network/artifacts/training.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { TrialJob, TrialOutcome, TrialProgress, TrialSetting } from "./train_trial.ts";

/** Where jobs come from and go to; other processes may draw on the same one. */
export interface JobSource {
  /** The next job; `wait` while others are at work on the last ones, undefined when all are done. */
  claim(): TrialJob | "wait" | undefined;
  /** Says that the jobs claimed are still worked on. */
  beat(): void;
  /** An epoch is finished and its checkpoint written. */
  epoch(job: TrialJob, record: EpochRecord): void;
  done(job: TrialJob, outcome: TrialOutcome): void;
  release(): void;
}

/** Threads that stay between the rounds of a search, each with the data in its memory. */
export class Crew implements Disposable {
  readonly idle: Worker[] = [];

  [Symbol.dispose](): void {
    for (const worker of this.idle.splice(0)) worker.terminate();
  }
}

export interface PoolRequest {
  /** Whose threads are used and kept; default: started for this request. */
  readonly crew?: Crew | undefined;
  readonly setting: TrialSetting;
  readonly source: JobSource;
  readonly threads: number;
  readonly signal: AbortSignal;
  onProgress?(progress: TrialProgress): void;
  /** Called once per job done here, after it was recorded. */
  onOutcome?(outcome: TrialOutcome): void;
}

const BEAT_ms = 5_000;
const WAIT_ms = 200;

/**
 * Works until no job is left.
 * @throws the signal's reason when aborted, and what a worker throws
 */
export async function trainAll(request: PoolRequest): Promise<void> {
  const { signal, source } = request;
  signal.throwIfAborted();
  using own = new Crew();
  const crew = request.crew ?? own;
  const busy = new Set<Worker>();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const beat = setInterval(() => source.beat(), BEAT_ms);
  const lane = new Lanes(request, crew, busy);
  try {
    const lanes = Array.from({ length: request.threads }, () => lane.run());
    await Promise.race([Promise.all(lanes), aborted.promise]);
  } finally {
    lane.stopped = true;
    clearInterval(beat);
    signal.removeEventListener("abort", onAbort);
    for (const worker of busy) worker.terminate();
    source.release();
  }
}

class Lanes {
  stopped = false;
  readonly #request: PoolRequest;
  readonly #crew: Crew;
  readonly #busy: Set<Worker>;

  constructor(request: PoolRequest, crew: Crew, busy: Set<Worker>) {
    this.#request = request;
    this.#crew = crew;
    this.#busy = busy;
  }

  /** One thread: started with its first job, so that few jobs start few threads. */
  async run(): Promise<void> {
    const { source, setting, onOutcome } = this.#request;
    let worker: Worker | undefined;
    while (!this.stopped) {
      const job = source.claim();
      if (job === undefined) break;
      if (job === "wait") {
        await new Promise((resolve) => setTimeout(resolve, WAIT_ms));
        continue;
      }
      if (worker === undefined) {
        const kept = this.#crew.idle.pop();
        worker = kept ??
          new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
        this.#busy.add(worker);
        if (kept === undefined) await this.#ask(worker, { type: "open", setting });
      }
      const answer = await this.#ask(worker, { type: "train", job }, job);
      if (answer.type !== "outcome" || this.stopped) continue;
      source.done(job, answer.outcome);
      onOutcome?.(answer.outcome);
    }
    if (worker !== undefined && !this.stopped) {
      this.#busy.delete(worker);
      this.#crew.idle.push(worker);
    }
  }

  #ask(worker: Worker, message: ToWorker, job?: TrialJob): Promise<FromWorker> {
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (this.stopped) return;
        if (data.type === "progress") this.#request.onProgress?.(data.progress);
        else if (data.type === "epoch") this.#request.source.epoch(job!, data.record);
        else if (data.type === "failed") reject(failure(data));
        else resolve(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`a training thread ended: ${event.message}`));
      };
      worker.postMessage(message);
    });
  }
}

function failure({ message, problems, exitCode }: FromWorker & { type: "failed" }): Error {
  return problems === undefined ? new Error(message) : new UserError(problems, exitCode);
}
