/** Reads study files for people: every trial with its state, costs, scores and reason. */
import type { PlatformCosts, Rejection, TrialScores } from "../../network/artifacts/search.ts";
import type { Choice } from "../../network/space.ts";
import { openStudyFile } from "./study.ts";

export type TrialState = "waiting" | "running" | "trained" | "given up" | "rejected";

export interface LedgerRow {
  readonly study: string;
  readonly sample: number;
  readonly network: string;
  readonly state: TrialState;
  readonly decisions: Record<string, Choice>;
  readonly seed: number | null;
  /** Epochs that are finished. */
  readonly epochs: number;
  readonly val_accuracy: number | null;
  /** Validation accuracy after each epoch. */
  readonly accuracies: readonly number[];
  readonly costs: readonly PlatformCosts[];
  readonly slack_s: number | null;
  readonly rejection: Rejection | null;
  readonly started_at: string | null;
  readonly seconds: number | null;
  readonly samples_per_s: number | null;
  /** Process that trained it last. */
  readonly worker: string | null;
}

export interface StudySummary {
  readonly study: string;
  readonly method: string;
  readonly trials: number;
  readonly started_at: string;
}

/** Studies of a file, the newest first. */
export function readStudies(path: string): StudySummary[] {
  const database = openStudyFile(path);
  try {
    return database.prepare("SELECT * FROM studies ORDER BY started_at DESC").all().map((row) => {
      const parameters = JSON.parse(String(row["parameters"]));
      return {
        study: String(row["study"]),
        method: String(parameters.method),
        trials: Number(parameters.trials),
        started_at: String(row["started_at"]),
      };
    });
  } finally {
    database.close();
  }
}

/** Every network that a study asked for, in the order of asking. */
export function readLedger(path: string, study: string): LedgerRow[] {
  const database = openStudyFile(path);
  try {
    const { parameters } = database.prepare("SELECT parameters FROM studies WHERE study = ?")
      .get(study) as { parameters: string };
    const epochsWanted = Number(JSON.parse(parameters).epochs);
    const rows = database.prepare(
      `SELECT v.sample, v.network, v.train, v.slack_s, v.rejection, e.decisions, e.costs
         FROM verdicts v JOIN explored e USING (study, network)
        WHERE v.study = ? ORDER BY v.sample`,
    ).all(study);
    const lastTrial = database.prepare(
      "SELECT * FROM trials WHERE study = ? AND network = ? ORDER BY until DESC LIMIT 1",
    );
    const spent = database.prepare(
      "SELECT min(started_at) AS started_at, sum(seconds) AS seconds FROM trials " +
        "WHERE study = ? AND network = ?",
    );
    const epochs = database.prepare(
      "SELECT val_accuracy FROM epochs WHERE study = ? AND network = ? ORDER BY epoch",
    );
    const claimed = database.prepare("SELECT 1 FROM claims WHERE study = ? AND network = ?");
    return rows.map((row) => {
      const network = String(row["network"]);
      const trial = lastTrial.get(study, network);
      const time = spent.get(study, network);
      const scores = trial && JSON.parse(String(trial["scores"])) as TrialScores;
      const accuracies = epochs.all(study, network).map((one) => Number(one["val_accuracy"]));
      // A row found again from a checkpoint has its epochs in the scores alone.
      const known = scores?.epochs.map(({ val_accuracy }) => val_accuracy) ?? [];
      const curve = known.length > accuracies.length ? known : accuracies;
      const whole = scores !== undefined && trial!["until"] === epochsWanted;
      return {
        study,
        sample: Number(row["sample"]),
        network,
        state: row["train"] === 0
          ? "rejected"
          : whole
          ? "trained"
          : claimed.get(study, network) !== undefined
          ? "running"
          : scores !== undefined
          ? "given up"
          : "waiting",
        decisions: JSON.parse(String(row["decisions"])),
        seed: trial === undefined ? null : Number(trial["seed"]),
        epochs: curve.length,
        val_accuracy: scores?.val_accuracy ?? (curve.length > 0 ? Math.max(...curve) : null),
        accuracies: curve,
        costs: JSON.parse(String(row["costs"])),
        slack_s: row["slack_s"] === null ? null : Number(row["slack_s"]),
        rejection: row["rejection"] === null ? null : JSON.parse(String(row["rejection"])),
        started_at: time?.["started_at"] == null ? null : String(time["started_at"]),
        seconds: time?.["seconds"] == null ? null : Number(time["seconds"]),
        samples_per_s: trial === undefined ? null : Number(trial["samples_per_s"]),
        worker: trial === undefined ? null : String(trial["worker"]),
      };
    });
  } finally {
    database.close();
  }
}

const HEAD = [
  "study",
  "sample",
  "network",
  "state",
  "seed",
  "epochs",
  "val_accuracy",
  "platform",
  "feasible",
  "latency_s",
  "energy_J",
  "power_cycles",
  "slack_J",
  "slack_vm_bytes",
  "nvm_written_bytes",
  "slack_s",
  "binding",
  "binding_layer",
  "violation",
  "violation_unit",
  "started_at",
  "seconds",
  "samples_per_s",
  "worker",
  "accuracy_per_epoch",
  "decisions",
];

/** CSV (RFC 4180): a line per trial and platform. */
export function ledgerCsv(rows: readonly LedgerRow[]): string {
  const lines = rows.flatMap((row) =>
    row.costs.map((costs) => [
      row.study,
      row.sample,
      row.network,
      row.state,
      row.seed,
      row.epochs,
      row.val_accuracy,
      costs.platform,
      costs.feasible,
      costs.latency_s,
      costs.energy_J,
      costs.power_cycles,
      costs.slack_J,
      costs.slack_vm_bytes,
      costs.nvm_written_bytes,
      row.slack_s,
      row.rejection?.binding,
      row.rejection?.layer,
      row.rejection?.violation,
      row.rejection?.unit,
      row.started_at,
      row.seconds,
      row.samples_per_s,
      row.worker,
      row.accuracies.join(" "),
      Object.entries(row.decisions).map(([name, value]) => `${name}=${value}`).join(" "),
    ])
  );
  return csv([HEAD, ...lines]);
}

/** Rows as CSV; what is null or undefined stays empty. */
export function csv(rows: readonly (readonly unknown[])[]): string {
  const field = (value: unknown) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}
