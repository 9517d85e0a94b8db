/** Runs compilers and simulators to their end: under a time limit, killed on Ctrl-C. */

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It was stopped because `seconds` were over. */
  readonly late: boolean;
}

export interface RunOptions {
  readonly cwd?: string | undefined;
  /** All of the environment beside PATH. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Limit in seconds. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Exit status of coreutils' `timeout` where the limit was reached, and where it had to kill. */
const LATE = [124, 137];

/**
 * Runs a program without a shell. The limit is held by coreutils' `timeout`, so that nothing stays
 * behind even where this process is killed.
 * @throws the signal's reason where it is aborted
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd, env, seconds, signal }: RunOptions,
): Promise<Run> {
  signal.throwIfAborted();
  const path = Deno.env.get("PATH");
  const child = new Deno.Command("timeout", {
    args: ["-k", "1", String(seconds), program, ...args],
    ...(cwd !== undefined && { cwd }),
    clearEnv: true,
    env: { ...(path !== undefined && { PATH: path }), LC_ALL: "C", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal,
  });
  const { code, stdout, stderr } = await child.output();
  signal.throwIfAborted();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr), late: LATE.includes(code) };
}
