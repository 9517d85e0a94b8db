/**
 * The addon against inputs of every kind of wrong: it answers, or throws an Error that names the
 * field; it never crashes and never runs without end. `BROWNOUT_FUZZ_RUNS` and `BROWNOUT_FUZZ_SEED`
 * make it longer.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { loadExplorer, type NativeRequest } from "../../native/addon.ts";
import { prepareRequest } from "../../native/mod.ts";
import { Network } from "../../network/network.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const RUNS = Number(Deno.env.get("BROWNOUT_FUZZ_RUNS") ?? 300);
const SEED = Number(Deno.env.get("BROWNOUT_FUZZ_SEED") ?? 1);
/** Far beyond what cancelling may take on a busy machine. */
const PATIENCE_MS = 5000;

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

/** Every path to a value of the request, and to its objects and lists. */
function paths(value: unknown, at: (string | number)[] = []): (string | number)[][] {
  if (value === null || typeof value !== "object") return [at];
  const inner = Object.entries(value).flatMap(([key, child]) => paths(child, [...at, key]));
  return at.length === 0 ? inner : [at, ...inner];
}

function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  if (path.length === 0) return by;
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
    ...[0, -0, -1, 1, 2, 3, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, 5e-324],
    ...[NaN, Infinity, -Infinity, 0.5, "", "RCMN", "conv", "full", "3", true, false],
    ...[null, undefined, [], {}, [[]], [-1], [0, 1], () => 1, 1n, Symbol("s")],
  ),
  fc.double(),
  fc.integer(),
  fc.string(),
);
const changes = fc.array(fc.tuple(fc.constantFrom(...paths(native)), wrong), {
  minLength: 1,
  maxLength: 3,
});

/** Explores for a moment, then asks to stop: either way it must end soon. */
async function explored(request: unknown): Promise<"answered" | "refused"> {
  let running;
  try {
    running = loadExplorer().explore([request as NativeRequest], 2);
  } catch (error) {
    assert.ok(error instanceof Error && error.message.length > 0, String(error));
    return "refused";
  }
  const stop = setTimeout(running.cancel, 50);
  let patience;
  const late = new Promise((_, reject) => {
    patience = setTimeout(() => reject(new Error("runs on though asked to stop")), PATIENCE_MS);
  });
  try {
    await Promise.race([running.promise, late]);
    return "answered";
  } finally {
    clearTimeout(stop);
    clearTimeout(patience);
  }
}

Deno.test("the addon answers or refuses whatever it is handed, and ends when asked", async () => {
  const seen = { answered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      let request: unknown = native;
      for (const [path, by] of list) request = replaced(request, path, by);
      seen[await explored(request)]++;
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
  // Otherwise it would not have been tried on both sides of its checks.
  assert.ok(seen.answered > RUNS / 50 && seen.refused > RUNS / 4, JSON.stringify(seen));
});

Deno.test("the addon refuses arguments of any wrong kind", () => {
  const { explore, space, cost } = loadExplorer() as unknown as Record<
    "explore" | "space" | "cost",
    (...args: unknown[]) => unknown
  >;
  fc.assert(
    fc.property(wrong, wrong, wrong, (a, b, c) => {
      for (const call of [explore, space, cost]) {
        assert.throws(() => call(a, b, c), Error);
        assert.throws(() => call(native, b, c), Error);
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
});
