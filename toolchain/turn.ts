/** One process at a time, by a lock of the operating system, which ends with its process. */
import { dirname } from "node:path";

/** The turn of this process, until it is disposed of. */
export class Turn implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Waits until no other process has its turn at `path`, a file that it creates and leaves.
   *
   * @param waits is called once where another one does
   */
  static async at(path: string, waits: () => void): Promise<Turn> {
    await Deno.mkdir(dirname(path), { recursive: true });
    const file = await Deno.open(path, { create: true, write: true });
    if (!await file.tryLock(true)) {
      waits();
      await file.lock(true);
    }
    return new Turn(file);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
