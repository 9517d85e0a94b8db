/**
 * Ctrl-C and termination signals. The main thread asks the running stage to stop; a second thread
 * ends the process if the main thread is too busy to notice, so that a stop never takes more than a
 * second. Artifacts are committed in steps that may be cut anywhere, so nothing is lost by it.
 */
import { ExitCode } from "../base/errors.ts";

const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

export class Watchdog implements Disposable {
  readonly #controller = new AbortController();
  readonly #listener: () => void;
  #worker: Worker | undefined;

  /** @param onFirst called once at the first signal, e.g. to say that the run is being stopped */
  constructor(onFirst: () => void) {
    this.#listener = () => {
      if (this.#controller.signal.aborted) Deno.exit(ExitCode.interrupted);
      onFirst();
      this.#controller.abort();
    };
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the second thread; before this, only a main thread that is not busy is stopped. */
  async guard(): Promise<void> {
    const worker = new Worker(import.meta.resolve("./watchdog_worker.ts"), { type: "module" });
    this.#worker = worker;
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => reject(new Error(`watchdog: ${event.message}`));
    });
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#listener);
    this.#worker?.terminate();
  }
}
