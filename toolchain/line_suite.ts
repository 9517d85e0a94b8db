/**
 * Test programs that speak by lines: `ok NAME`, `FAIL NAME`, at the end `N passed, N failed`. All of
 * it is checked against each other, so that a program that dies half-way is never taken for a
 * success.
 */
import { TextLineStream } from "./lines.ts";
import type { SuiteResult } from "./suite.ts";

export interface LineSuite {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
}

/**
 * Runs the programs; what they print is shown as it comes. One suite at a time in a folder, by a lock
 * on it that ends with the process: what suites of a folder build lies in the same place.
 */
export async function runLineSuite({ name, command, cwd }: LineSuite): Promise<SuiteResult> {
  console.log(`\n${name}: ${command.join(" ")}`);
  using folder = await Deno.open(cwd);
  if (!await folder.tryLock(true)) {
    console.log(`${name}: waits for another test run in this folder`);
    await folder.lock(true);
  }
  const [program, ...args] = command;
  const child = new Deno.Command(program, {
    args,
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines: string[] = [];
  const text = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of text) {
    console.log(line);
    lines.push(line);
  }
  return readLines(name, lines, (await child.status).code);
}

/**
 * The result told by the lines of one or more programs, each closing with its own counts.
 *
 * @param exitCode of the command as a whole
 */
export function readLines(
  suite: string,
  lines: readonly string[],
  exitCode: number,
): SuiteResult {
  let passed = 0;
  let closed = { passed: 0, failed: 0, lines: 0 };
  const failures: string[] = [];
  for (const line of lines) {
    const test = line.match(/^(ok|FAIL) +(.+?) *$/);
    const close = line.match(/^(\d+) passed, (\d+) failed$/);
    if (test?.[1] === "ok") passed++;
    else if (test !== null) failures.push(`${suite}: ${test[2]}`);
    else if (close !== null) {
      closed = {
        passed: closed.passed + Number(close[1]),
        failed: closed.failed + Number(close[2]),
        lines: closed.lines + 1,
      };
    }
  }
  if (closed.lines === 0) {
    failures.push(`${suite}: ended with exit code ${exitCode} and without its closing counts`);
  } else if (closed.passed !== passed || closed.failed !== failures.length) {
    failures.push(
      `${suite}: told ${passed} passed, ${failures.length} failed by name, ` +
        `but ${closed.passed} passed, ${closed.failed} failed at its end`,
    );
  } else if (passed + failures.length === 0) {
    failures.push(`${suite}: no test ran`);
  } else if ((exitCode === 0) !== (failures.length === 0)) {
    failures.push(`${suite}: ended with exit code ${exitCode}`);
  }
  return { suite, passed, skipped: 0, failures };
}
