import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { selectBackend } from "../../training/backend.ts";
import { toTensors } from "../../training/backward.ts";
import { evaluate } from "../../training/evaluate.ts";
import { fit, type FitRequest } from "../../training/fit.ts";
import { buildGraph } from "../../training/forward.ts";
import type { Parameter } from "../../training/parameters.ts";
import { CLASSES, input, network, options, waves } from "./fixture.ts";

await selectBackend("wasm");
const train = waves(200, 1);
const val = waves(90, 2);
const request: FitRequest = { network, train, val, options };

function bytes(parameters: readonly Parameter[]): string {
  return parameters.map(({ data }) => [...new Uint8Array(data.slice().buffer)].join(",")).join(";");
}

Deno.test("fit() learns: the best epoch beats chance by far, and is the one that is kept", async () => {
  const { parameters, best, epochs } = await fit(request);
  assert.equal(epochs.length, options.epochs);
  assert.ok(best.val_accuracy > 0.8, `only ${best.val_accuracy}`);
  assert.equal(best.val_accuracy, Math.max(...epochs.map(({ val_accuracy }) => val_accuracy)));
  const tensors = toTensors(parameters);
  const scores = await evaluate(buildGraph(network, parameters), tensors, val);
  tf.dispose(tensors);
  assert.equal(scores.accuracy, best.val_accuracy);
  assert.equal(scores.loss, best.val_loss);
  const counted = scores.confusion.flat().reduce((sum, n) => sum + n, 0);
  assert.equal(counted, val.samples);
  const diagonal = scores.confusion.reduce((sum, row, c) => sum + row[c]!, 0);
  assert.equal(diagonal / val.samples, scores.accuracy);
});

Deno.test("fit() keeps the last epoch where it is told to, after a cut as well", async () => {
  const best = await fit(request);
  const last = await fit({ ...request, options: { ...options, keep: "last" } });
  assert.equal(last.best.epoch, options.epochs);
  assert.deepEqual(last.epochs, best.epochs);
  assert.ok(best.best.epoch < options.epochs, "both would be the same");
  const checkpoint = `${await Deno.makeTempDir()}/checkpoint.bin`;
  const cut = { ...request, options: { ...options, keep: "last" as const }, checkpoint };
  await fit({ ...cut, until: 2 });
  const resumed = await fit(cut);
  assert.equal(bytes(resumed.parameters), bytes(last.parameters));
  assert.notEqual(bytes(last.parameters), bytes(best.parameters));
});

Deno.test("fit() with the same seed gives the same bytes, with another seed others", async () => {
  const once = await fit(request);
  const again = await fit(request);
  const other = await fit({ ...request, options: { ...options, seed: 8 } });
  assert.equal(bytes(again.parameters), bytes(once.parameters));
  assert.deepEqual(again.epochs, once.epochs);
  assert.notEqual(bytes(other.parameters), bytes(once.parameters));
});

Deno.test("fit() does not draw on TensorFlow.js' own random numbers", async () => {
  const original = Math.random;
  Math.random = () => {
    throw new Error("unseeded randomness");
  };
  try {
    await fit({ ...request, options: { ...options, epochs: 1 } });
  } finally {
    Math.random = original;
  }
});

for (const after of [1, 3, 4]) {
  Deno.test(`fit() cut in epoch ${after + 1} goes on to the bytes of an unbroken run`, async () => {
    const checkpoint = `${await Deno.makeTempDir()}/checkpoint.bin`;
    const stop = new AbortController();
    const cut = fit({
      ...request,
      checkpoint,
      signal: stop.signal,
      onProgress: ({ epoch }) => {
        if (epoch > after) stop.abort(new Error("cut"));
      },
    });
    await assert.rejects(cut, /cut/);
    let first = 0;
    const resumed = await fit({
      ...request,
      checkpoint,
      onProgress: ({ epoch }) => first ||= epoch,
    });
    const unbroken = await fit(request);
    assert.equal(first, after + 1, "it did not go on from its checkpoint");
    assert.equal(bytes(resumed.parameters), bytes(unbroken.parameters));
    assert.deepEqual(resumed.epochs, unbroken.epochs);
  });
}

Deno.test("fit() does not use a checkpoint of other options", async () => {
  const checkpoint = `${await Deno.makeTempDir()}/checkpoint.bin`;
  await fit({ ...request, checkpoint, options: { ...options, epochs: 2 } });
  const after = await fit({ ...request, checkpoint });
  assert.equal(bytes(after.parameters), bytes((await fit(request)).parameters));
});

Deno.test("fit() does not stumble over a damaged checkpoint", async () => {
  const checkpoint = `${await Deno.makeTempDir()}/checkpoint.bin`;
  await fit({ ...request, checkpoint });
  const whole = await Deno.readFile(checkpoint);
  const unbroken = bytes((await fit(request)).parameters);
  for (const length of [0, 3, 40, whole.length - 4]) {
    await Deno.writeFile(checkpoint, whole.subarray(0, length));
    assert.equal(bytes((await fit({ ...request, checkpoint })).parameters), unbroken);
  }
});

Deno.test("fit() stops when patience runs out", async () => {
  const { epochs, best } = await fit({
    ...request,
    options: { ...options, epochs: 50, patience: 2, learning_rate: 1e-9, weight_average: 0 },
  });
  assert.equal(epochs.length, best.epoch + 2);
});

Deno.test("fit() leaves no tensor behind, and no more memory after many epochs than after few", async () => {
  const before = tf.memory().numTensors;
  const heap = () => (tf.memory() as unknown as { numBytes: number }).numBytes;
  await fit(request);
  assert.equal(tf.memory().numTensors, before);
  const few = heap();
  const counts: number[] = [];
  await fit({
    ...request,
    options: { ...options, epochs: 12 },
    onProgress: () => void counts.push(tf.memory().numTensors),
  });
  assert.equal(heap(), few);
  assert.deepEqual([...new Set(counts)], [before]);
});

Deno.test("fit() leaves no tensor behind when it is cut", async () => {
  const before = tf.memory().numTensors;
  await assert.rejects(fit({ ...request, signal: AbortSignal.abort(new Error("cut")) }), /cut/);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("evaluate() scores the last, smaller batch like the others", async () => {
  const { parameters } = await fit({ ...request, options: { ...options, epochs: 1 } });
  const many = waves(300, 3);
  const size = input.h * input.channels;
  const graph = buildGraph(network, parameters);
  const tensors = toTensors(parameters);
  const whole = await evaluate(graph, tensors, many);
  const halves = [many.x.subarray(0, 150 * size), many.x.subarray(150 * size)].map((x, i) => ({
    ...many,
    x,
    y: many.y.subarray(150 * i, 150 * (i + 1)),
    samples: 150,
  }));
  const parts = await Promise.all(halves.map((half) => evaluate(graph, tensors, half)));
  tf.dispose(tensors);
  const mean = (parts[0]!.accuracy + parts[1]!.accuracy) / 2;
  assert.ok(Math.abs(mean - whole.accuracy) < 1e-12);
  assert.equal(whole.confusion.length, CLASSES);
});
