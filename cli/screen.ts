/** What a person sees of a run: one live line on a terminal, a line now and then elsewhere. */
import cliProgress from "cli-progress";
import process from "node:process";
import type { RunEvent } from "../pipeline/events.ts";
import { formatReasons } from "./summary.ts";

/** Between two lines of progress where there is no terminal. */
const QUIET_ms = 3000;

export class Screen implements Disposable {
  readonly #terminal: boolean;
  readonly #stream: NodeJS.WriteStream;
  #bars: cliProgress.MultiBar | undefined;
  #bar: cliProgress.SingleBar | undefined;
  #started = 0;
  #spoke = 0;

  /** @param toError writes to standard error, because standard output is for JSON */
  constructor(toError: boolean) {
    this.#stream = toError ? process.stderr : process.stdout;
    this.#terminal = toError ? Deno.stderr.isTerminal() : Deno.stdout.isTerminal();
  }

  /** Width of the terminal; Infinity where there is none. */
  get columns(): number {
    return this.#terminal ? this.#stream.columns || 80 : Infinity;
  }

  /** Prints a line that stays. */
  line(text: string): void {
    if (this.#bars) this.#bars.log(text + "\n");
    else this.#stream.write(text + "\n");
  }

  readonly observe = (event: RunEvent): void => {
    switch (event.type) {
      case "run_started":
      case "run_finished":
      case "preparing":
      case "plan":
        return;
      case "stale_input":
        return this.line(
          `warning: ${event.stage} rests on ${event.input}, which was made for something else: ${
            event.reasons.join("; ")
          }`,
        );
      case "stage_cached":
        return this.line(`${event.stage}: cached`);
      case "stage_started":
        this.line(`${event.stage}: ${formatReasons(event.stage, event.reasons)}`);
        this.#started = this.#spoke = performance.now();
        return this.#open(event.stage);
      case "stage_progress":
        return this.#progress(event.stage, event.text, event.fraction);
      case "stage_note":
        return this.line(`${event.stage}: ${event.text}`);
      case "stage_warning":
        return this.line(`${event.stage}: warning: ${event.text}`);
      case "stage_finished":
        this.#close();
        return this.line(
          `${event.stage}: done in ${event.seconds.toFixed(1)} s${
            event.unchanged ? ", artifact as before" : ""
          }`,
        );
      case "stage_failed":
        this.#close();
        return this.line(`${event.stage}: ${event.interrupted ? "stopped" : "failed"}`);
    }
  };

  #open(stage: string): void {
    if (!this.#terminal) return;
    this.#bars = new cliProgress.MultiBar({
      format: "{stage} {bar} {percentage} % | {duration_formatted} | {text}",
      stream: this.#stream,
      barsize: 24,
      // The terminal is left as it is: a killed process could not put it back.
      hideCursor: false,
      linewrap: true,
      clearOnComplete: true,
      stopOnComplete: false,
      gracefulExit: false,
      fps: 8,
    }, cliProgress.Presets.shades_classic);
    this.#bar = this.#bars.create(100, 0, { stage, text: "" });
  }

  #progress(stage: string, text: string, fraction: number | undefined): void {
    const percent = fraction === undefined
      ? undefined
      : Math.round(100 * Math.min(1, Math.max(0, fraction)));
    if (this.#bar) {
      const room = Math.max(10, this.columns - 50 - stage.length);
      const payload = { text: text.length > room ? text.slice(0, room - 1) + "…" : text };
      if (percent === undefined) this.#bar.update(payload);
      else this.#bar.update(percent, payload);
      return;
    }
    const now = performance.now();
    if (now - this.#spoke < QUIET_ms) return;
    this.#spoke = now;
    const share = percent === undefined ? "" : ` ${percent} %,`;
    const seconds = Math.round((now - this.#started) / 1000);
    this.line(`${stage}:${share} ${seconds} s: ${text}`);
  }

  #close(): void {
    this.#bar?.stop();
    this.#bars?.stop();
    this.#bar = this.#bars = undefined;
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}
