import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../base/errors.ts";
import { digestFolder } from "../../pipeline/digest.ts";
import { runPipeline } from "../../pipeline/run.ts";
import { type StageRecord, StageStore } from "../../pipeline/store.ts";
import { ran, Rig, told } from "./rig.ts";

const ALL = ["one", "two", "three", "four"];
const SMALLER = "platforms.small-board.capacitance_F=0.001";

async function record(rig: Rig, stage: string): Promise<StageRecord> {
  return JSON.parse(await Deno.readTextFile(`${rig.root}/out/plain/${stage}/record.json`));
}

async function rejects(promise: Promise<unknown>, pattern: RegExp): Promise<UserError> {
  const error = await promise.then(() => assert.fail("was accepted"), (error) => error);
  assert.ok(error instanceof UserError, String(error?.stack));
  assert.match(error.message, pattern);
  return error;
}

Deno.test("runPipeline() runs everything once and nothing twice", async () => {
  await using rig = await Rig.create();
  assert.deepEqual(told(await rig.plan()), {
    one: "run: no artifact yet",
    two: "run: no artifact yet",
    three: "run: no artifact yet",
    four: "run: no artifact yet",
  });
  assert.deepEqual(ran(await rig.run()), ALL);
  const before = await digestFolder(`${rig.root}/out`);
  assert.deepEqual(ran(await rig.run()), []);
  assert.deepEqual(await digestFolder(`${rig.root}/out`), before);
  assert.deepEqual(told(await rig.plan()), {
    one: "cached",
    two: "cached",
    three: "cached",
    four: "cached",
  });
});

Deno.test("runPipeline() gives artifacts without time, path or process in them", async () => {
  await using a = await Rig.create();
  await using b = await Rig.create();
  const [first, second] = [await a.run(), await b.run()];
  const facts = (results: typeof first) =>
    results.map(({ record }) => [record!.key, record!.artifact, record!.files]);
  assert.deepEqual(facts(first), facts(second));
});

Deno.test("plan() says which parameter of which platform changed, and what may follow", async () => {
  await using rig = await Rig.create();
  await rig.run();
  const change = "parameter platforms.small-board.capacitance_F 0.005 -> 0.001";
  assert.deepEqual(told(await rig.plan([SMALLER])), {
    one: "cached",
    two: `run: ${change}`,
    three: "may run: input two will run: may change",
    four: `run: ${change}`,
  });
  const results = await rig.run([SMALLER]);
  assert.deepEqual(ran(results), ["two", "three", "four"]);
  assert.deepEqual((await record(rig, "two")).overridden, [`--set ${SMALLER}`]);
});

/** Changes beside parameters, and the reason that every stage of it has to name. */
const CHANGES: readonly [path: string, text: string, stages: string[], reason: string][] = [
  ["code/two.ts", "export const two = 22;\n", ["two"], "source code/two.ts changed"],
  ["code/shared.ts", "export const shared = 2;\n", ["one"], "source code/shared.ts changed"],
  ["extra/source.c", "int y;\n", ALL, "source extra/source.c changed"],
  ["extra/new.c", "int y;\n", ALL, "source extra/new.c is new"],
  ["deno.lock", "{ }\n", ALL, "deno.lock changed"],
  ["compiler", "cc 2", ALL, "compiler none -> cc 2"],
];
for (const [path, text, stages, reason] of CHANGES) {
  Deno.test(`plan() notices a change of ${path}`, async () => {
    await using rig = await Rig.create();
    await rig.run();
    await rig.write(path, text);
    const plan = told(await rig.plan());
    for (const stage of stages) assert.ok(plan[stage]!.startsWith(`run: ${reason}`), plan[stage]!);
    const results = await rig.run();
    assert.ok(stages.every((stage) => ran(results).includes(stage)));
    assert.deepEqual(ran(await rig.run()), []);
  });
}

Deno.test("plan() does not count modules of which only types are imported", async () => {
  await using rig = await Rig.create();
  await rig.run();
  await rig.write("code/types.ts", "export type T = 2;\n");
  assert.deepEqual(ran(await rig.run()), []);
});

