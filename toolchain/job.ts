/** Runs an installer or a build: its output goes to a log, its progress to the screen. */
import { dirname } from "node:path";
import { TextLineStream } from "./lines.ts";
import { ExitCode, UserError } from "../base/errors.ts";
import { JobLine } from "./screen.ts";

const TAIL_LINES = 25;

export interface Job {
  /** What is done and why, as shown. */
  readonly title: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** File that gets the whole output. */
  readonly log: string;
  /** What a line of output says of the progress; undefined where it says nothing. */
  readonly progress?: (line: string) => string | undefined;
  /** What the user can do where it fails. */
  readonly help: string;
}

/**
 * Runs a job to its end.
 *
 * @throws {@link UserError} (exit code 4) with the end of the log, where it ends with an error
 */
export async function runJob(job: Job): Promise<void> {
  const line = new JobLine(job.title);
  await Deno.mkdir(dirname(job.log), { recursive: true });
  using log = await Deno.open(job.log, { create: true, write: true, truncate: true });
  const [program, ...args] = job.command;
  const child = new Deno.Command(program, {
    args,
    cwd: job.cwd,
    env: { ...job.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const tail: string[] = [];
  const encoder = new TextEncoder();
  const follow = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    const lines = stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const text of lines) {
      log.writeSync(encoder.encode(text + "\n"));
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
      const shown = job.progress === undefined ? text : job.progress(text);
      if (shown !== undefined && shown.trim() !== "") line.update(shown.trim());
    }
  };
  const [status] = await Promise.all([child.status, follow(child.stdout), follow(child.stderr)]);
  if (status.success) return line.done();
  line.failed();
  throw new UserError({
    message: [
      `${job.title} failed (exit code ${status.code}); the end of what it said:`,
      ...tail.map((text) => `  | ${text}`),
    ].join("\n"),
    location: { file: job.log },
    help: job.help,
  }, ExitCode.toolchain);
}
