/** Threads that share a batch: the same gradients as one thread, the same bytes for any number of them. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../base/random.ts";
import { Network } from "../../network/network.ts";
import { selectBackend } from "../../training/backend.ts";
import { type BackendName, chooseBackend } from "../../training/backend_choice.ts";
import type { LossOptions } from "../../training/backward.ts";
import type { Split } from "../../training/data.ts";
import { onGrid } from "../../training/fake_quantise.ts";
import { fit } from "../../training/fit.ts";
import { buildGraph } from "../../training/forward.ts";
import { OwnThread } from "../../training/executor.ts";
import { initialParameters } from "../../training/parameters.ts";
import { openExecutor, partsOf, Team } from "../../training/team.ts";
import { options } from "./fixture.ts";

const input = { h: 20, w: 20, channels: 4 };
const conv = (name: string, size: number) => ({
  name,
  type: "conv",
  kernel: { h: size, w: size },
  channels: 16,
  activation: "relu",
  bias: true,
});
/** 0.86 million multiplications a sample. */
const network = Network.parse({
  name: "wide",
  input,
  layers: [
    conv("a", 5),
    conv("b", 3),
    { name: "p", type: "global_avg_pool" },
    { name: "out", type: "fc", channels: 3, bias: true },
  ],
});

function noise(samples: number, seed: number): Split {
  const random = new Random(seed, "team");
  const y = Int32Array.from({ length: samples }, () => random.int(3));
  const x = new Float32Array(samples * 1600);
  x.forEach((_, i) => x[i] = random.normal() + 0.3 * y[Math.floor(i / 1600)]!);
  return { input, samples, x, y };
}

const batch = noise(250, 1);
const parameters = initialParameters(network, 3);

const backends: BackendName[] = [];
for (const name of ["tensorflow", "wasm"] as const) {
  const obstacle = await chooseBackend(name).then(() => undefined, (error: Error) => error);
  if (obstacle === undefined) backends.push(name);
  else console.error(`SKIPPED: teams on ${name}. ${obstacle.message}`);
}

const random = new Random(2, "probabilities");
const lossOptions: Record<string, LossOptions> = {
  "labels": {},
  "smoothed and weighted labels, mixed": {
    smoothing: 0.1,
    weights: Float32Array.of(0.5, 1, 1.5),
    mixture: { labels: batch.y.slice().reverse(), share: 0.7 },
  },
  "a teacher's probabilities": {
    probabilities: Float32Array.from({ length: 750 }, () => random.uniform()),
  },
};

function worst(actual: readonly Float32Array[], expected: readonly Float32Array[]): number {
  return Math.max(...expected.map((own, k) => {
    const scale = Math.max(...own.map(Math.abs));
    return Math.max(...own.map((value, i) => Math.abs(value - actual[k]![i]!))) / scale;
  }));
}

Deno.test("partsOf() cuts where there is enough to compute, into a power of two", () => {
  assert.equal(partsOf(network, 1), 1);
  assert.equal(partsOf(network, 116), 1);
  assert.equal(partsOf(network, 117), 2);
  assert.equal(partsOf(network, 250), 4);
  assert.equal(partsOf(network, 1800), 4);
  assert.equal(partsOf(network, 1870), 8);
  assert.equal(partsOf(network, 100_000), 8);
});

for (const backend of backends) {
  for (const [what, one] of Object.entries(lossOptions)) {
    Deno.test(`${backend}: a team's gradients are one thread's: ${what}`, async () => {
      await selectBackend(backend);
      using team = await Team.open(backend, network, 2);
      using alone = new OwnThread(network);
      const shared = await team.gradients(parameters, batch, one);
      const whole = await alone.gradients(parameters, batch, one);
      assert.ok(Math.abs(shared.loss / whole.loss - 1) < 1e-5);
      assert.equal(shared.correct, whole.correct);
      const difference = worst(shared.gradients, whole.gradients);
      assert.ok(difference < 1e-4, `differ by ${difference}`);
      const reversed = whole.gradients.map((own) => own.slice().reverse());
      assert.ok(worst(shared.gradients, reversed) > 0.1, "the comparison sees nothing");
    });
  }

  Deno.test(`${backend}: a team predicts as one thread does, on a grid too`, async () => {
    await selectBackend(backend);
    using team = await Team.open(backend, network, 2);
    using alone = new OwnThread(network);
    const split = noise(300, 4);
    const ranges = new Float32Array(network.layers.length + 1).fill(4);
    const target = { element_bytes: 1, per_channel: true } as const;
    const rounded = onGrid(buildGraph(network, parameters), parameters, ranges, target);
    for (const { grid, parameters: own } of [{ grid: undefined, parameters }, rounded]) {
      const before = tf.memory().numTensors;
      const shared = await team.predict(own, split, { grid });
      const whole = await alone.predict(own, split, { grid });
      assert.equal(tf.memory().numTensors, before);
      assert.equal(shared.classes, 3);
      // A sum on the other side of a half is a code off, which is 4 / 127.
      const tolerance = grid === undefined ? 1e-4 : 0.04;
      whole.logits.forEach((score, i) => {
        assert.ok(Math.abs(score - shared.logits[i]!) < tolerance, `score ${i}`);
      });
    }
  });

  Deno.test(`${backend}: fit() gives the same bytes for one thread and for three`, async () => {
    await selectBackend(backend);
    const run = async (threads: number) => {
      using team = await Team.open(backend, network, threads);
      const { parameters, epochs } = await fit({
        network,
        train: batch,
        val: noise(60, 5),
        options: { ...options, epochs: 2, batch_size: 125, mixup: 0.2 },
        executor: team,
      });
      return { parameters, epochs };
    };
    const one = await run(1);
    const three = await run(3);
    assert.deepEqual(three, one);
    const whole = await fit({
      network,
      train: batch,
      val: noise(60, 5),
      options: { ...options, epochs: 2, batch_size: 125, mixup: 0.2 },
    });
    whole.epochs.forEach(({ loss }, i) => {
      assert.ok(Math.abs(loss / one.epochs[i]!.loss - 1) < 2e-3, `epoch ${i + 1}`);
    });
  });
}

Deno.test("a team says what went wrong in one of its threads, and goes on", async () => {
  using team = await Team.open("wasm", network, 2);
  const torn = { x: batch.x.subarray(0, 1000), y: batch.y };
  await assert.rejects(team.gradients(parameters, torn), /tensor/i);
  const { gradients } = await team.gradients(parameters, batch);
  assert.equal(gradients.length, parameters.length);
});

Deno.test("a team whose backend does not start is refused", async () => {
  await assert.rejects(Team.open("cpu" as BackendName, network, 2), /no training backend called/);
});

Deno.test("openExecutor() takes a team for large batches on the processor alone", async () => {
  const request = { network, batch_size: 128, threads: 2 };
  const on_processor = { name: "wasm", on_processor: true } as const;
  using team = await openExecutor({ ...request, backend: on_processor });
  assert.ok(team instanceof Team);
  using small = await openExecutor({ ...request, batch_size: 32, backend: on_processor });
  assert.ok(small instanceof OwnThread);
  const on_gpu = { name: "webgpu", on_processor: false } as const;
  using gpu = await openExecutor({ ...request, backend: on_gpu });
  assert.ok(gpu instanceof OwnThread);
});
