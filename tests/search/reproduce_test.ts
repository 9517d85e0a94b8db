import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { XMLParser } from "fast-xml-parser";
import { FitParameters } from "../../network/artifacts/training.ts";
import { SearchSpace } from "../../network/space.ts";
import { trainAll } from "../../stages/search/pool.ts";
import { compare, type ComparisonRow } from "../../stages/search/reproduce/compare.ts";
import { PUBLISHED } from "../../stages/search/reproduce/published.ts";
import {
  comparisonChart,
  comparisonCsv,
  comparisonTable,
  findings,
  totals,
} from "../../stages/search/reproduce/report.ts";
import { CLASSES, input, silent, writeDataset } from "./fixture.ts";

const outcome = (search_s: number, accuracy: number | null) => ({
  asked: 3,
  trained: 2,
  search_s,
  explorer_s: 0.5,
  best: accuracy === null
    ? null
    : { network: { name: "conv-1x2", input, layers: [] } as never, accuracy },
});

const row = (
  requirement: number,
  inas_s: number | null,
  as_is_s: number | null,
  explored_s: number | null,
): ComparisonRow => ({
  capacitance_F: 0.001,
  harvester_ohm: 62,
  requirement,
  requirement_s: 30,
  continuous_requirement_s: 3,
  inas: { ...outcome(107, inas_s === null ? null : 0.9), latency_s: inas_s },
  hw_nas: { ...outcome(100, 0.8), as_is_s, explored_s },
});

Deno.test("totals() compares only with those that complete safely", () => {
  const sums = totals([row(1, 10, 40, 20), row(2, 10, null, 20), row(3, 10, null, null)]);
  assert.equal(sums.as_is_safe, 1);
  assert.equal(sums.explored_safe, 2);
  assert.equal(sums.lower_than_as_is, 0.75);
  assert.equal(sums.lower_than_explored, 0.5);
  assert.ok(Math.abs(sums.search_longer! - 0.07) < 1e-12);
  assert.ok(Math.abs(sums.accuracy_gain! - 0.1) < 1e-12);
  assert.deepEqual(totals([row(1, null, null, null)]).lower_than_as_is, null);
});

Deno.test("a comparison is told as table, CSV and chart", () => {
  const rows = [row(1, 10, 40, 20), row(2, 10, null, 20), row(3, null, null, null)];
  assert.equal(comparisonTable(rows).split("\n").length, 5);
  assert.match(comparisonTable(rows), /\| unsafe \|/);
  const records = parse(comparisonCsv(rows), { columns: true }) as Record<string, string>[];
  assert.deepEqual(records.map((one) => one["hw_nas_as_is_s"]), ["40", "", ""]);
  const svg = new XMLParser({ ignoreAttributes: false }).parse(comparisonChart(rows, "title"));
  assert.ok(svg.svg.rect.length > 4);
  assert.match(findings(totals(rows)).join("\n"), /published: 60 %/);
});

Deno.test("compare() gives the same rows again, and what was trained is not trained again", async () => {
  const folder = await Deno.makeTempDir();
  await writeDataset(folder);
  const workDir = await Deno.makeTempDir();
  let trainings = 0;
  const run = () =>
    compare({
      space: SearchSpace.parse({
        type: "conv",
        dimensions: 1,
        layers: 2,
        kernels: [1, 3],
        channels: [2, 4],
      }),
      input,
      classes: CLASSES,
      boards: [{
        capacitance_F: 0.001,
        harvester_ohm: 62,
        safe_margin: 0.55,
        requirements_s: [5, 100],
      }],
      continuous_s: [2, 50],
      trials: 6,
      seed: 1,
      options: FitParameters.parse({ epochs: 1, batch_size: 60 }),
      workDir,
      identity: "fixture",
      judge: (network, board) =>
        Promise.resolve({
          latency_s: network.layers[0]!.channels! * (board === "continuous" ? 1 : 2),
          explorer_s: 0.25,
        }),
      asItIs: () => Promise.resolve(null),
      train: (source, onProgress) =>
        trainAll({
          setting: {
            datasetFolder: folder,
            input,
            subset: 1,
            subsetSeed: 1,
            backend: "wasm",
          },
          source,
          threads: 2,
          signal: new AbortController().signal,
          onProgress,
          onOutcome: () => trainings++,
        }),
      progress: silent,
    });
  const first = await run();
  assert.ok(trainings > 0 && trainings <= 16);
  trainings = 0;
  assert.deepEqual(await run(), first);
  assert.equal(trainings, 0);
  assert.equal(first.length, 2);
  for (const { inas, hw_nas, requirement_s, continuous_requirement_s } of first) {
    assert.equal(inas.asked, 6);
    assert.equal(inas.explorer_s, 6 * 0.25);
    if (inas.best !== null) assert.ok(inas.latency_s! <= requirement_s);
    if (hw_nas.best !== null) {
      assert.ok(hw_nas.best.network.layers[0]!.channels! <= continuous_requirement_s);
      assert.equal(hw_nas.explored_s, 2 * hw_nas.best.network.layers[0]!.channels!);
    }
  }
});

Deno.test("PUBLISHED holds three requirements per capacitor", () => {
  for (const { intermittent, continuous_s } of Object.values(PUBLISHED)) {
    assert.equal(continuous_s.length, 3);
    for (const { requirements_s } of intermittent.values()) {
      assert.deepEqual(requirements_s, [...requirements_s].sort((a, b) => a - b));
    }
  }
});