Deno.test("plan() counts workers and other files that a module names by URL", async () => {
  await using rig = await Rig.create();
  await rig.write("code/helper.ts", "export const helper = 1;\n");
  await rig.write("code/worker.ts", 'import "./helper.ts";\n');
  await rig.write("code/table.bin", "1");
  await rig.write(
    "code/three.ts",
    'new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });\n' +
      'Deno.readFile(new URL("./table.bin", import.meta.url));\n',
  );
  await rig.run();
  for (const path of ["code/helper.ts", "code/worker.ts", "code/table.bin"]) {
    const text = await Deno.readTextFile(`${rig.root}/${path}`);
    await rig.write(path, `${text}// changed\n`);
    const plan = told(await rig.plan());
    assert.ok(plan["three"]!.startsWith(`run: source ${path} changed`), plan["three"]!);
    assert.equal(plan["four"], "cached");
    await rig.run();
  }
});

Deno.test("runPipeline() stops where a stage makes the same artifact as before", async () => {
  await using rig = await Rig.create();
  await rig.run();
  await rig.write("code/one.ts", "export const one = 11;\n");
  assert.deepEqual(told(await rig.plan()), {
    one: "run: source code/one.ts changed; source code/shared.ts is gone",
    two: "may run: input one will run: may change",
    three: "may run: input two may run",
    four: "may run: input one will run: may change; input two may run",
  });
  assert.deepEqual(ran(await rig.run()), ["one"]);
  assert.ok(rig.events.some((event) => event.type === "stage_finished" && event.unchanged));
});

Deno.test("runPipeline() runs what follows where the artifact changed", async () => {
  await using rig = await Rig.create();
  await rig.run();
  const results = await rig.run(["one.text=new"]);
  assert.deepEqual(ran(results), ALL);
  assert.deepEqual(results[1]!.reasons, ["input one changed"]);
});

