import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { DatabaseSync } from "node:sqlite";
import { canonicalJson } from "../../base/files.ts";
import { joinStudy } from "../../stages/search/join.ts";
import { ledgerCsv, readLedger, readStudies } from "../../stages/search/ledger.ts";
import { Study } from "../../stages/search/study.ts";
import { fakeExplore, parameters, runSearch, writeDataset } from "./fixture.ts";

const folder = await Deno.makeTempDir();
await writeDataset(folder);
const workDir = () => Deno.makeTempDir();
const root = `${import.meta.dirname}/../..`;

function study(...args: string[]) {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${root}/cli/study.ts`, ...args],
    stdout: "piped",
    stderr: "piped",
  });
}

async function text(command: Deno.Command): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

Deno.test("a search that other processes help with, one of them killed, ends as it would alone", async () => {
  const params = parameters({ trials: 8, epochs: 40 });
  const alone = await runSearch({ folder, workDir: await workDir(), params });
  const work = await workDir();
  const path = `${work}/study.db`;
  // The search itself is slow to start training: its first jobs are there for others to take.
  const stop = new AbortController();
  const start = runSearch({
    folder,
    workDir: work,
    params,
    signal: stop.signal,
    onTrial: () => stop.abort(new Error("stopped")),
  });
  await assert.rejects(start, /stopped/);
  const victim = study("work", path).spawn();
  const reader = victim.stdout.getReader();
  await reader.read();
  const claims = () => {
    const database = new DatabaseSync(path);
    const rows = database.prepare("SELECT pid FROM claims").all();
    database.close();
    return rows.length;
  };
  // It takes up its next job a moment after it has told of one.
  while (claims() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  victim.kill("SIGKILL");
  await victim.status;
  while (!(await reader.read()).done);
  await victim.stderr.cancel();
  assert.equal(claims(), 1, "the victim held nothing: the test shows nothing");
  const helper = text(study("work", path, "--idle", "0.1"));
  const result = await runSearch({ folder, workDir: work, params });
  assert.match((await helper).out, /\d trials trained here/);
  assert.equal(canonicalJson(result.trials), canonicalJson(alone.trials));
  const name = readStudies(path)[0]!.study;
  const workers = new Set(readLedger(path, name).flatMap(({ worker }) => worker ?? []));
  assert.ok(workers.size >= 2, "nobody helped: the test shows nothing");
  assert.equal(claims(), 0);
});

Deno.test("Study.claim() gives a job to one process, and again once that has not been seen", async () => {
  const path = `${await workDir()}/study.db`;
  using one = new Study(path, "s");
  using other = new Study(path, "s");
  const job = { sample: 0, network: { name: "n" }, until: 1 } as never;
  one.publish([job]);
  assert.deepEqual(one.claim(), { sample: 0, network: { name: "n" }, until: 1 });
  assert.equal(one.claim(), undefined);
  assert.equal(other.claim(), "wait");
  const database = new DatabaseSync(path);
  database.exec("UPDATE claims SET seen_ms = seen_ms - 61000");
  assert.notEqual(other.claim(), "wait");
  database.exec("UPDATE claims SET seen_ms = seen_ms - 61000");
  other.beat();
  assert.equal(one.claim(), "wait");
  other.release();
  assert.notEqual(one.claim(), "wait");
  database.close();
});

Deno.test("every finished epoch is in the study, with its accuracy", async () => {
  const work = await workDir();
  const { trials } = await runSearch({
    folder,
    workDir: work,
    params: parameters({ trials: 3, epochs: 3 }),
    explore: fakeExplore(1500),
  });
  const name = readStudies(`${work}/study.db`)[0]!.study;
  const ledger = readLedger(`${work}/study.db`, name);
  assert.deepEqual(ledger.map(({ sample }) => sample), trials.candidates.map((c) => c.sample));
  for (const [i, row] of ledger.entries()) {
    const { trial, rejection, costs } = trials.candidates[i]!;
    assert.equal(row.state, trial === null ? "rejected" : "trained");
    assert.deepEqual(row.accuracies, trial?.epochs.map((epoch) => epoch.val_accuracy) ?? []);
    assert.deepEqual(row.rejection, rejection);
    assert.deepEqual(row.costs, costs);
    assert.equal(row.seed, trial?.seed ?? null);
  }
});

Deno.test("deno task study lists, filters and exports", async () => {
  const work = await workDir();
  const path = `${work}/study.db`;
  const { trials } = await runSearch({
    folder,
    workDir: work,
    params: parameters({ trials: 3, epochs: 1 }),
    explore: fakeExplore(1500),
  });
  const all = await text(study("list", path));
  assert.equal(all.code, 0, all.err);
  for (const { network } of trials.candidates) assert.ok(all.out.includes(network));
  const rejected = trials.candidates.filter(({ rejection }) => rejection !== null);
  const filtered = await text(study("list", path, "--binding", "energy", "--json"));
  assert.deepEqual(
    JSON.parse(filtered.out).map(({ network }: { network: string }) => network),
    rejected.map(({ network }) => network),
  );
  const csv = await text(study("list", path, "--csv", "-", "--state", "trained"));
  const records = parse(csv.out, { columns: true }) as Record<string, string>[];
  assert.equal(records.length, 3 * 2, "a line per trial and platform");
  assert.ok(records.every(({ val_accuracy }) => Number(val_accuracy) > 0));
  const absent = await text(study("list", `${work}/none.db`));
  assert.equal(absent.code, 3);
  assert.match(absent.err, /there is no such study/);
});

Deno.test("ledgerCsv() quotes what would break a line", () => {
  const row = {
    study: "s",
    sample: 1,
    network: 'a,"b"',
    state: "trained" as const,
    decisions: {},
    seed: 1,
    epochs: 0,
    val_accuracy: null,
    accuracies: [],
    costs: [{
      platform: "p",
      feasible: true,
      latency_s: 1,
      energy_J: null,
      power_cycles: null,
      slack_J: null,
      slack_vm_bytes: null,
    }],
    slack_s: null,
    rejection: null,
    started_at: null,
    seconds: null,
    samples_per_s: null,
    worker: null,
  };
  const [record] = parse(ledgerCsv([row]), { columns: true }) as Record<string, string>[];
  assert.equal(record!["network"], 'a,"b"');
});

Deno.test("joinStudy() goes home where there is nothing to do", async () => {
  const path = `${await workDir()}/study.db`;
  using study = new Study(path, "s");
  study.enter("{}", null);
  const signal = new AbortController().signal;
  assert.equal(await joinStudy({ path, threads: 1, idle_s: 0.3, signal }), 0);
});
