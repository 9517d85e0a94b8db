/**
 * The record of a search in SQLite. Rows are only ever added, each in its own transaction, so that a
 * search that was killed goes on with everything it had finished; several processes may share one.
 *
 * Only claims change: who is at work on a job, and when that was last seen to be so.
 */
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import process from "node:process";
import type { PlatformCosts, Rejection, TrialScores } from "../../network/artifacts/search.ts";
import type { EpochRecord } from "../../network/artifacts/training.ts";
import type { Choice } from "../../network/space.ts";
import type { JobSource } from "./pool.ts";
import type { TrialJob, TrialOutcome, TrialSetting } from "./train_trial.ts";

export interface ExploredRow {
  readonly network: string;
  readonly decisions: Record<string, Choice>;
  readonly costs: readonly PlatformCosts[];
  /** Under continuous power, where the method judges by it. */
  readonly continuous: readonly PlatformCosts[] | null;
  /** Why no platform, or not every platform, can run it; null where all can. */
  readonly rejection: Rejection | null;
}

export interface VerdictRow {
  /** Position in the order of asking, from 0. */
  readonly sample: number;
  readonly network: string;
  readonly train: boolean;
  readonly slack_s: number | null;
  readonly rejection: Rejection | null;
}

/** A claim that has not been seen for this long is void; so is one of a process that is gone. */
const STALE_ms = 60_000;

const TABLES = `
  CREATE TABLE IF NOT EXISTS studies (
    study TEXT PRIMARY KEY, parameters TEXT NOT NULL, setting TEXT, started_at TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS explored (
    study TEXT, network TEXT, decisions TEXT NOT NULL, costs TEXT NOT NULL, continuous TEXT,
    rejection TEXT, explored_at TEXT NOT NULL, PRIMARY KEY (study, network)) STRICT;
  CREATE TABLE IF NOT EXISTS verdicts (
    study TEXT, sample INTEGER, network TEXT NOT NULL, train INTEGER NOT NULL, slack_s REAL,
    rejection TEXT, PRIMARY KEY (study, sample)) STRICT;
  CREATE TABLE IF NOT EXISTS jobs (
    study TEXT, network TEXT, until INTEGER, sample INTEGER NOT NULL, job TEXT NOT NULL,
    PRIMARY KEY (study, network, until)) STRICT;
  CREATE TABLE IF NOT EXISTS claims (
    study TEXT, network TEXT, until INTEGER, worker TEXT NOT NULL, pid INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL, PRIMARY KEY (study, network, until)) STRICT;
  CREATE TABLE IF NOT EXISTS epochs (
    study TEXT, network TEXT, epoch INTEGER, val_accuracy REAL NOT NULL, val_loss REAL NOT NULL,
    loss REAL NOT NULL, record TEXT NOT NULL, recorded_at TEXT NOT NULL,
    PRIMARY KEY (study, network, epoch)) STRICT;
  CREATE TABLE IF NOT EXISTS trials (
    study TEXT, network TEXT, until INTEGER, sample INTEGER NOT NULL, seed INTEGER NOT NULL,
    val_accuracy REAL NOT NULL, scores TEXT NOT NULL, worker TEXT NOT NULL, started_at TEXT NOT NULL,
    seconds REAL NOT NULL, samples_per_s REAL NOT NULL, PRIMARY KEY (study, network, until)) STRICT;
`;

/** Opens a study file for many readers and writers. */
export function openStudyFile(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(
    "PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
  );
  database.exec(TABLES);
  return database;
}

export class Study implements JobSource, Disposable {
  readonly #database: DatabaseSync;
  readonly #study: string;
  readonly #worker = randomUUID();

  /**
   * @param path of the database; made where it is absent
   * @param study identifies parameters and data: rows of other studies are left alone
   */
  constructor(path: string, study: string) {
    this.#database = openStudyFile(path);
    this.#study = study;
  }

