/** `deno task test [filter...]`: all tests, TypeScript, C and C++; the last line counts them. */
import { Command } from "commander";
import { join } from "node:path";
import { ExitCode, nearestName, UserError } from "../base/errors.ts";
import { runDenoSuite } from "../toolchain/deno_suite.ts";
import { type LineSuite, runLineSuite } from "../toolchain/line_suite.ts";
import { ensureSetup } from "../toolchain/setup.ts";
import { succeeded, type SuiteResult, totals } from "../toolchain/suite.ts";
import { sourceFiles } from "../toolchain/tree.ts";
import { ROOT } from "./root.ts";
import { runCommand } from "./shell.ts";

/** The tests that are programs of their own. */
const PROGRAMS: readonly LineSuite[] = [
  { name: "runtime-c", command: ["make", "-s", "test"], cwd: join(ROOT, "runtime-c") },
  { name: "native", command: ["bash", "test/run.sh"], cwd: join(ROOT, "native") },
  { name: "native builds", command: ["bash", "test/run.sh", "builds"], cwd: join(ROOT, "native") },
];

/** Those that take minutes: run where they are named, and by CI. */
const ON_DEMAND: readonly LineSuite[] = ["sanitize", "thread"].map((kind) => ({
  name: `native-${kind}`,
  command: ["bash", "test/run.sh", kind],
  cwd: join(ROOT, "native"),
}));

const program = new Command("test")
  .description("Run all tests; the last line is `N passed, N failed`")
  .argument("[filter...]", "only test files whose path holds one of these, and suites so named")
  .action(async (filters: string[]) => {
    await ensureSetup({ root: ROOT, quiet: true, for: "test" });
    const results = await runSuites(filters);
    const total = totals(results);
    for (const failure of results.flatMap(({ failures }) => failures)) {
      console.log(`FAILED ${failure}`);
    }
    if (total.skipped > 0) console.log(`${total.skipped} skipped`);
    console.log(`${total.passed} passed, ${total.failed} failed`);
    Deno.exit(succeeded(total) ? ExitCode.ok : ExitCode.internal);
  });

async function runSuites(filters: readonly string[]): Promise<SuiteResult[]> {
  const wanted = (name: string) =>
    filters.length === 0 || filters.some((filter) => name.includes(filter));
  const all = (await sourceFiles(ROOT)).filter((path) => path.endsWith("_test.ts"));
  const files = all.filter(wanted);
  const programs = [
    ...PROGRAMS.filter(({ name }) => wanted(name)),
    ...ON_DEMAND.filter(({ name }) => filters.some((filter) => filter === name)),
  ];
  if (files.length + programs.length === 0) {
    const names = [...PROGRAMS, ...ON_DEMAND].map(({ name }) => name);
    throw new UserError({
      message: "no test is chosen",
      value: filters.join(" "),
      expected: `a part of a test file's path, or one of ${names.join(", ")}`,
      nearest: nearestName(filters[0] ?? "", [...names, ...all]),
    });
  }
  const results: SuiteResult[] = [];
  if (files.length > 0) results.push(await runDenoSuite(ROOT, files));
  for (const suite of programs) results.push(await runLineSuite(suite));
  return results;
}

Deno.exit(await runCommand(program, Deno.args));
