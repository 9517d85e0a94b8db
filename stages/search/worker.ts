/** A thread that trains one candidate after the other. */
import { UserError } from "../../base/errors.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { TrialTrainer } from "./train_trial.ts";

/** Progress goes out at most this often. */
const INTERVAL_ms = 200;

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
};
let trainer: TrialTrainer;
let told = 0;

thread.onmessage = async ({ data }) => {
  try {
    if (data.type === "open") {
      trainer = await TrialTrainer.open(data.setting);
      thread.postMessage({ type: "ready" });
      return;
    }
    const outcome = await trainer.run(data.job, (progress) => {
      if (performance.now() - told < INTERVAL_ms) return;
      told = performance.now();
      thread.postMessage({ type: "progress", progress });
    }, (record) => thread.postMessage({ type: "epoch", record }));
    thread.postMessage({ type: "outcome", outcome });
  } catch (error) {
    thread.postMessage(
      error instanceof UserError
        ? {
          type: "failed",
          message: error.message,
          problems: error.problems,
          exitCode: error.exitCode,
        }
        : { type: "failed", message: (error as Error).stack ?? String(error) },
    );
  }
};