for (
  const [name, harm, reason] of [
    [
      "changed byte",
      (dir: string) => Deno.writeTextFile(`${dir}/sub/more.txt`, "9\n"),
      "sub/more.txt changed",
    ],
    ["missing file", (dir: string) => Deno.remove(`${dir}/out.txt`), "out.txt is missing"],
    [
      "additional file",
      (dir: string) => Deno.writeTextFile(`${dir}/x`, ""),
      "x does not belong",
    ],
    ["link", (dir: string) => Deno.symlink("out.txt", `${dir}/x`), "neither file nor folder"],
    [
      "record that is no JSON",
      (dir: string) => Deno.writeTextFile(`${dir}/../record.json`, "{"),
      "record cannot be read",
    ],
    ["record that is gone", (dir: string) => Deno.remove(`${dir}/../record.json`), "no record"],
    [
      "record with another key",
      async (dir: string) => {
        const text = await Deno.readTextFile(`${dir}/../record.json`);
        const changed = text.replace(/"key": "./, '"key": "x');
        await Deno.writeTextFile(`${dir}/../record.json`, changed);
      },
      "record is corrupted",
    ],
  ] as const
) {
  Deno.test(`runPipeline() notices and mends a corrupted artifact: ${name}`, async () => {
    await using rig = await Rig.create();
    await rig.run();
    const whole = await digestFolder(`${rig.root}/out/plain/two/artifact`);
    await harm(`${rig.root}/out/plain/two/artifact`);
    const plan = told(await rig.plan());
    assert.ok(plan["two"]!.startsWith("run: ") && plan["two"]!.includes(reason), plan["two"]!);
    assert.equal(plan["three"], "may run: input two will run: may change");
    assert.deepEqual(ran(await rig.run()), ["two"]);
    assert.deepEqual(await digestFolder(`${rig.root}/out/plain/two/artifact`), whole);
    assert.deepEqual(ran(await rig.run()), []);
  });
}

Deno.test("runPipeline() selects with --only, --from, --until and both, and forces", async () => {
  await using rig = await Rig.create();
  assert.deepEqual(ran(await rig.run([], { until: "two" })), ["one", "two"]);
  assert.deepEqual(ran(await rig.run([], { only: "three" })), ["three"]);
  assert.deepEqual(ran(await rig.run([], { from: "two" })), ["four"]);
  assert.deepEqual(ran(await rig.run([], { from: "two", until: "three" }, true)), ["two", "three"]);
  assert.deepEqual(told(await rig.plan([], { only: "one" }, true)), {
    one: "run: forced",
    two: "not selected",
    three: "not selected",
    four: "not selected",
  });
  assert.deepEqual(ran(await rig.run([], {}, true)), ALL);
});

Deno.test("runPipeline() resumes from work/, and begins anew where it is forced", async () => {
  await using rig = await Rig.create();
  await rig.run();
  const stage = `${rig.root}/out/plain/two`;
  const left = join(stage, "work", "left-behind");
  await Deno.writeTextFile(left, "");
  await Deno.remove(`${stage}/artifact`, { recursive: true });
  assert.deepEqual(ran(await rig.run([], { only: "two" })), ["two"]);
  await Deno.stat(left);
  assert.deepEqual(ran(await rig.run([], { only: "two" }, true)), ["two"]);
  await assert.rejects(Deno.stat(left), Deno.errors.NotFound);
});

Deno.test("runPipeline() refuses --only where an input is missing or corrupted", async () => {
  await using rig = await Rig.create();
  await rejects(rig.run([], { only: "two" }), /two needs the artifact of one, which is not there/);
  await rig.run();
  await Deno.writeTextFile(`${rig.root}/out/plain/one/artifact/out.txt`, "0\n");
  const error = await rejects(rig.run([], { only: "two" }), /artifact is corrupted/);
  assert.equal(error.exitCode, 3);
  await rejects(rig.plan([], { only: "two" }), /artifact is corrupted/);
});

Deno.test("runPipeline() records that an input was made for other parameters, until it is not", async () => {
  await using rig = await Rig.create();
  await rig.run();
  assert.deepEqual(ran(await rig.run([SMALLER], { only: "four" })), ["four"]);
  const reasons = ["parameter platforms.small-board.capacitance_F 0.005 -> 0.001"];
  assert.deepEqual((await record(rig, "four")).stale_inputs, [{ stage: "two", reasons }]);
  assert.ok(
    rig.events.some((event) =>
      event.type === "stale_input" && event.stage === "four" && event.input === "two"
    ),
  );
  // Nothing is told of an input that fits.
  await rig.run([], { only: "four" });
  assert.deepEqual((await record(rig, "four")).stale_inputs, []);
  // What an input of an input was made for counts as well.
  await rig.run(["one.text=other"], { only: "four" });
  assert.deepEqual(
    (await record(rig, "four")).stale_inputs.map(({ stage }) => stage),
    ["one"],
  );
});

Deno.test("runPipeline() asks preflight of all stages that may run before any runs", async () => {
  await using rig = await Rig.create();
  const error = await rejects(
    rig.run(["four.text=impossible", "three.text=impossible"]),
    /^--set four\.text=impossible: cannot be done/m,
  );
  assert.equal(error.problems.length, 2);
  assert.equal(await Deno.stat(`${rig.root}/out/plain/one`).catch(() => "absent"), "absent");
  // A stage outside of the selection is not asked.
  assert.deepEqual(ran(await rig.run(["four.text=impossible"], { until: "three" })), [
    "one",
    "two",
    "three",
  ]);
});

Deno.test("runPipeline() keeps the old state where a stage fails or the disk is full", async () => {
  await using rig = await Rig.create();
  await rig.run();
  const before = await digestFolder(`${rig.root}/out/plain/two/artifact`);
  const old = await record(rig, "two");
  const error = await rejects(rig.run(["two.trouble=full-disk"]), /no space is left on the disk/);
  assert.equal(error.exitCode, 3);
  await rejects(rig.run(["two.trouble=mistake"]), /a mistake/);
  await assert.rejects(rig.run(["two.trouble=defect"]), TypeError);
  assert.deepEqual(await digestFolder(`${rig.root}/out/plain/two/artifact`), before);
  assert.deepEqual(await record(rig, "two"), old);
  const names = [...Deno.readDirSync(`${rig.root}/out/plain/two`)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["artifact", "record.json", "work", "work.key"]);
  assert.deepEqual(ran(await rig.run()), []);
});

Deno.test("runPipeline() keeps work/ for the same key and clears it for another", async () => {
  await using rig = await Rig.create();
  await rejects(rig.run(["one.steps=3", "one.trouble=mistake"]), /a mistake/);
  const work = `${rig.root}/out/plain/one/work`;
  await Deno.writeTextFile(`${work}/step-0`, "mine");
  await rejects(rig.run(["one.steps=3", "one.trouble=mistake"]), /a mistake/);
  assert.equal(await Deno.readTextFile(`${work}/step-0`), "mine");
  await rejects(rig.run(["one.steps=4", "one.trouble=mistake"]), /a mistake/);
  assert.equal(await Deno.readTextFile(`${work}/step-0`), "done");
});

Deno.test("runPipeline() sets up only where something will run, then plans anew", async () => {
  await using rig = await Rig.create();
  let calls = 0;
  const options = {
    selection: {},
    force: false,
    threads: 1,
    signal: new AbortController().signal,
    observe: () => {},
    prepare: async () => {
      calls++;
      await rig.write("compiler", "cc 3");
    },
  };
  const [one] = await runPipeline(rig.workplace(), options);
  assert.equal(one!.record!.fingerprint.tools["compiler"], "cc 3");
  await runPipeline(rig.workplace(), options);
  assert.equal(calls, 1);
});

Deno.test("runPipeline() stops between stages and inside one when it is aborted", async () => {
  await using rig = await Rig.create();
  for (const trouble of ["none", "deaf"]) {
    const controller = new AbortController();
    const sets = ["one.steps=20", "one.step_ms=100", `one.trouble=${trouble}`];
    setTimeout(() => controller.abort(), 50);
    const error = await rejects(rig.run(sets, {}, false, controller.signal), /stopped/);
    assert.equal(error.exitCode, 130);
  }
  // The deaf stage goes on for a while in its abandoned folder; nothing of it is ever taken.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(told(await rig.plan())["one"], "run: no artifact yet");
  assert.deepEqual(ran(await rig.run()), ALL);
});

/** Brings a store into the state in which a commit leaves it when it is cut after `step` steps. */
async function cutCommit(store: StageStore, step: number): Promise<void> {
  const { folder } = store;
  const steps = [
    () => Deno.rename(`${folder}/new/record.json`, `${folder}/record.next.json`),
    () => Deno.rename(store.artifactDir, `${folder}/artifact.old`),
    () => Deno.rename(`${folder}/artifact.tmp-1`, store.artifactDir),
    () => Deno.rename(`${folder}/record.next.json`, `${folder}/record.json`),
    () => Deno.remove(`${folder}/artifact.old`, { recursive: true }),
  ];
  await Deno.rename(`${folder}/new/artifact`, `${folder}/artifact.tmp-1`);
  for (const act of steps.slice(0, step)) await act();
  await Deno.remove(`${folder}/new`, { recursive: true });
}

for (let step = 0; step <= 5; step++) {
  for (const torn of [false, true]) {
    Deno.test(`recover() ends a commit cut after step ${step}${torn ? ", torn" : ""}`, async () => {
      await using rig = await Rig.create();
      await rig.run(["one.text=new"], { only: "one" });
      const { folder } = new StageStore(`${rig.root}/out/plain`, "one");
      const fresh = await record(rig, "one");
      await Deno.mkdir(`${rig.root}/new`);
      for (const name of ["artifact", "record.json"]) {
        await Deno.rename(`${folder}/${name}`, `${rig.root}/new/${name}`);
      }
      await rig.run(["one.text=old"], { only: "one" });
      const old = await record(rig, "one");
      assert.notEqual(old.artifact, fresh.artifact);
      await Deno.rename(`${rig.root}/new`, `${folder}/new`);
      const store = new StageStore(`${rig.root}/out/plain`, "one");
      if (torn) await Deno.writeTextFile(`${folder}/new/artifact/out.txt`, "");
      await cutCommit(store, step);
      await store.recover();
      const state = await store.inspect();
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assert.deepEqual(names.filter((name) => /tmp|old|next/.test(name)), []);
      if (torn && step >= 3) {
        // Only a disk that loses bytes can tear a folder after its digest was taken.
        assert.equal(state.kind, "broken");
      } else {
        assert.equal(state.kind, "whole");
        const expected = step === 0 || torn ? old : fresh;
        assert.deepEqual(state.kind === "whole" && state.record, expected);
      }
    });
  }
}
