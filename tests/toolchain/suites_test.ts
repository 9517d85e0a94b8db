import assert from "node:assert/strict";
import fc from "fast-check";
import { readReport } from "../../toolchain/deno_suite.ts";
import { TextLineStream } from "../../toolchain/lines.ts";
import { readLines, runLineSuite } from "../../toolchain/line_suite.ts";
import { succeeded, totals } from "../../toolchain/suite.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="5" failures="1" errors="1">
    <testsuite name="./tests/a_test.ts" tests="5" disabled="1" errors="1" failures="1">
        <testcase name="one" classname="./tests/a_test.ts"></testcase>
        <testcase name="f() refuses a &lt; b" classname="./tests/a_test.ts">
            <failure message="Uncaught">text</failure>
        </testcase>
        <testcase name="later" classname="./tests/a_test.ts"><skipped/></testcase>
        <testcase name="cut" classname="./tests/a_test.ts"><error message="Cancelled"/></testcase>
        <testcase name="one &gt; step" classname="./tests/a_test.ts"></testcase>
    </testsuite>
</testsuites>
`;

Deno.test("readReport() counts tests, names failures and leaves steps to their test", () => {
  assert.deepEqual(readReport(REPORT, 1, ["tests/a_test.ts"]), {
    suite: "deno",
    passed: 1,
    skipped: 1,
    failures: ["tests/a_test.ts: f() refuses a < b", "tests/a_test.ts: cut"],
  });
});

Deno.test("readReport() fails for a file that shows no test, even when the runner is content", () => {
  const { failures } = readReport(REPORT, 0, ["tests/a_test.ts", "tests/b_test.ts"]);
  assert(failures.includes("tests/b_test.ts: no test ran"));
});

Deno.test("readReport() fails where the runner left no report or failed outside of any test", () => {
  assert.equal(readReport("", 1, ["tests/a_test.ts"]).failures.length, 1);
  const green = REPORT.replace(/<failure[^]*?<\/failure>|<error [^]*?\/>/g, "");
  assert.deepEqual(readReport(green, 0, ["tests/a_test.ts"]).failures, []);
  assert.equal(readReport(green, 1, ["tests/a_test.ts"]).failures.length, 1);
});

Deno.test("readLines() sums programs that close with their own counts", () => {
  const lines = ["ok walk", "1 passed, 0 failed", "note", "ok a", "ok b", "2 passed, 0 failed"];
  const result = readLines("runtime-c", lines, 0);
  assert.deepEqual(result, { suite: "runtime-c", passed: 3, skipped: 0, failures: [] });
});

Deno.test("readLines() fails for a suite that dies, lies or runs nothing", () => {
  const bad: [string[], number][] = [
    [[], 0],
    [["ok walk"], 0],
    [["ok walk"], 139],
    [["ok walk", "2 passed, 0 failed"], 0],
    [["ok walk", "1 passed, 0 failed"], 2],
    [["FAIL walk", "0 passed, 1 failed"], 0],
    [["0 passed, 0 failed"], 0],
  ];
  for (const [lines, exitCode] of bad) {
    const result = readLines("native", lines, exitCode);
    assert(result.failures.length > 0, `${lines} with ${exitCode}`);
    assert.equal(succeeded(totals([result])), false);
  }
});

Deno.test("runLineSuite() has one suite at a time build in a folder", async () => {
  const root = await Deno.makeTempDir();
  // A suite that finds another one at work fails.
  const script =
    "if mkdir ../busy; then sleep 1; rmdir ../busy; echo ok alone; echo 1 passed, 0 failed; " +
    "else echo FAIL alone; echo 0 passed, 1 failed; exit 1; fi";
  const run = async (folder: string) => {
    const cwd = `${root}/${folder}`;
    await Deno.mkdir(cwd, { recursive: true });
    return await runLineSuite({ name: "program", command: ["bash", "-c", script], cwd });
  };
  try {
    assert.equal(totals(await Promise.all([run("a"), run("a")])).passed, 2);
    // Negative control: in folders of their own they meet.
    assert.equal(totals(await Promise.all([run("a"), run("b")])).failed, 1);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("succeeded() wants at least one test", () => {
  assert.equal(succeeded(totals([])), false);
  assert.equal(succeeded({ passed: 1, failed: 0, skipped: 0 }), true);
});

Deno.test("TextLineStream() gives the same lines however the text is cut", async () => {
  const line = fc.stringMatching(/^[a-z %]{0,8}$/);
  const end = fc.constantFrom("\n", "\r\n", "\r");
  await fc.assert(fc.asyncProperty(
    fc.array(fc.tuple(line, end), { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }),
    async (parts, sizes) => {
      const text = parts.map(([words, ending]) => words + ending).join("") + "last";
      const chunks: string[] = [];
      for (let at = 0, i = 0; at < text.length; i++) {
        const size = sizes[i % sizes.length] as number;
        chunks.push(text.slice(at, at += size));
      }
      const lines = await Array.fromAsync(
        ReadableStream.from(chunks).pipeThrough(new TextLineStream()),
      );
      assert.deepEqual(lines, text.split(/\r\n|\n|\r/));
    },
  ));
});
