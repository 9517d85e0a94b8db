/**
 * One run at a time in a folder. The lock is the operating system's: it ends with its process, even
 * one killed with -9, so that a stale lock cannot exist; the file's content only tells who holds it.
 */
import { ExitCode, UserError } from "../base/errors.ts";

const NAME = ".lock";

export class RunLock implements Disposable {
  readonly #file: Deno.FsFile;
  /** Process that held the lock when it ended without releasing it, or undefined. */
  readonly takenFrom: number | undefined;

  private constructor(file: Deno.FsFile, takenFrom: number | undefined) {
    this.#file = file;
    this.takenFrom = takenFrom;
  }

  /** Takes the lock of `folder`, which it creates; undefined where another process holds it. */
  static async tryAcquire(folder: string): Promise<RunLock | undefined> {
    await Deno.mkdir(folder, { recursive: true });
    const file = await Deno.open(`${folder}/${NAME}`, { create: true, read: true, write: true });
    if (!await file.tryLock(true)) {
      file.close();
      return undefined;
    }
    const before = Number.parseInt(await Deno.readTextFile(`${folder}/${NAME}`));
    await file.truncate(0);
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
    return new RunLock(file, Number.isNaN(before) ? undefined : before);
  }

  /** Like {@link tryAcquire}. @throws {@link UserError} that names the process holding it */
  static async acquire(folder: string): Promise<RunLock> {
    const lock = await RunLock.tryAcquire(folder);
    if (lock !== undefined) return lock;
    const pid = (await Deno.readTextFile(`${folder}/${NAME}`).catch(() => "")).trim();
    throw new UserError({
      message: `another run works here${pid ? ` (process ${pid})` : ""}`,
      location: { file: folder },
      help: "Wait for it, or give this run another folder with --out.",
    }, ExitCode.usage);
  }

  [Symbol.dispose](): void {
    this.#file.truncateSync(0);
    this.#file.close();
  }
}
