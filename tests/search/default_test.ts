import assert from "node:assert/strict";
import { parse } from "yaml";

const root = `${import.meta.dirname}/../..`;

/** What steers a search, whatever the data, the boards and the requirement. */
const STEERS = [
  "trials",
  "epochs",
  "batch_size",
  "learning_rate",
  "schedule",
  "weight_average",
  "augment",
  "mixup",
  "halving",
  "prefilter",
  "method",
  "subset",
];

Deno.test("what the benchmark measures as the default is what pipeline.yaml does for HAR", async () => {
  const { stages, presets } = parse(await Deno.readTextFile(`${root}/pipeline.yaml`));
  const done = { ...stages.search.with, ...presets.har.search };
  for (const plan of ["har-default", "har-default20"]) {
    const { search } = JSON.parse(
      await Deno.readTextFile(`${root}/bench/search/plans/${plan}.json`),
    );
    for (const key of STEERS) {
      // The smaller budget is the same search with fewer trials.
      if (plan === "har-default20" && key === "trials") continue;
      assert.deepEqual(search[key], done[key], `${plan}: ${key}`);
    }
  }
});
