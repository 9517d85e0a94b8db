/** The TypeScript tests: Deno's own runner, read back from its JUnit report. */
import { XMLParser } from "fast-xml-parser";
import { join } from "node:path";
import type { SuiteResult } from "./suite.ts";

const SUITE = "deno";

/** Runs test files (paths relative to `root`); the runner's own output is shown as it comes. */
export async function runDenoSuite(root: string, files: readonly string[]): Promise<SuiteResult> {
  console.log(`\n${SUITE}: ${files.length} files`);
  const folder = await Deno.makeTempDir({ prefix: "brownout-test-" });
  try {
    const report = join(folder, "junit.xml");
    // Types are `deno task check`'s matter; here they would only cost time.
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", `--junit-path=${report}`, ...files],
      cwd: root,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    return readReport(await Deno.readTextFile(report).catch(() => ""), code, files);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * The result told by a JUnit report. Steps of a test are not counted beside it.
 *
 * @param xml empty where the runner left no report
 * @param files that were asked for: one that shows no test in the report has died or holds none
 */
export function readReport(xml: string, exitCode: number, files: readonly string[]): SuiteResult {
  const failures: string[] = [];
  const heard = new Set<string>();
  let passed = 0;
  let skipped = 0;
  for (const { file, cases } of parse(xml)) {
    if (cases.length > 0) heard.add(file);
    for (const test of cases) {
      if (isStep(test.name, cases)) continue;
      if (test.outcome === "failed") failures.push(`${file}: ${test.name}`);
      else if (test.outcome === "skipped") skipped++;
      else passed++;
    }
  }
  for (const file of files) {
    if (!heard.has(file)) failures.push(`${file}: no test ran`);
  }
  if (exitCode !== 0 && failures.length === 0) {
    failures.push(`${SUITE}: ended with exit code ${exitCode} outside of any test`);
  }
  return { suite: SUITE, passed, skipped, failures };
}

interface Case {
  name: string;
  outcome: "passed" | "failed" | "skipped";
}

function parse(xml: string): { file: string; cases: Case[] }[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseAttributeValue: false,
    isArray: (name) => name === "testsuite" || name === "testcase",
  });
  const document = parser.parse(xml) as {
    testsuites?: { testsuite?: { name: string; testcase?: Record<string, string>[] }[] } | string;
  };
  const root = document.testsuites;
  if (root === undefined || typeof root === "string") return [];
  return (root.testsuite ?? []).map(({ name, testcase = [] }) => ({
    file: name.replace(/^\.\//, ""),
    cases: testcase.map((entry) => ({
      name: entry["name"] as string,
      outcome: "failure" in entry || "error" in entry
        ? "failed"
        : "skipped" in entry
        ? "skipped"
        : "passed",
    })),
  }));
}

/** Deno reports a step as `test > step`, beside its test. */
function isStep(name: string, cases: readonly Case[]): boolean {
  return cases.some((other) => name.startsWith(`${other.name} > `));
}
