/** Helps with the studies of a file: trains what is open, in a process of its own. */
import { Crew, trainAll } from "./pool.ts";
import { openStudyFile, Study } from "./study.ts";
import type { TrialProgress, TrialSetting } from "./train_trial.ts";

export interface JoinRequest {
  readonly path: string;
  readonly threads: number;
  /** How long to wait for more work before going home, s. */
  readonly idle_s: number;
  readonly signal: AbortSignal;
  onProgress?(progress: TrialProgress): void;
  onTrial?(network: string): void;
}

/**
 * Works on the newest study that others may help with, until it has been idle for `idle_s`.
 * @returns number of trials done
 */
export async function joinStudy(request: JoinRequest): Promise<number> {
  const { path, threads, idle_s, signal } = request;
  let done = 0;
  let idleSince = Date.now();
  const crews = new Map<string, Crew>();
  try {
    while (Date.now() - idleSince < 1000 * idle_s) {
      signal.throwIfAborted();
      const open = openStudies(path)[0];
      if (open === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        continue;
      }
      const crew = crews.get(open.study) ?? new Crew();
      crews.set(open.study, crew);
      using study = new Study(path, open.study);
      const before = done;
      await trainAll({
        crew,
        setting: open.setting,
        source: study,
        threads,
        signal,
        ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
        onOutcome: ({ network }) => {
          done++;
          request.onTrial?.(network);
        },
      });
      if (done > before) idleSince = Date.now();
    }
  } finally {
    for (const crew of crews.values()) crew[Symbol.dispose]();
  }
  return done;
}

/** Studies with jobs that nobody has finished. */
function openStudies(path: string): { study: string; setting: TrialSetting }[] {
  const database = openStudyFile(path);
  try {
    return database.prepare(
      `SELECT s.study, s.setting FROM studies s WHERE s.setting IS NOT NULL AND EXISTS (
         SELECT 1 FROM jobs j LEFT JOIN trials t USING (study, network, until)
          WHERE j.study = s.study AND t.network IS NULL)
       ORDER BY s.started_at DESC`,
    ).all().map((row) => ({
      study: String(row["study"]),
      setting: JSON.parse(String(row["setting"])) as TrialSetting,
    }));
  } finally {
    database.close();
  }
}
