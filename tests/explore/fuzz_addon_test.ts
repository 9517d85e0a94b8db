/**
 * Every function of the addon against inputs of every kind of wrong: it answers, or throws an Error
 * that names the field; it never crashes and never runs without end. `BROWNOUT_FUZZ_RUNS` (of each
 * function) and `BROWNOUT_FUZZ_SEED` make it longer, `BROWNOUT_FUZZ_ROOT` names another build's root
 * (native/test/run.sh fuzz).
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { type Addon, loadExplorer, type NativeSpace } from "../../native/addon.ts";
import { prepareRequest } from "../../native/mod.ts";
import { PUBLISHED_ORDERS } from "../../network/design.ts";
import { Network } from "../../network/network.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const RUNS = Number(Deno.env.get("BROWNOUT_FUZZ_RUNS") ?? 150);
const SEED = Number(Deno.env.get("BROWNOUT_FUZZ_SEED") ?? 1);
const addon = loadExplorer(Deno.env.get("BROWNOUT_FUZZ_ROOT") ?? ROOT);
/** Far beyond what cancelling may take on a busy machine. */
const PATIENCE_MS = 20000;

const network = Network.parse({
  name: "small",
  input: { h: 9, w: 7, channels: 4 },
  layers: [
    { name: "conv1", type: "conv", kernel: { h: 3, w: 3 }, channels: 6, bias: true },
    { name: "sum", type: "add", inputs: ["conv1", "conv1"] },
    { name: "pool", type: "global_avg_pool" },
    { name: "flat", type: "flatten" },
    { name: "fc", type: "fc", channels: 3, bias: true },
  ],
});
const { native } = await prepareRequest({
  name: "small",
  power: "intermittent",
  space: "full",
  objective: "pareto",
  latency_limit_s: 100,
  pin: { conv1: { Tr: 3, S: 2 } },
  platform: { profile: "msp430fr5994-spi" },
  network,
}, ROOT);
const request = { ...native, layers: native.layers.map(({ pin: _, ...layer }) => layer) };
const [conv, , , , fc3] = request.layers;

const design = {
  Tr: 3,
  Tc: 2,
  Tm: 2,
  Tn: 1,
  S: 2,
  loop_order: PUBLISHED_ORDERS.O,
  mac_span: "channel" as const,
};
const requantisation = { multiplier: 1 << 14, shift: 20, minimum: -32767, maximum: 32767 };
const space: NativeSpace = {
  common: {
    ...request,
    layers: [
      conv!,
      { ...conv!, inputs: [0], n: 6, h: 7, w: 5, r: 5, c: 3 },
      { ...fc3!, inputs: [0] },
    ],
  },
  chains: [
    { layers: [0], back: [[1]] },
    { layers: [0, 1], back: [[1], [1]] },
    { layers: [2], back: [[1]] },
  ],
  levels: [
    { choices: 2, chain: [0, 1], next: [0, 0] },
    { choices: 3, chain: [1, -1, 0], next: [0, -1, 0] },
  ],
  tails: [2],
};

/** Arguments that each function takes. */
const VALID: Record<keyof Addon, readonly unknown[]> = {
  explore: [[native], 2],
  space: [space, 2],
  cost: [request, 0, design],
  runOn: [request, request.layers.map(({ kind }) => kind === "none" ? null : design), 2],
  infer: [
    {
      element_bytes: 2,
      input_elements: 12,
      layers: [{
        ...fc3!,
        inputs: [-1],
        n: 12,
        m: 3,
        output_elements: 3,
        weights: new Int16Array(36).fill(7),
        bias: new Int32Array(3).fill(-9),
        requantisation,
      }],
    },
    new Int16Array(24).fill(100),
    2,
  ],
};

