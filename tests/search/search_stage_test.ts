import assert from "node:assert/strict";
import { UserError } from "../../base/errors.ts";
import { readJson, writeJson } from "../../base/files.ts";
import { ArchitectureArtifact } from "../../network/artifacts/architecture.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { ParetoArtifact, TrialsArtifact } from "../../network/artifacts/search.ts";
import { exploreNetwork } from "../../native/mod.ts";
import type { StageContext } from "../../pipeline/stage.ts";
import { stage } from "../../stages/search/run.ts";
import { CLASSES, input, parameters, silent, writeDataset } from "./fixture.ts";

const root = `${import.meta.dirname}/../..`;
const folder = await Deno.makeTempDir();
await writeDataset(folder);
const split = (samples: number) => ({ samples, per_class: Array(CLASSES).fill(samples / CLASSES) });
await writeJson(`${folder}/dataset.json`, DatasetArtifact, {
  name: "waves",
  title: "Waves under noise",
  input,
  classes: ["slow", "medium", "fast"],
  splits: { train: split(120), val: split(60), test: split(3) },
  split_rule: "generated apart",
  normalisation: { per: "none", mean: [], std: [] },
  provenance: { source: "here", licence: "none", files: [], official: null, cautions: [] },
});

const platforms = [
  { profile: "msp430fr5994-fram", capacitance_F: 0.005 },
  { profile: "msp432p401r-spi", capacitance_F: 0.005 },
];

async function run(overrides: object, signal = new AbortController().signal): Promise<string> {
  const artifactDir = await Deno.makeTempDir();
  await stage.run({
    params: parameters({ platforms, trials: 2, epochs: 1, ...overrides }),
    input: () => folder,
    artifactDir,
    workDir: await Deno.makeTempDir(),
    root,
    threads: 2,
    progress: silent,
    signal,
  } as StageContext<unknown>);
  return artifactDir;
}

Deno.test("stage search leaves a network with the explorer's own latency", async () => {
  const artifact = await run({});
  const chosen = await readJson(`${artifact}/architecture.json`, ArchitectureArtifact);
  const trials = await readJson(`${artifact}/trials.json`, TrialsArtifact);
  const pareto = await readJson(`${artifact}/pareto.json`, ParetoArtifact);
  assert.equal(trials.survey.exact, true);
  assert.equal(trials.survey.asked, 81);
  const { q25, q75 } = trials.survey.latency_quantiles_s!;
  assert.ok(q25 > 0 && q25 <= q75);
  const answer = await exploreNetwork(chosen.network, platforms[0]!, {
    protocol: "brownout",
    space: "full",
    root,
  });
  assert.equal(chosen.latency_s, answer.latency_s);
  assert.equal(chosen.platform, "msp430fr5994-fram");
  assert.equal(trials.trained, 2);
  assert.deepEqual(
    pareto.points.filter((point) => point.chosen).map(({ sample }) => sample),
    [chosen.trial],
  );
  const rows = await stage.report!(artifact);
  assert.deepEqual(rows.map(([label]) => label), ["network", "trials", "modelled latency"]);
});

Deno.test("stage search optimises for the worst platform where it is told to", async () => {
  const artifact = await run({ platform: "worst" });
  const { candidates } = await readJson(`${artifact}/trials.json`, TrialsArtifact);
  const chosen = await readJson(`${artifact}/architecture.json`, ArchitectureArtifact);
  const { costs } = candidates.find(({ sample }) => sample === chosen.trial)!;
  assert.equal(chosen.latency_s, Math.max(...costs.map(({ latency_s }) => latency_s!)));
});

Deno.test("stage search searches the fc space", async () => {
  const artifact = await run({ space: { type: "fc", layers: 2, units: [4, 8, 12] } });
  const { network } = await readJson(`${artifact}/architecture.json`, ArchitectureArtifact);
  assert.deepEqual(network.layers.map(({ type }) => type), ["fc", "fc", "fc"]);
});

Deno.test("stage search says what is in the way where the capacitor is too small", async () => {
  const small = platforms.map((platform) => ({ ...platform, capacitance_F: 1e-5 }));
  await assert.rejects(run({ platforms: small, max_samples: 8 }), (error: UserError) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, 5);
    assert.match(error.message, /in the way: energy 8/);
    assert.match(error.message, /layer conv1 needs .* more capacitance/);
    return true;
  });
});

Deno.test("stage search stops at once when told to", async () => {
  await assert.rejects(run({}, AbortSignal.abort(new Error("stopped"))), /stopped/);
});

Deno.test("stage search refuses a platform of another pipeline before anything runs", async () => {
  const problems = await stage.preflight!({
    params: parameters({ platforms, platform: "board-a" }),
    root,
  });
  assert.match(problems[0]!.message, /"board-a" is none of the platforms/);
});
