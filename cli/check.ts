/** `deno task check`: format, lint, types and warnings of everything; changes nothing. */
import { Command } from "commander";
import { join } from "node:path";
import { ExitCode } from "../base/errors.ts";
import { requireTool } from "../toolchain/find.ts";
import { ensureSetup } from "../toolchain/setup.ts";
import { sourceFiles } from "../toolchain/tree.ts";
import { workflowProblems } from "../toolchain/workflows.ts";
import { ROOT } from "./root.ts";
import { runCommand } from "./shell.ts";

const SHOWN_LINES = 40;

/** One thing to check; it gives what is wrong, or nothing. */
interface Step {
  readonly name: string;
  check(): Promise<string | undefined>;
}

const program = new Command("check")
  .description("Formatting, lint, types and warnings of everything; changes nothing")
  .action(async () => {
    await ensureSetup({ root: ROOT, quiet: true, for: "check" });
    const bad: string[] = [];
    for (const { name, check } of await steps()) {
      const problem = await check();
      console.log(`${problem === undefined ? "ok  " : "FAIL"} ${name}`);
      if (problem === undefined) continue;
      bad.push(name);
      console.log(problem.replaceAll(/^/gm, "  "));
    }
    console.log(bad.length === 0 ? "all clean" : `not clean: ${bad.join(", ")}`);
    Deno.exit(bad.length === 0 ? ExitCode.ok : ExitCode.internal);
  });

async function steps(): Promise<Step[]> {
  const deno = Deno.execPath();
  const files = await sourceFiles(ROOT);
  const c = files.filter((path) => /^(native|runtime-c)\/.*\.(c|h|cc|cpp|hpp)$/.test(path));
  const workflows = files.filter((path) => /^\.github\/workflows\/.*\.ya?ml$/.test(path));
  return [
    command("deno.lock names what deno.json asks for", [deno, "install", "--frozen"]),
    command("deno fmt", [deno, "fmt", "--check"]),
    command("deno lint", [deno, "lint"]),
    command("deno check", [deno, "check", "."]),
    command(`clang-format (${c.length} files)`, [
      await requireTool("clang-format"),
      "--dry-run",
      "--Werror",
      "--style=file",
      ...c,
    ]),
    command("runtime-c: warnings are errors", ["make", "-s", "-C", "runtime-c", "check"]),
    cppWarnings(files.filter((path) => /^native\/.*\.(cc|cpp)$/.test(path))),
    {
      name: `workflows (${workflows.length} files)`,
      async check() {
        const problems = await Promise.all(
          workflows.map(async (path) =>
            workflowProblems(await Deno.readTextFile(join(ROOT, path))).map((problem) =>
              `${path}: ${problem}`
            )
          ),
        );
        return problems.flat().join("\n") || undefined;
      },
    },
  ];
}

/** The explorer's build tolerates warnings, so that a newer compiler does not stop a user. */
function cppWarnings(files: readonly string[]): Step {
  const name = `native: warnings are errors (${files.length} files)`;
  return {
    name,
    async check() {
      const compiler = await requireTool("c++");
      for (const file of files) {
        const problem = await command(file, [
          compiler,
          ..."-std=c++20 -O2 -Wall -Wextra -Wpedantic -Werror -ffp-contract=off".split(" "),
          ..."-DNAPI_VERSION=8 -DNAPI_CPP_EXCEPTIONS -Inative/src -Iruntime-c/core".split(" "),
          // The tests run the runtime on the host.
          ..."-DBO_COUNTERS -Iruntime-c/ports/host -Iruntime-c/tests".split(" "),
          ..."-isystem node_modules/node-addon-api -isystem".split(" "),
          "node_modules/node-api-headers/include",
          ..."-c -o /dev/null".split(" "),
          file,
        ]).check();
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
  };
}

function command(name: string, line: readonly [string, ...string[]]): Step {
  return {
    name,
    async check() {
      const [program, ...args] = line;
      const { code, stdout, stderr } = await new Deno.Command(program, {
        args,
        cwd: ROOT,
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output();
      if (code === 0) return undefined;
      const decoder = new TextDecoder();
      const said = `${decoder.decode(stdout)}${decoder.decode(stderr)}`.trim().split("\n");
      const rest = said.length - SHOWN_LINES;
      return [
        ...said.slice(0, SHOWN_LINES),
        ...(rest > 0 ? [`... and ${rest} lines more`] : []),
        `(exit code ${code}: ${line.join(" ").slice(0, 160)})`,
      ].join("\n");
    },
  };
}

Deno.exit(await runCommand(program, Deno.args));
