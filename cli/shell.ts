/** Runs a command and turns whatever goes wrong into a message and an exit code. */
import { type Command, CommanderError } from "commander";
import { ExitCode, UserError } from "../base/errors.ts";

/**
 * Parses `args` and runs the command that they name.
 *
 * @returns the exit code; with `--json` a failure is a JSON object on standard output as well
 */
export async function runCommand(program: Command, args: readonly string[]): Promise<ExitCode> {
  try {
    prepare(program);
    await program.parseAsync([...args], { from: "user" });
    return ExitCode.ok;
  } catch (error) {
    return report(error, args.includes("--json"));
  }
}

/** Errors of the command line come back to us instead of ending the process. */
function prepare(command: Command): void {
  command.exitOverride();
  command.showHelpAfterError("(--help lists everything that can be asked for)");
  command.commands.forEach(prepare);
}

function report(error: unknown, json: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // Commander has printed it already, help included.
    const exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    if (json && exitCode !== ExitCode.ok) printFailure(exitCode, [{ message: error.message }]);
    return exitCode;
  }
  if (error instanceof UserError) {
    console.error(error.message);
    if (json) printFailure(error.exitCode, error.problems);
    return error.exitCode;
  }
  const stack = error instanceof Error ? error.stack ?? error.message : String(error);
  console.error(`${stack}\n\nthis is a defect of Brownout`);
  if (json) printFailure(ExitCode.internal, [{ message: String(error) }]);
  return ExitCode.internal;
}

function printFailure(exitCode: ExitCode, problems: readonly unknown[]): void {
  console.log(JSON.stringify({ ok: false, exit_code: exitCode, problems }, null, 2));
}
