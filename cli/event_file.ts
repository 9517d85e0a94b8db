/** The file of `--events`: one JSON object per line. */
import { ExitCode, UserError } from "../base/errors.ts";
import type { Observer } from "../pipeline/events.ts";

/** Progress comes more often than anyone can read it. */
const PROGRESS_ms = 250;

/** Opens `path` anew. @throws {@link UserError} where it cannot be written */
export function openEventFile(path: string): Observer & Disposable {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw new UserError(
      { message: `cannot be written: ${(error as Error).message}`, location: { file: path } },
      ExitCode.usage,
    );
  }
  const encoder = new TextEncoder();
  let last = -Infinity;
  const observe: Observer = (event) => {
    if (event.type === "stage_progress") {
      const now = performance.now();
      if (now - last < PROGRESS_ms) return;
      last = now;
    }
    const line = JSON.stringify({ time: new Date().toISOString(), ...event }) + "\n";
    const bytes = encoder.encode(line);
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  };
  return Object.assign(observe, { [Symbol.dispose]: () => file.close() });
}
