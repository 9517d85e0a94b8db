/** What set-up shows: on standard error, because standard output may have to be JSON alone. */

const encoder = new TextEncoder();
const CLEAR_LINE = "\r\x1b[2K";

/** One job in progress: a line that is rewritten on a terminal, and repeated sparsely elsewhere. */
export class JobLine {
  readonly #title: string;
  readonly #terminal = Deno.stderr.isTerminal();
  readonly #started_s = performance.now() / 1000;
  #shown_s = performance.now() / 1000;

  constructor(title: string) {
    this.#title = title;
    say(title + " ...");
  }

  /** Shows how far the job is. */
  update(text: string): void {
    const now_s = performance.now() / 1000;
    if (this.#terminal) {
      const width = Deno.consoleSize().columns - 1;
      Deno.stderr.writeSync(encoder.encode(CLEAR_LINE + `  ${text}`.slice(0, width)));
    } else if (now_s - this.#shown_s > 10) {
      this.#shown_s = now_s;
      say(`  ${text}`);
    }
  }

  done(): void {
    const took_s = performance.now() / 1000 - this.#started_s;
    if (this.#terminal) Deno.stderr.writeSync(encoder.encode(CLEAR_LINE));
    say(`${this.#title}: done in ${took_s.toFixed(1)} s`);
  }

  failed(): void {
    if (this.#terminal) Deno.stderr.writeSync(encoder.encode(CLEAR_LINE));
    say(`${this.#title}: FAILED`);
  }
}

/** A line that stays. */
export function say(line: string): void {
  Deno.stderr.writeSync(encoder.encode(line + "\n"));
}