/** Every path to a value, and to its objects and lists. */
function paths(value: unknown, at: (string | number)[] = []): (string | number)[][] {
  const leaf = value === null || typeof value !== "object" || ArrayBuffer.isView(value);
  if (leaf) return [at];
  const inner = Object.entries(value).flatMap(([key, child]) => paths(child, [...at, key]));
  return at.length === 0 ? inner : [at, ...inner];
}

function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  if (path.length === 0 || value === null || typeof value !== "object") return by;
  const copy = (Array.isArray(value) ? [...value] : { ...value as object }) as Record<
    string,
    unknown
  >;
  const [key, ...rest] = path;
  copy[key!] = replaced(copy[key!], rest, by);
  return copy;
}

const wrong = fc.oneof(
  fc.constantFrom(
    ...[0, -0, -1, 1, 2, 3, 7, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, 5e-324],
    ...[NaN, Infinity, -Infinity, 0.5, "", "RCMN", "conv", "full", "3", true, false],
    ...["tile", "hawaii", "stateful", "checkpoint", "ideal", "latency", "per_channel"],
    ...[null, undefined, [], {}, [[]], [-1], [0, 1], new Int16Array(3), () => 1, 1n, Symbol("s")],
  ),
  fc.double(),
  fc.integer(),
  fc.integer({ min: 1, max: 40 }),
  fc.string(),
);

/** Calls, lets it run for a moment, then asks to stop: either way it must end soon. */
async function outcome(call: () => unknown): Promise<"answered" | "refused"> {
  const asked = performance.now();
  let running;
  try {
    running = call();
  } catch (error) {
    assert.ok(error instanceof Error && error.message.length > 0, String(error));
    return "refused";
  } finally {
    assert.ok(performance.now() - asked < PATIENCE_MS, "the event loop waits too long");
  }
  const { promise, cancel } = running instanceof Promise
    ? { promise: running, cancel: () => {} }
    : running as { promise?: Promise<unknown>; cancel?: () => void };
  const stop = setTimeout(() => cancel?.(), 50);
  let patience;
  const late = new Promise((_, reject) => {
    patience = setTimeout(() => reject(new Error("runs on though asked to stop")), PATIENCE_MS);
  });
  try {
    await Promise.race([promise, late]);
    return "answered";
  } finally {
    clearTimeout(stop);
    clearTimeout(patience);
  }
}

for (const [name, valid] of Object.entries(VALID)) {
  const call = (args: readonly unknown[]) => () =>
    (addon[name as keyof Addon] as (...args: unknown[]) => unknown)(...args);

  Deno.test(`the addon's ${name}() answers or refuses whatever it is handed, and ends`, async () => {
    assert.equal(await outcome(call(valid)), "answered");
    const changes = fc.array(fc.tuple(fc.constantFrom(...paths(valid)), wrong), {
      minLength: 1,
      maxLength: 3,
    });
    const seen = { answered: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const args = list.reduce<unknown>((made, [path, by]) => replaced(made, path, by), valid);
        seen[await outcome(call(args as unknown[]))]++;
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    console.log(`${name}: ${seen.answered} answered, ${seen.refused} refused`);
    // Otherwise it would not have been tried on both sides of its checks.
    assert.ok(seen.answered > RUNS / 50 && seen.refused > RUNS / 4, JSON.stringify(seen));
  });

  Deno.test(`the addon's ${name}() refuses arguments of any wrong kind`, () => {
    fc.assert(
      fc.property(wrong, wrong, wrong, (a, b, c) => {
        // No requests at all are a right call.
        const none = name === "explore" && Array.isArray(a) && a.length === 0;
        fc.pre(!(none && typeof b === "number" && b >= 1 && b <= 1024));
        assert.throws(call([a, b, c]), Error);
        assert.throws(call([]), Error);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
}

Deno.test("outcome() notices a promise that does not end (negative control)", async () => {
  const endless = () => ({ promise: Promise.reject(new Error("runs on")), cancel: () => {} });
  await assert.rejects(outcome(endless), /runs on/);
});
