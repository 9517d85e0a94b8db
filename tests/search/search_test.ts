import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ExitCode, UserError } from "../../base/errors.ts";
import { canonicalJson } from "../../base/files.ts";
import { ParetoArtifact, TrialsArtifact } from "../../network/artifacts/search.ts";
import { chooseBest, paretoPoints, type Trained } from "../../stages/search/choose.ts";
import { latencyOn, quantile, rejectionOf } from "../../stages/search/costs.ts";
import { readLedger, readStudies } from "../../stages/search/ledger.ts";
import { drawNetworks } from "../../stages/search/sampler.ts";
import type { TrialJob } from "../../stages/search/train_trial.ts";
import { spaceSize } from "../../network/space.ts";
import {
  CLASSES,
  fakeExplore,
  input,
  parameters,
  runSearch,
  silent,
  writeDataset,
} from "./fixture.ts";

const folder = await Deno.makeTempDir();
await writeDataset(folder);
const workDir = () => Deno.makeTempDir();

/** The unbroken search that others are held against. */
const reference = runSearch({ folder, workDir: await workDir(), threads: 1 });

Deno.test("search() trains only what every platform can run, and says why it left out the rest", async () => {
  const asked: string[] = [];
  const trainedJobs: TrialJob[] = [];
  const { trials, network } = await runSearch({
    folder,
    workDir: await workDir(),
    explore: fakeExplore(1500, asked),
    trainedJobs,
  });
  const rejected = trials.candidates.filter(({ rejection }) => rejection !== null);
  assert.ok(rejected.length > 0, "the limit turns nothing away: the test shows nothing");
  assert.equal(trainedJobs.length, 4);
  const names = new Set(trainedJobs.map(({ network }) => network.name));
  for (const { network, rejection, trial } of rejected) {
    assert.ok(!names.has(network));
    assert.equal(trial, null);
    assert.equal(rejection!.binding, "energy");
  }
  for (const profile of ["board-a", "board-b"]) {
    for (const { network } of trials.candidates) assert.ok(asked.includes(`${profile} ${network}`));
  }
  assert.equal(trials.rejected.energy, rejected.length);
  assert.ok(names.has(network.name));
  TrialsArtifact.parse(trials);
});

Deno.test("search() without a limit trains the first networks drawn", async () => {
  const { trials } = await runSearch({
    folder,
    workDir: await workDir(),
    explore: fakeExplore(Infinity),
    params: parameters({ trials: 2, epochs: 1 }),
  });
  assert.deepEqual(trials.rejected, {});
  assert.deepEqual(trials.candidates.map(({ sample }) => sample), [0, 1]);
});

Deno.test("search() gives other trials for another seed", async () => {
  const other = await runSearch({
    folder,
    workDir: await workDir(),
    params: parameters({ seed: 4 }),
  });
  assert.notEqual(canonicalJson(other.trials), canonicalJson((await reference).trials));
});

Deno.test("search() resumes: what is recorded is neither asked nor trained again", async () => {
  const work = await workDir();
  const stop = new AbortController();
  const broken = runSearch({
    folder,
    workDir: work,
    signal: stop.signal,
    onTrial: () => stop.abort(new Error("stopped")),
  });
  await assert.rejects(broken, /stopped/);
  const asked: string[] = [];
  const trainedJobs: TrialJob[] = [];
  const resumed = await runSearch({
    folder,
    workDir: work,
    explore: fakeExplore(4000, asked),
    trainedJobs,
  });
  assert.deepEqual(asked, []);
  assert.equal(trainedJobs.length, 3);
  assert.equal(canonicalJson(resumed.trials), canonicalJson((await reference).trials));
});

