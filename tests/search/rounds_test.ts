import assert from "node:assert/strict";
import type { JobSource } from "../../stages/search/pool.ts";
import type { SearchParameters } from "../../stages/search/schema.ts";
import { fitParameters } from "../../stages/search/schema.ts";
import { Study } from "../../stages/search/study.ts";
import { Rounds, type TrialToTrain } from "../../stages/search/train_round.ts";
import { parameters } from "./fixture.ts";

/** Networks that all reach one accuracy, each with a loss of its own. */
async function epochsOf(losses: readonly number[], halving: object): Promise<number[]> {
  const workDir = await Deno.makeTempDir();
  using study = new Study(`${workDir}/study.db`, "s");
  const params: SearchParameters = parameters({ trials: losses.length, epochs: 3, halving });
  const rounds = new Rounds({
    params,
    options: fitParameters(params),
    study,
    workDir,
    train: ({ source }) => Promise.resolve(trainAll(source, losses)),
    progress: { update() {}, note() {}, warn() {} },
    aside: () => "",
  });
  const trials = losses.map((_, sample) => {
    const name = `network-${sample}`;
    return { sample, explored: { network: name, built: { name } } } as unknown as TrialToTrain;
  });
  await rounds.run(trials);
  return losses.map((_, sample) => rounds.scores(`network-${sample}`)!.epochs.length);
}

function trainAll(source: JobSource, losses: readonly number[]): void {
  for (let job = source.claim(); typeof job === "object"; job = source.claim()) {
    const scores = { val_accuracy: 0.5, val_loss: losses[job.sample]! };
    source.done(job, {
      sample: job.sample,
      network: job.network.name,
      scores: {
        seed: 1,
        best_epoch: 1,
        ...scores,
        epochs: Array.from({ length: job.until }, (_, i) => ({
          epoch: i + 1,
          learning_rate: 0,
          loss: 0,
          train_accuracy: 0,
          ...scores,
        })),
      },
      started_at: "",
      seconds: 0,
      samples_per_s: 0,
    });
  }
}

Deno.test("Rounds hold equal accuracies apart by their loss, so that no rung keeps more than it should", async () => {
  const losses = [0.3, 0.9, 0.7, 0.5];
  assert.deepEqual(await epochsOf(losses, { rungs: [1], keep: 0.5 }), [3, 1, 1, 3]);
  assert.deepEqual(
    await epochsOf(losses, { rungs: [1], keep: 0.5, against: "earlier" }),
    [3, 1, 3, 3],
  );
  // Nothing holds equal ones apart: all stay.
  assert.deepEqual(await epochsOf([0.4, 0.4], { rungs: [1], keep: 0.5 }), [3, 3]);
});
