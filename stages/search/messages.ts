/** What the search and its workers say to each other. */
import type { Problem } from "../../base/errors.ts";
import type { ExitCode } from "../../base/errors.ts";
import type { EpochRecord } from "../../network/artifacts/training.ts";
import type { TrialJob, TrialOutcome, TrialProgress, TrialSetting } from "./train_trial.ts";

export type ToWorker =
  | { readonly type: "open"; readonly setting: TrialSetting }
  | { readonly type: "train"; readonly job: TrialJob };

export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "progress"; readonly progress: TrialProgress }
  | { readonly type: "epoch"; readonly record: EpochRecord }
  | { readonly type: "outcome"; readonly outcome: TrialOutcome }
  /** A mistake of the user's keeps its problems; anything else its stack. */
  | {
    readonly type: "failed";
    readonly message: string;
    readonly problems?: readonly Problem[];
    readonly exitCode?: ExitCode;
  };
