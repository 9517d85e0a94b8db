/** What a run tells whoever watches: the screen, and the file of `--events` as JSON lines. */
import type { PlannedStage } from "./plan.ts";

export type RunEvent =
  | { type: "run_started"; dataset: string; overridden: readonly string[] }
  /** Only a run that reached its end says so. */
  | { type: "run_finished"; dataset: string }
  | { type: "plan"; stages: readonly PlannedStage[] }
  | { type: "preparing" }
  | { type: "stale_input"; stage: string; input: string; reasons: readonly string[] }
  | { type: "stage_cached"; stage: string }
  | { type: "stage_started"; stage: string; reasons: readonly string[] }
  | { type: "stage_progress"; stage: string; text: string; fraction: number | undefined }
  | { type: "stage_note"; stage: string; text: string }
  | { type: "stage_warning"; stage: string; text: string }
  | {
    type: "stage_finished";
    stage: string;
    seconds: number;
    artifact: string;
    /** Whether the artifact equals the one before: what follows need not run again. */
    unchanged: boolean;
  }
  | { type: "stage_failed"; stage: string; message: string; interrupted: boolean };

export type Observer = (event: RunEvent) => void;