  /** Enters the study; nothing happens where it is known. */
  enter(parameters: string, setting: TrialSetting | null): void {
    this.#database.prepare("INSERT OR IGNORE INTO studies VALUES (?, ?, ?, ?)").run(
      this.#study,
      parameters,
      setting === null ? null : JSON.stringify(setting),
      new Date().toISOString(),
    );
  }

  explored(): Map<string, ExploredRow> {
    const rows = this.#database.prepare(
      "SELECT network, decisions, costs, continuous, rejection FROM explored WHERE study = ?",
    ).all(this.#study);
    return new Map(rows.map((row) => [String(row["network"]), {
      network: String(row["network"]),
      decisions: JSON.parse(String(row["decisions"])),
      costs: JSON.parse(String(row["costs"])),
      continuous: row["continuous"] === null ? null : JSON.parse(String(row["continuous"])),
      rejection: row["rejection"] === null ? null : JSON.parse(String(row["rejection"])),
    }]));
  }

  /** All or none of them. */
  addExplored(rows: readonly ExploredRow[]): void {
    const insert = this.#database.prepare(
      "INSERT OR IGNORE INTO explored VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#together(() => {
      for (const { network, decisions, costs, continuous, rejection } of rows) {
        insert.run(
          this.#study,
          network,
          JSON.stringify(decisions),
          JSON.stringify(costs),
          continuous === null ? null : JSON.stringify(continuous),
          rejection === null ? null : JSON.stringify(rejection),
          new Date().toISOString(),
        );
      }
    });
  }

  addVerdicts(rows: readonly VerdictRow[]): void {
    const insert = this.#database.prepare(
      "INSERT OR IGNORE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#together(() => {
      for (const { sample, network, train, slack_s, rejection } of rows) {
        insert.run(
          this.#study,
          sample,
          network,
          train ? 1 : 0,
          slack_s,
          rejection === null ? null : JSON.stringify(rejection),
        );
      }
    });
  }

  /** Scores of the training of `network` up to `until`; undefined where it is not done. */
  scores(network: string, until: number): TrialScores | undefined {
    const row = this.#database.prepare(
      "SELECT scores FROM trials WHERE study = ? AND network = ? AND until = ?",
    ).get(this.#study, network, until);
    return row === undefined ? undefined : JSON.parse(String(row["scores"]));
  }

  /** Time that its trainings took together, s; 0 where there are none. */
  seconds(network: string): number {
    const row = this.#database.prepare(
      "SELECT sum(seconds) AS seconds FROM trials WHERE study = ? AND network = ?",
    ).get(this.#study, network);
    return Number(row?.["seconds"] ?? 0);
  }

  /** Offers jobs to every process that shares the study. */
  publish(jobs: readonly TrialJob[]): void {
    const insert = this.#database.prepare("INSERT OR IGNORE INTO jobs VALUES (?, ?, ?, ?, ?)");
    this.#together(() => {
      for (const job of jobs) {
        insert.run(this.#study, job.network.name, job.until, job.sample, JSON.stringify(job));
      }
    });
  }

  claim(): TrialJob | "wait" | undefined {
    return this.#together(() => {
      const open = this.#database.prepare(
        `SELECT j.job, j.network, j.until, c.worker, c.pid, c.seen_ms FROM jobs j
           LEFT JOIN claims c USING (study, network, until)
           LEFT JOIN trials t USING (study, network, until)
         WHERE j.study = ? AND t.network IS NULL ORDER BY j.sample, j.until`,
      ).all(this.#study);
      const free = open.find(({ pid, seen_ms }) =>
        pid === null || Date.now() - Number(seen_ms) > STALE_ms || !isAlive(Number(pid))
      );
      if (free === undefined) {
        return open.some(({ worker }) => worker !== this.#worker) ? "wait" : undefined;
      }
      this.#database.prepare("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?, ?)").run(
        this.#study,
        free["network"]!,
        free["until"]!,
        this.#worker,
        process.pid,
        Date.now(),
      );
      return JSON.parse(String(free["job"])) as TrialJob;
    });
  }

  beat(): void {
    this.#database.prepare("UPDATE claims SET seen_ms = ? WHERE study = ? AND worker = ?")
      .run(Date.now(), this.#study, this.#worker);
  }

  epoch(job: TrialJob, record: EpochRecord): void {
    this.#database.prepare("INSERT OR IGNORE INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?, ?)").run(
      this.#study,
      job.network.name,
      record.epoch,
      record.val_accuracy,
      record.val_loss,
      record.loss,
      JSON.stringify(record),
      new Date().toISOString(),
    );
  }

  done(job: TrialJob, { scores, started_at, seconds, samples_per_s }: TrialOutcome): void {
    this.#together(() => {
      this.#database.prepare(
        "INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ).run(
        this.#study,
        job.network.name,
        job.until,
        job.sample,
        scores.seed,
        scores.val_accuracy,
        JSON.stringify(scores),
        `${process.pid}`,
        started_at,
        seconds,
        samples_per_s,
      );
      this.#database.prepare("DELETE FROM claims WHERE study = ? AND network = ? AND until = ?")
        .run(this.#study, job.network.name, job.until);
    });
  }

  /** Gives back what this worker holds, for others to take at once. */
  release(): void {
    this.#database.prepare("DELETE FROM claims WHERE study = ? AND worker = ?")
      .run(this.#study, this.#worker);
  }

  #together<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.release();
    this.#database.close();
  }
}

/** Whether a process of this machine lives. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
