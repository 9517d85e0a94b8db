/**
 * The record of a search in SQLite. Rows are only ever added, each in its own transaction, so that a
 * search that was killed goes on with everything it had finished.
 */
import { DatabaseSync } from "node:sqlite";
import type { PlatformCosts, Rejection, TrialScores } from "../../network/artifacts/search.ts";

export interface ExploredRow {
  readonly sample: number;
  readonly network: string;
  readonly decisions: Record<string, number>;
  readonly costs: readonly PlatformCosts[];
  /** Why no platform, or not every platform, can run it; null where all can. */
  readonly rejection: Rejection | null;
}

export interface VerdictRow {
  readonly sample: number;
  readonly train: boolean;
  readonly slack_s: number | null;
  readonly rejection: Rejection | null;
}

/** Wall-clock facts of a trial: of interest to people, never part of an artifact. */
export interface TrialTimes {
  readonly started_at: string;
  readonly seconds: number;
  readonly samples_per_s: number;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS studies (
    study TEXT PRIMARY KEY, parameters TEXT NOT NULL, started_at TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS explored (
    study TEXT, sample INTEGER, network TEXT NOT NULL, decisions TEXT NOT NULL, costs TEXT NOT NULL,
    rejection TEXT, explored_at TEXT NOT NULL, PRIMARY KEY (study, sample)) STRICT;
  CREATE TABLE IF NOT EXISTS verdicts (
    study TEXT, sample INTEGER, train INTEGER NOT NULL, slack_s REAL, rejection TEXT,
    PRIMARY KEY (study, sample)) STRICT;
  CREATE TABLE IF NOT EXISTS trials (
    study TEXT, sample INTEGER, seed INTEGER NOT NULL, val_accuracy REAL NOT NULL,
    scores TEXT NOT NULL, started_at TEXT NOT NULL, seconds REAL NOT NULL,
    samples_per_s REAL NOT NULL, PRIMARY KEY (study, sample)) STRICT;
`;

export class Study implements Disposable {
  readonly #database: DatabaseSync;
  readonly #study: string;

  /**
   * @param path of the database; made where it is absent
   * @param study identifies parameters and data: rows of other studies are left alone
   */
  constructor(path: string, study: string, parameters: string) {
    this.#database = new DatabaseSync(path);
    this.#study = study;
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    this.#database.exec(TABLES);
    this.#database.prepare("INSERT OR IGNORE INTO studies VALUES (?, ?, ?)")
      .run(study, parameters, new Date().toISOString());
  }

  explored(): Map<number, ExploredRow> {
    const rows = this.#database.prepare(
      "SELECT sample, network, decisions, costs, rejection FROM explored WHERE study = ?",
    ).all(this.#study);
    return new Map(rows.map((row) => [Number(row["sample"]), {
      sample: Number(row["sample"]),
      network: String(row["network"]),
      decisions: JSON.parse(String(row["decisions"])),
      costs: JSON.parse(String(row["costs"])),
      rejection: row["rejection"] === null ? null : JSON.parse(String(row["rejection"])),
    }]));
  }

  addExplored({ sample, network, decisions, costs, rejection }: ExploredRow): void {
    this.#database.prepare("INSERT INTO explored VALUES (?, ?, ?, ?, ?, ?, ?)").run(
      this.#study,
      sample,
      network,
      JSON.stringify(decisions),
      JSON.stringify(costs),
      rejection === null ? null : JSON.stringify(rejection),
      new Date().toISOString(),
    );
  }

  addVerdict({ sample, train, slack_s, rejection }: VerdictRow): void {
    this.#database.prepare("INSERT OR IGNORE INTO verdicts VALUES (?, ?, ?, ?, ?)").run(
      this.#study,
      sample,
      train ? 1 : 0,
      slack_s,
      rejection === null ? null : JSON.stringify(rejection),
    );
  }

  trials(): Map<number, TrialScores> {
    const rows = this.#database.prepare("SELECT sample, scores FROM trials WHERE study = ?")
      .all(this.#study);
    return new Map(
      rows.map((row) => [Number(row["sample"]), JSON.parse(String(row["scores"])) as TrialScores]),
    );
  }

  addTrial(sample: number, scores: TrialScores, times: TrialTimes): void {
    this.#database.prepare("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?)").run(
      this.#study,
      sample,
      scores.seed,
      scores.val_accuracy,
      JSON.stringify(scores),
      times.started_at,
      times.seconds,
      times.samples_per_s,
    );
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
