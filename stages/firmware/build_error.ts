/** What compilers and linkers say, as the user needs it. */
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";

const SHOWN_LINES = 20;

/** Where a failed build happened. */
export interface FailedBuild {
  profile: string;
  /** What was built: firmware, simulation, host. */
  target: string;
  /** Version line of the compiler. */
  compiler: string;
  /** Standard error of make. */
  stderr: string;
  /** File that holds the whole output. */
  log: string;
  /** Name of the user's application in src/application; absent: there is none. */
  application: string | undefined;
}

/**
 * The error that a failed build is to the user: a memory that is too small (exit code 5), a mistake
 * in the user's application (2), or a compiler that cannot compile the runtime (4).
 */
export function buildError(build: FailedBuild): UserError {
  const { profile, target, stderr } = build;
  const overflows = memoryOverflows(stderr);
  if (overflows.length > 0) {
    return new UserError(
      overflows.map((text): Problem => ({
        message: `${target} does not fit ${profile}: ${text}`,
        field: `platforms.${profile}`,
        help: `The network with the runtime is too large for the board; log: ${build.log}`,
      })),
      ExitCode.infeasible,
    );
  }
  const { application } = build;
  const own = application !== undefined && stderr.includes(`src/application/${application}:`);
  return new UserError({
    message: own
      ? `application ${application} does not compile for ${profile}`
      : `building ${target} for ${profile} failed`,
    location: { file: build.log },
    expected: own ? undefined : `a compiler like ${build.compiler}`,
    help: trimmed(stderr),
  }, own ? ExitCode.usage : ExitCode.toolchain);
}

/** Each "region overflowed" of GNU ld and lld, and each failed ASSERT of a linker script. */
export function memoryOverflows(stderr: string): string[] {
  const found = new Set<string>();
  const gnu = /region `(\w+)' overflowed by (\d+) bytes/g;
  for (const [, region, bytes] of stderr.matchAll(gnu)) {
    found.add(`memory region ${region} overflows by ${bytes} bytes`);
  }
  const most = new Map<string, number>();
  const lld = /will not fit in region '(\w+)': overflowed by (\d+) bytes/g;
  for (const [, region, bytes] of stderr.matchAll(lld)) {
    most.set(region!, Math.max(most.get(region!) ?? 0, Number(bytes)));
  }
  for (const [region, bytes] of most) {
    found.add(`memory region ${region} overflows by ${bytes} bytes`);
  }
  for (const [, text] of stderr.matchAll(/(?:^|: )(?:error: )?([^:\n]* exceeds? [^:\n]*)$/gm)) {
    found.add(text!.trim());
  }
  return [...found];
}

/** The lines that say what is wrong; where there is none, the last ones. */
function trimmed(stderr: string): string {
  const lines = stderr.trim().split("\n");
  const first = lines.findIndex((line) => /\b(error|undefined|Error)\b/.test(line));
  const from = first < 0 ? Math.max(0, lines.length - SHOWN_LINES) : first;
  return lines.slice(from, from + SHOWN_LINES).join("\n  ");
}
