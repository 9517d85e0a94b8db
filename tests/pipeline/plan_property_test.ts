import assert from "node:assert/strict";
import fc from "fast-check";
import { loadConfiguration } from "../../pipeline/config.ts";
import type { PlannedStage, Workplace } from "../../pipeline/plan.ts";
import { planPipeline, runPipeline, type StageResult } from "../../pipeline/run.ts";
import { Rig } from "./rig.ts";

/** A stage needs those earlier ones whose flag is set. */
interface Shape {
  text: number;
  variety: number;
  needs: boolean[];
}

type Edit =
  | { kind: "text"; stage: number; text: number }
  | { kind: "variety"; stage: number; variety: number }
  | { kind: "corrupt" | "delete"; stage: number }
  | { kind: "code"; text: number }
  | { kind: "need"; stage: number; other: number };

const small = fc.nat(2);
const shape: fc.Arbitrary<Shape> = fc.record({
  text: small,
  variety: fc.integer({ min: 1, max: 3 }),
  needs: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
});
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant("text" as const), stage: fc.nat(4), text: small }),
  fc.record({
    kind: fc.constant("variety" as const),
    stage: fc.nat(4),
    variety: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constantFrom("corrupt" as const, "delete" as const), stage: fc.nat(4) }),
  fc.record({ kind: fc.constant("code" as const), text: small }),
  fc.record({ kind: fc.constant("need" as const), stage: fc.nat(4), other: fc.nat(4) }),
);

function yamlOf(shapes: readonly Shape[]): string {
  const stages = shapes.map(({ text, variety, needs }, index) => {
    const names = shapes.slice(0, index).map((_, i) => `s${i}`).filter((_, i) => needs[i]);
    const reads = JSON.stringify(names);
    return `  s${index}: {uses: free, needs: ${reads}, with: ` +
      `{reads: ${reads}, text: "${text}", variety: ${variety}}}`;
  });
  return `version: 1\nparams: {dataset: plain}\nstages:\n${stages.join("\n")}\n`;
}

/** What a plan promised and what the run did may differ only where the plan said "may". */
function assertAgreement(plan: readonly PlannedStage[], results: readonly StageResult[]): void {
  for (const { stage, action } of plan) {
    const done = results.find((result) => result.stage === stage)!.action;
    const allowed = action === "run"
      ? ["ran"]
      : action === "may run"
      ? ["ran", "cached"]
      : [action];
    assert.ok(allowed.includes(done), `${stage}: planned ${action}, ${done}`);
  }
}

Deno.test("planPipeline() agrees with the run that follows, for any graph and any edits", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(shape, { minLength: 2, maxLength: 5 }),
      fc.array(fc.array(edit, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 4 }),
      fc.nat(4),
      async (shapes, rounds, chosen) => {
        await using rig = await Rig.create();
        const workplace = (folder: string): Workplace => ({
          configuration: loadConfiguration(yamlOf(shapes), "p.yaml", rig.registry),
          root: rig.root,
          runDir: `${rig.root}/${folder}`,
          cacheDir: `${rig.root}/cache`,
        });
        const go = (folder: string, until?: string) =>
          runPipeline(workplace(folder), {
            selection: { until },
            force: false,
            threads: 1,
            signal: new AbortController().signal,
            observe: () => {},
          });
        await go("out");
        for (const [index, edits] of rounds.entries()) {
          for (const change of edits) await apply(change, shapes, rig);
          const until = index % 2 === 0 ? undefined : `s${chosen % shapes.length}`;
          const request = { selection: { until }, force: false };
          const { plan } = await planPipeline(workplace("out"), request);
          assertAgreement(plan.stages, await go("out", until));
          const after = (await planPipeline(workplace("out"), request)).plan;
          assert.ok(
            after.stages.every(({ action }) => action === "cached" || action === "not selected"),
          );
        }
        // However it came to be, the result is that of a run from nothing.
        const facts = (results: readonly StageResult[]) =>
          results.map(({ stage, record }) => [stage, record!.key, record!.artifact]);
        assert.deepEqual(facts(await go("out")), facts(await go("fresh")));
      },
    ),
    { numRuns: 25 },
  );
});

async function apply(change: Edit, shapes: Shape[], rig: Rig): Promise<void> {
  if (change.kind === "code") {
    return await rig.write("code/free.ts", `export default ${change.text}`);
  }
  const index = change.stage % shapes.length;
  const changed = shapes[index]!;
  const artifact = `${rig.root}/out/s${index}/artifact`;
  switch (change.kind) {
    case "text":
      changed.text = change.text;
      return;
    case "variety":
      changed.variety = change.variety;
      return;
    case "need":
      changed.needs[change.other] = !changed.needs[change.other];
      return;
    case "corrupt":
      return await Deno.writeTextFile(`${artifact}/out.txt`, "corrupted").catch(() => {});
    case "delete":
      return await Deno.remove(artifact, { recursive: true }).catch(() => {});
  }
}

Deno.test("assertAgreement() fails where a run does what its plan denied", () => {
  const result = { stage: "a", action: "ran" } as StageResult;
  const cached = { ...result, action: "cached" } as StageResult;
  assert.throws(() => assertAgreement([{ stage: "a", action: "cached", reasons: [] }], [result]));
  assert.throws(() => assertAgreement([{ stage: "a", action: "run", reasons: [] }], [cached]));
  assertAgreement([{ stage: "a", action: "may run", reasons: [] }], [cached]);
});