Deno.test("search() killed with -9 keeps every recorded trial and ends with the same result", async () => {
  const run = (work: string, result: string) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${import.meta.dirname}/search_process.ts`, folder, work, result],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  const results = await Deno.makeTempDir();
  const unbroken = run(await workDir(), `${results}/unbroken.json`);
  const work = await workDir();
  const killed = run(work, `${results}/killed.json`);
  const reader = killed.stdout.getReader();
  await reader.read();
  killed.kill("SIGKILL");
  await killed.status;
  while (!(await reader.read()).done);
  const kept = countTrials(work);
  assert.ok(kept >= 1, "a trial that was reported is not on disk");
  assert.ok(kept < 6, "killed too late: the test shows nothing");
  const again = await run(work, `${results}/killed.json`).output();
  assert.ok(again.success);
  const printed = new TextDecoder().decode(again.stdout).split("\n").filter(Boolean).length;
  assert.equal(printed, 6 - kept);
  assert.ok((await unbroken.output()).success);
  assert.equal(
    await Deno.readTextFile(`${results}/killed.json`),
    await Deno.readTextFile(`${results}/unbroken.json`),
  );
});

function countTrials(work: string): number {
  const database = new DatabaseSync(`${work}/study.db`);
  const row = database.prepare("SELECT count(*) AS n FROM trials").get();
  database.close();
  return Number(row!["n"]);
}

Deno.test("search() does not train what misses the latency requirement", async () => {
  const { trials, best } = await runSearch({
    folder,
    workDir: await workDir(),
    params: parameters({ requirement_s: 0.12, trials: 3, epochs: 1 }),
  });
  assert.ok(trials.rejected.latency! > 0);
  assert.ok(best.latency_s <= 0.12);
  for (const { slack_s, trial } of trials.candidates) {
    assert.equal(trial !== null, slack_s !== null && slack_s >= 0);
  }
});

Deno.test("search() turns a quantile into a requirement", async () => {
  const { trials } = await runSearch({
    folder,
    workDir: await workDir(),
    params: parameters({ requirement_s: { quantile: 0.5, samples: 12 }, trials: 2, epochs: 1 }),
  });
  const within = trials.candidates.filter(({ rejection }) => rejection === null);
  assert.equal(within.length, 2);
  for (const { costs } of within) assert.ok(costs[0]!.latency_s! <= trials.requirement_s!);
});

Deno.test("search() with nothing to train exits 5 with counts and the nearest miss", async () => {
  const nothing = runSearch({
    folder,
    workDir: await workDir(),
    explore: fakeExplore(10),
    params: parameters({ max_samples: 20 }),
  });
  await assert.rejects(nothing, (error: UserError) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, ExitCode.infeasible);
    assert.match(error.message, /none of the 20 networks .*energy 20/);
    assert.match(error.message, /nearest miss: conv-\S+ misses energy on board-a in layer conv1/);
    assert.match(error.message, /more of everything for conv-/);
    return true;
  });
});

Deno.test("search() refuses a platform that is not listed", async () => {
  const wrong = runSearch({
    folder,
    workDir: await workDir(),
    params: parameters({ platform: "board-c" }),
  });
  await assert.rejects(wrong, /"board-c" is none of the platforms/);
});

Deno.test("a mistake in the data reaches the user from within a worker", async () => {
  const empty = await Deno.makeTempDir();
  await assert.rejects(runSearch({ folder: empty, workDir: await workDir() }), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /train\.x\.npy/);
    return true;
  });
});

Deno.test("drawNetworks() yields every network of the space that exists, once", () => {
  const { space } = parameters();
  const names = [...drawNetworks(space, 1, input, CLASSES)].map(({ network }) => network.name);
  assert.equal(names.length, spaceSize(space));
  assert.equal(new Set(names).size, names.length);
  const small = [...drawNetworks(space, 1, { ...input, h: 5 }, CLASSES)];
  assert.ok(small.length < names.length, "kernels 5 and 5 do not fit 5 steps");
});

const trained = (sample: number, latency_s: number, val_accuracy: number) =>
  ({ candidate: { sample, network: `n${sample}` }, latency_s, val_accuracy }) as Trained;

Deno.test("chooseBest() takes accuracy, then latency, then the first drawn", () => {
  const options = [
    trained(0, 3, 0.9),
    trained(1, 2, 0.95),
    trained(2, 1, 0.95),
    trained(3, 1, 0.95),
  ];
  assert.equal(chooseBest(options)!.candidate.sample, 2);
  assert.equal(chooseBest([]), undefined);
});

Deno.test("paretoPoints() marks what no other network beats", () => {
  const points = paretoPoints(
    [trained(0, 3, 0.9), trained(1, 2, 0.95), trained(2, 1, 0.8), trained(3, 1, 0.7)],
    1,
  );
  ParetoArtifact.shape.points.parse(points);
  assert.deepEqual(points.map(({ sample, on_front }) => [sample, on_front]), [
    [2, true],
    [3, false],
    [1, true],
    [0, false],
  ]);
});

Deno.test("quantile() is the value that a share does not exceed", () => {
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2);
  assert.equal(quantile([4, 1, 3, 2], 1), 4);
  assert.equal(quantile([7], 0.25), 7);
});

Deno.test("rejectionOf() names the network as a whole where every layer fits", () => {
  const whole = { name: "n", feasible: false, latency_s: null, layers: [] };
  assert.deepEqual(
    rejectionOf("board-a", { ...whole, binding: "nvm", violation: 12, unit: "bytes" }),
    { platform: "board-a", binding: "nvm", layer: null, layers: 0, violation: 12, unit: "bytes" },
  );
  assert.throws(() => rejectionOf("board-a", whole), /without a reason/);
});

Deno.test("latencyOn() the worst platform is null where one cannot run", () => {
  const costs = (platform: string, latency_s: number | null) => ({
    platform,
    feasible: latency_s !== null,
    latency_s,
    energy_J: null,
    power_cycles: null,
    slack_J: null,
    slack_vm_bytes: null,
  });
  assert.equal(latencyOn("worst", [costs("a", 1), costs("b", 2)]), 2);
  assert.equal(latencyOn("worst", [costs("a", 1), costs("b", null)]), null);
  assert.equal(latencyOn("a", [costs("a", 1), costs("b", null)]), 1);
});

/** Every method, and what steers one; `supernet` has a test of its own below. */
const SEARCHES: Record<string, object> = {
  random: {},
  "random in rungs": { epochs: 3, halving: { rungs: [1, 2] } },
  "random in rungs, against earlier ones": {
    epochs: 3,
    halving: { rungs: [1, 2], against: "earlier" },
  },
  "the largest first, in rungs": {
    epochs: 3,
    halving: { rungs: [1, 2] },
    prefilter: { of: 20 },
    requirement_s: 0.3,
  },
  reinforce: { method: "reinforce" },
  "hw-nas": { method: "hw-nas" },
  evolution: { method: "evolution" },
  exhaustive: {
    method: "exhaustive",
    space: { type: "conv", dimensions: 1, layers: 1, kernels: [1, 3, 5], channels: [2, 4] },
  },
};

/** What a study holds, without who did it and how long it took. */
function studyContent(workDir: string): string {
  const path = `${workDir}/study.db`;
  return canonicalJson(
    readStudies(path).flatMap(({ study }) => readLedger(path, study)).map((row) => ({
      ...row,
      started_at: null,
      seconds: null,
      samples_per_s: null,
      worker: null,
    })),
  );
}

for (const [name, overrides] of Object.entries(SEARCHES)) {
  Deno.test(`search(): ${name}: the same study for any workers, and after it was stopped`, async () => {
    const params = parameters({
      trials: 8,
      epochs: 1,
      requirement_s: 0.25,
      max_samples: 60,
      ...overrides,
    });
    const work1 = await workDir();
    const one = await runSearch({ folder, workDir: work1, params });
    const work2 = await workDir();
    const stop = new AbortController();
    let trained = 0;
    const broken = runSearch({
      folder,
      workDir: work2,
      params,
      threads: 2,
      signal: stop.signal,
      onTrial: () => ++trained === 2 && stop.abort(new Error("stopped")),
    });
    await assert.rejects(broken, /stopped/);
    const trainedJobs: TrialJob[] = [];
    const resumed = await runSearch({ folder, workDir: work2, params, threads: 3, trainedJobs });
    assert.equal(canonicalJson(resumed.trials), canonicalJson(one.trials));
    assert.equal(canonicalJson(resumed.pareto), canonicalJson(one.pareto));
    assert.equal(studyContent(work2), studyContent(work1));
    const networks = new Set(one.trials.candidates.filter(({ trial }) => trial !== null));
    const again = trainedJobs.filter(({ until }) => until === params.epochs);
    assert.ok(again.length < networks.size, "what was recorded was trained again");
    ParetoArtifact.parse(one.pareto);
    TrialsArtifact.parse(one.trials);
  });
}

Deno.test("search() by reinforce keeps every action and its reward", async () => {
  const params = parameters({ method: "reinforce", trials: 12, epochs: 1, requirement_s: 0.2 });
  const { trials } = await runSearch({ folder, workDir: await workDir(), params });
  assert.equal(trials.steps.filter(({ reward }) => reward !== null).length, 12);
  for (const { sample, reward } of trials.steps) {
    if (trials.candidates[sample!]!.rejection !== null) assert.equal(reward, -0.1);
  }
  const [first] = trials.steps.filter(({ sample, reward }) =>
    reward !== null && trials.candidates[sample!]!.trial !== null
  );
  assert.equal(first!.reward, 0.1, "the first accuracy is held against zero");
});

Deno.test("search() by hw-nas trains what it thinks fits, and takes none that has no safe design", async () => {
  const always = fakeExplore(Infinity);
  const limited = fakeExplore(700);
  const { trials, best, pareto } = await runSearch({
    folder,
    workDir: await workDir(),
    params: parameters({ method: "hw-nas", trials: 24, epochs: 1 }),
    explore: (networks, platform, power) =>
      (power === "continuous" ? always : limited)(networks, platform, power),
  });
  const unsafe = trials.candidates.filter(({ rejection }) => rejection !== null);
  assert.ok(unsafe.length > 0, "everything is safe: the test shows nothing");
  for (const { trial, rejection, continuous_latency_s } of unsafe) {
    assert.notEqual(trial, null);
    assert.equal(rejection!.binding, "energy");
    assert.ok(continuous_latency_s! > 0);
  }
  assert.ok(best.candidate.rejection === null);
  assert.equal(pareto.infeasible.length, unsafe.length);
  assert.ok(pareto.infeasible.every(({ val_accuracy }) => val_accuracy !== null));
});

Deno.test("search() by exhaustive trains every network that can run", async () => {
  const params = parameters({
    method: "exhaustive",
    trials: 1,
    epochs: 1,
    space: { type: "conv", dimensions: 1, layers: 1, kernels: [1, 3, 5], channels: [2, 4] },
  });
  const { trials } = await runSearch({ folder, workDir: await workDir(), params, threads: 2 });
  assert.equal(trials.trained, 6);
  assert.equal(trials.survey.exact, true);
  const large = { type: "conv", dimensions: 1, layers: 4, kernels: [1, 3, 5], channels: [2, 4, 8] };
  await assert.rejects(
    runSearch({
      folder,
      workDir: await workDir(),
      params: parameters({ method: "exhaustive", space: large }),
    }),
    /6561 networks is too large/,
  );
});

Deno.test("search() in rungs gives up the worse half, and what goes on ends as if never paused", async () => {
  const params = (halving: object | null) => parameters({ trials: 6, epochs: 4, halving });
  const full = await runSearch({ folder, workDir: await workDir(), params: params(null) });
  const halved = await runSearch({
    folder,
    workDir: await workDir(),
    params: params({ rungs: [1, 2], keep: 0.5 }),
    threads: 2,
  });
  assert.equal(full.trials.epochs_trained, 24);
  // 6 for one epoch, 3 for a second, 2 for the last two.
  assert.equal(halved.trials.epochs_trained, 6 + 3 + 2 * 2);
  for (const [i, { trial }] of halved.trials.candidates.entries()) {
    if (trial === null) continue;
    const whole = full.trials.candidates[i]!.trial!;
    assert.deepEqual(trial.epochs, whole.epochs.slice(0, trial.epochs.length));
    assert.equal(trial.stopped_after ?? 4, trial.epochs.length);
  }
  assert.equal(halved.best.candidate.trial!.epochs.length, 4);
});

Deno.test("search() surveys the space before it trains", async () => {
  const { trials } = await runSearch({
    folder,
    workDir: await workDir(),
    explore: fakeExplore(1500),
    params: parameters({ trials: 1, epochs: 1 }),
  });
  const { survey } = trials;
  assert.equal(survey.networks_in_space, 81);
  assert.equal(survey.asked, 81);
  const { q25, q50, q75 } = survey.latency_quantiles_s!;
  assert.ok(q25 <= q50 && q50 <= q75 && q75 <= 0.15);
  assert.equal(Math.round(81 * survey.feasible_share), 81 - survey.rejected.energy!);
});

Deno.test("a published space goes by its name", () => {
  assert.equal(spaceSize(parameters({ space: "har" }).space), 4096);
  assert.equal(spaceSize(parameters({ space: "cifar10" }).space), 1_048_576);
  assert.equal(spaceSize(parameters({ space: "kws" }).space), 256);
  assert.throws(() => parameters({ space: "imagenet" }));
});

Deno.test("search() by supernet ranks what can run in time by one network's weights, then trains the best", async () => {
  const params = parameters({
    method: "supernet",
    trials: 3,
    epochs: 1,
    requirement_s: 0.3,
    supernet: { epochs: 2, per_step: 2, candidates: 30 },
  });
  const folder1 = await workDir();
  const { trials } = await runSearch({ folder, workDir: folder1, params });
  assert.equal(trials.trained, 3);
  assert.equal(trials.supernet!.epochs.length, 2);
  // Two epochs of the supernet with two networks a step, one of each trial.
  assert.equal(trials.epochs_trained, 2 * 2 + 3);
  assert.ok(trials.supernet!.networks > 3 && trials.supernet!.networks <= 30);
  assert.ok(trials.candidates.every(({ costs }) => costs[0]!.latency_s! <= 0.3));

  // The same again, and after a kill in the supernet's second epoch.
  const folder2 = await workDir();
  const stop = new AbortController();
  const cut = runSearch({
    folder,
    workDir: folder2,
    params,
    signal: stop.signal,
    progress: {
      ...silent,
      update: (text) => {
        if (!text.includes("epoch 2 of 2")) return;
        assert.match(text, /samples\/s, \d+ s left$/);
        stop.abort(new Error("killed"));
      },
    },
  });
  await assert.rejects(cut, /killed/);
  const { trials: resumed } = await runSearch({ folder, workDir: folder2, params, threads: 2 });
  assert.deepEqual(resumed, trials);
});

Deno.test("search() puts what is drawn in order of size where it filters", async () => {
  const { trials } = await runSearch({
    folder,
    workDir: await workDir(),
    params: parameters({
      trials: 3,
      epochs: 1,
      requirement_s: 0.3,
      prefilter: { proxy: "macs", of: 20 },
    }),
  });
  const sizes = trials.candidates.map(({ macs }) => macs);
  assert.deepEqual(sizes, [...sizes].sort((a, b) => b - a));
  assert.equal(trials.trained, 3);
  const { trials: plain } = await runSearch({
    folder,
    workDir: await workDir(),
    params: parameters({ trials: 3, epochs: 1, requirement_s: 0.3 }),
  });
  assert.ok(Math.max(...sizes) > Math.max(...plain.candidates.map(({ macs }) => macs)));
});

Deno.test("search() filters for method random alone, and only what must be in time", async () => {
  const networks = async (method: string, prefilter: object | null) => {
    const params = parameters({
      method,
      trials: 3,
      epochs: 1,
      prefilter,
      requirement_s: method === "random" ? null : 0.3,
    });
    const notes: string[] = [];
    const progress = { ...silent, note: (text: string) => notes.push(text) };
    const { trials } = await runSearch({ folder, workDir: await workDir(), params, progress });
    return { notes, networks: trials.candidates.map(({ network }) => network) };
  };
  for (const method of ["evolution", "random"]) {
    assert.deepEqual(await networks(method, { of: 20 }), await networks(method, null));
  }
});
