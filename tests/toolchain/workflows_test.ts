import assert from "node:assert/strict";
import { workflowProblems } from "../../toolchain/workflows.ts";

const GOOD = `
name: ci
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: .ci/run
  pipeline:
    needs: test
    runs-on: ubuntu-latest
    strategy:
      matrix:
        dataset: [motion]
    steps:
      - uses: actions/checkout@v4
      - run: deno task pipeline --dataset \${{ matrix.dataset }}
`;

Deno.test("workflowProblems() finds nothing in a sound workflow", () => {
  assert.deepEqual(workflowProblems(GOOD), []);
});

Deno.test("workflowProblems() finds what is broken", () => {
  const breaks: [string, string, RegExp][] = [
    ["needs: test", "needs: tests", /no job is called tests/],
    ["dataset: [motion]", "datasets: [motion]", /matrix.dataset is not defined/],
    ["- run: .ci/run", "- name: nothing", /either uses or run/],
    ["runs-on: ubuntu-latest\n    steps:\n      - run: .ci/run", "steps: []", /runs-on/],
    ["name: ci", "name: ci\nname: again", /unique/],
    ["  test:\n", "  test: [\n", /./],
  ];
  for (const [from, to, expected] of breaks) {
    const problems = workflowProblems(GOOD.replace(from, to));
    assert(problems.some((problem) => expected.test(problem)), `${to}: ${problems}`);
  }
});
