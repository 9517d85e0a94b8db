/**
 * Trains the CIFAR network on one backend and prints a JSON line per batch size. A step is what a step
 * of the train stage is: samples gathered while the batch before is computed, forward, loss, backward, Adam.
 *
 * Arguments: backend, seconds per measurement, batch sizes.
 */
import process from "node:process";
import { Random } from "../base/random.ts";
import { buildNetwork, SearchSpace } from "../network/space.ts";
import { adamStart, adamStep } from "../training/adam.ts";
import { selectBackend } from "../training/backend.ts";
import { gather, type Split } from "../training/data.ts";
import { initialParameters } from "../training/parameters.ts";
import { openExecutor } from "../training/team.ts";

const input = { h: 32, w: 32, channels: 3 };
const CLASSES = 10;
/** 3x3x8, 5x5x8, 7x7x4, 7x7x24, 3x3x24, then global average pool and fc. */
const space = SearchSpace.parse({
  type: "conv",
  dimensions: 2,
  layers: 5,
  kernels: [1, 3, 5, 7],
  channels: [4, 8, 16, 24],
});
const network = buildNetwork(space, [1, 1, 2, 1, 3, 0, 3, 3, 1, 3], input, CLASSES);

const [name, seconds, ...batches] = Deno.args;
const backend = await selectBackend(name!);
const random = new Random(1, "bench");
const samples = 512;
const split: Split = {
  input,
  samples,
  x: Float32Array.from({ length: samples * 3072 }, () => random.normal()),
  y: Int32Array.from({ length: samples }, (_, i) => i % CLASSES),
};
const parameters = initialParameters(network, 1);
const adam = adamStart(parameters.map(({ data }) => data.length));

/** Steps timed together. */
const ROUND = 3;

for (const batch of batches.map(Number)) {
  const positions = Int32Array.from({ length: batch }, (_, i) => i % samples);
  using executor = await openExecutor({
    backend,
    network,
    batch_size: batch,
    threads: navigator.hardwareConcurrency,
  });
  let next = gather(split, positions);
  const step = async () => {
    const pending = executor.gradients(parameters, next);
    next = gather(split, positions);
    const { gradients } = await pending;
    adamStep(adam, parameters, gradients, 0.005);
  };
  for (let i = 0; i < ROUND; i++) await step();
  const rounds: number[] = [];
  const cpu: number[] = [];
  const end = performance.now() + 1000 * Number(seconds);
  do {
    const started = performance.now();
    const used = process.cpuUsage();
    for (let i = 0; i < ROUND; i++) await step();
    rounds.push(1000 * ROUND * batch / (performance.now() - started));
    const { user, system } = process.cpuUsage(used);
    cpu.push(1e6 * ROUND * batch / Math.max(1, user + system));
  } while (performance.now() < end);
  console.log(JSON.stringify({ batch, rounds, cpu, description: backend.description }));
}
