/** Trains candidates on several threads; results do not depend on how many. */
import { UserError } from "../../base/errors.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { TrialJob, TrialOutcome, TrialProgress, TrialSetting } from "./train_trial.ts";

export interface PoolRequest {
  readonly setting: TrialSetting;
  readonly jobs: readonly TrialJob[];
  readonly threads: number;
  readonly signal: AbortSignal;
  onProgress(progress: TrialProgress): void;
  /** Called once per job, in the order in which they end. */
  onOutcome(outcome: TrialOutcome): void | Promise<void>;
}

/**
 * Runs all jobs.
 * @throws the signal's reason when aborted, and what a worker throws
 */
export async function trainAll(request: PoolRequest): Promise<void> {
  const { jobs, signal } = request;
  signal.throwIfAborted();
  const queue = [...jobs];
  const workers: Worker[] = [];
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const lanes = Array.from({ length: Math.min(request.threads, jobs.length) }, () => {
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      workers.push(worker);
      return runLane(worker, queue, request);
    });
    await Promise.race([Promise.all(lanes), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const worker of workers) worker.terminate();
  }
}

async function runLane(worker: Worker, queue: TrialJob[], request: PoolRequest): Promise<void> {
  const ask = (message: ToWorker) =>
    new Promise<FromWorker>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === "progress") request.onProgress(data.progress);
        else if (data.type === "failed") reject(failure(data));
        else resolve(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`a training thread ended: ${event.message}`));
      };
      worker.postMessage(message);
    });
  await ask({ type: "open", setting: request.setting });
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
    const answer = await ask({ type: "train", job });
    if (answer.type === "outcome") await request.onOutcome(answer.outcome);
  }
}

function failure({ message, problems, exitCode }: FromWorker & { type: "failed" }): Error {
  return problems === undefined ? new Error(message) : new UserError(problems, exitCode);
}
