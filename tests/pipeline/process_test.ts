import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { digestFolder } from "../../pipeline/digest.ts";
import { StageStore } from "../../pipeline/store.ts";
import { Rig } from "./rig.ts";

const STAGES = ["one", "two", "three", "four"];
const decoder = new TextDecoder();

async function call(rig: Rig, args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await rig.command(args, env).output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function artifacts(rig: Rig): Promise<unknown[]> {
  return await Promise.all(
    STAGES.map((stage) => digestFolder(`${rig.root}/out/plain/${stage}/artifact`)),
  );
}

/** Every stage takes some steps, so that a kill finds work half done. */
const BUSY = STAGES.flatMap((stage) => [
  "--set",
  `${stage}.steps=6`,
  "--set",
  `${stage}.step_ms=8`,
]);

Deno.test("pipeline killed with -9 twenty times ends with the artifacts of an unbroken run", async () => {
  await using unbroken = await Rig.create();
  assert.equal((await call(unbroken, BUSY)).code, 0);
  await using rig = await Rig.create();
  const random = new Random(1, "kill -9");
  let killed = 0;
  // A run that was quicker than its kill counts for nothing: how many are depends on the machine.
  for (let i = 0; killed < 20; i++) {
    assert.ok(i < 80, `only ${killed} of ${i} kills met a process`);
    // Other parameters each time, so that there is always something to do.
    const child = rig.command([...BUSY, "--set", `one.text=round ${i % 3}`]).spawn();
    const timer = setTimeout(() => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It was quicker; that, too, is a moment.
      }
    }, random.range(60, 600));
    const { signal } = await child.output();
    clearTimeout(timer);
    if (signal === "SIGKILL") killed++;
    for (const stage of STAGES) {
      const store = new StageStore(`${rig.root}/out/plain`, stage);
      await store.recover();
      const state = await store.inspect();
      assert.notEqual(state.kind, "broken", JSON.stringify(state));
    }
  }
  assert.equal((await call(rig, BUSY)).code, 0);
  assert.deepEqual(await artifacts(rig), await artifacts(unbroken));
  for (const stage of STAGES) {
    const names = [...Deno.readDirSync(`${rig.root}/out/plain/${stage}`)].map(({ name }) => name);
    assert.deepEqual(names.sort(), ["artifact", "record.json", "work", "work.key"]);
  }
});

/** Waits until the stage has begun, then sends the signal. */
async function stop(rig: Rig, args: readonly string[], signal: Deno.Signal): Promise<number> {
  const child = rig.command(args).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes("one: no artifact yet")) {
    const { value, done } = await reader.read();
    if (done) assert.fail(`ended early: ${seen}`);
    seen += value;
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const begun = performance.now();
  child.kill(signal);
  const { code } = await child.status;
  await reader.cancel();
  await child.stderr.cancel();
  // A second is promised; the rest is for a machine that is busy with other things.
  assert.ok(performance.now() - begun < 3000);
  return code;
}

for (const trouble of ["none", "deaf", "spin"]) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.test(`pipeline stops on ${signal} and resumes (stage trouble: ${trouble})`, async () => {
      await using rig = await Rig.create();
      const steps = trouble === "spin" ? 1 : 100;
      const sets = ["--set", `one.steps=${steps}`, "--set", "one.step_ms=50"];
      const args = [...sets, "--set", `one.trouble=${trouble}`];
      assert.equal(await stop(rig, args, signal), 130);
      const { code, stdout } = await call(rig, []);
      assert.equal(code, 0);
      assert.match(stdout, /4 stages ran/);
    });
  }
}

Deno.test("pipeline refuses a second run in the same folder, plans beside it, takes a dead lock over", async () => {
  await using rig = await Rig.create();
  await Deno.mkdir(`${rig.root}/out/plain`, { recursive: true });
  // The lock of a process that is gone.
  await rig.write("out/plain/.lock", "999999999\n");
  const first = rig.command(["--set", "one.steps=100", "--set", "one.step_ms=50"]).spawn();
  const work = `${rig.root}/out/plain/one/work/step-0`;
  while (await Deno.stat(work).catch(() => undefined) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const second = await call(rig, []);
  assert.equal(second.code, 2);
  assert.match(second.stderr, new RegExp(`another run works here \\(process ${first.pid}\\)`));
  const plan = await call(rig, ["--plan"]);
  assert.equal(plan.code, 0);
  assert.ok(await Deno.stat(work), "a plan must not touch what another run works on");
  assert.equal((await call(rig, ["--out", `${rig.root}/elsewhere`])).code, 0);
  first.kill("SIGKILL");
  await first.output();
  assert.equal((await call(rig, [])).code, 0);
});

Deno.test("pipeline prints a summary, then nothing to do", async () => {
  await using rig = await Rig.create();
  const first = await call(rig, []);
  assert.match(first.stdout, /│ four {2}│ .*value {2}\d+/);
  assert.match(first.stdout, /files: out\/plain/);
  const second = await call(rig, []);
  assert.equal(second.code, 0);
  assert.match(second.stdout, /nothing to do\n$/);
  assert.match(second.stdout, /│ four {2}│ cached/);
  assert.match((await call(rig, ["--status"])).stdout, /four .* up to date/);
  assert.match((await call(rig, ["--why", "four"])).stdout, /^four: cached\n/);
  assert.match((await call(rig, ["--graph", "mermaid"])).stdout, /one --> two/);
  assert.match((await call(rig, ["--graph", "dot"])).stdout, /"one" -> "two";/);
  const forced = await call(rig, ["--only", "two", "--force", "--set", "one.text=x"]);
  assert.match(forced.stdout, /warning: two rests on one.*parameter text seed 7 -> x/);
});

Deno.test("pipeline --json prints only JSON, and --events one object per line", async () => {
  await using rig = await Rig.create();
  const args = ["--json", "--events", `${rig.root}/events.jsonl`, "--set", "one.text=y"];
  const { stdout, code } = await call(rig, args);
  assert.equal(code, 0);
  const result = JSON.parse(stdout);
  assert.equal(result.ok, true);
  assert.deepEqual(result.overridden, ["--set one.text=y"]);
  assert.deepEqual(result.stages.map((stage: { action: string }) => stage.action), [
    "ran",
    "ran",
    "ran",
    "ran",
  ]);
  assert.equal(result.stages[0].summary[0].label, "value");
  const lines = (await Deno.readTextFile(`${rig.root}/events.jsonl`)).trim().split("\n");
  const types = lines.map((line) => JSON.parse(line).type);
  assert.equal(types.filter((type) => type === "stage_finished").length, 4);
  assert.deepEqual([types[0], types.at(-1)], ["run_started", "run_finished"]);
  const planned = JSON.parse((await call(rig, ["--json", "--plan"])).stdout);
  assert.equal(planned.stages[0].reasons[0], "parameter text y -> seed 7");
  const failed = await call(rig, ["--json", "--only", "fuor"]);
  assert.equal(failed.code, 2);
  assert.equal(JSON.parse(failed.stdout).problems[0].nearest, "four");
  assert.equal(JSON.parse((await call(rig, ["--json", "--plann"])).stdout).exit_code, 2);
});

/** Requests that cannot be understood, the exit code and what has to be said. */
const REFUSED: readonly [args: string[], code: number, pattern: RegExp][] = [
  [["--onyl", "four"], 2, /Did you mean --only\?/],
  [["--only", "fuor"], 2, /--only fuor: there is no stage "fuor"[^]*did you mean: four/],
  [["--why", "fuor"], 2, /did you mean: four/],
  [["--only", "four", "--from", "one"], 2, /cannot be combined/],
  [["--set", "four"], 2, /NAME\.KEY=VALUE/],
  [["--graph", "dott"], 2, /mermaid, dot/],
  [["--threads", "0"], 2, /from 1 up/],
  [["--matrix", "seed=1,2"], 2, /expected dataset=NAME/],
  [["--matrix", "dataset=a,a"], 2, /every name once/],
  [["--matrix", "dataset=plain,a/b"], 2, /--dataset a\/b: cannot name a folder/],
  [["extra"], 2, /too many arguments/],
  [["--file", "absent.yaml"], 2, /absent\.yaml: cannot be read/],
  [["--events", "absent/events"], 2, /absent\/events: cannot be written/],
  [["--dataset", "a/b"], 2, /--dataset a\/b: cannot name a folder/],
  [["--only", "two"], 3, /needs the artifact of one/],
  [["--set", "one.trouble=full-disk"], 3, /no space is left/],
  [["--set", "one.trouble=mistake"], 2, /a mistake/],
];

Deno.test("pipeline explains what it refuses, without a stack trace", async () => {
  await using rig = await Rig.create();
  for (const [args, code, pattern] of REFUSED) {
    const result = await call(rig, args);
    assert.equal(result.code, code, `${args}: ${result.stderr}`);
    assert.match(result.stderr, pattern);
    assert.doesNotMatch(result.stderr, /^\s+at |defect of Brownout/m, String(args));
  }
  await rig.write("pipeline.yaml", rig.yaml.replace("needs: [one]", "needs: [oen]"));
  const result = await call(rig, []);
  assert.equal(result.code, 2);
  assert.match(result.stderr, /^pipeline\.yaml:19:13: there is no stage "oen"/m);
});

Deno.test("pipeline calls a defect a defect, with its stack", async () => {
  await using rig = await Rig.create();
  const { code, stderr } = await call(rig, ["--set", "one.trouble=defect"]);
  assert.equal(code, 1);
  assert.match(stderr, /TypeError: a defect\n\s+at [^]*this is a defect of Brownout/);
});

Deno.test("pipeline --matrix runs the graph per data set, each in its folder", async () => {
  await using rig = await Rig.create();
  const { code, stdout } = await call(rig, ["--matrix", "dataset=plain,other", "--json"]);
  assert.equal(code, 0);
  const answers = JSON.parse(stdout);
  assert.deepEqual(answers.map(({ dataset }: { dataset: string }) => dataset), ["plain", "other"]);
  const out = (dataset: string) =>
    Deno.readTextFile(`${rig.root}/out/${dataset}/one/artifact/out.txt`);
  assert.notEqual(await out("plain"), await out("other"));
  assert.match((await call(rig, ["--dataset", "other"])).stdout, /nothing to do/);
});

Deno.test("pipeline takes the data folder from --data-dir before BROWNOUT_DATA_DIR", async () => {
  await using rig = await Rig.create();
  await rig.write(
    "pipeline.yaml",
    rig.yaml.replace("text: seed ${params.seed}", () => "text: data ${params.data_dir}"),
  );
  const env = { BROWNOUT_DATA_DIR: "from-env" };
  const text = async (args: string[], env: Record<string, string>) => {
    const { stdout } = await call(rig, ["--json", "--why", "one", ...args], env);
    return JSON.parse(stdout).fingerprint.parameters.text;
  };
  assert.equal(await text([], env), `data ${rig.root}/from-env`);
  assert.equal(await text(["--data-dir", "mine"], env), `data ${rig.root}/mine`);
  assert.equal(await text([], {}), "data null");
});
