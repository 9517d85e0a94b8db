import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { Random } from "../../base/random.ts";
import { UserError } from "../../base/errors.ts";
import {
  OVERHEADS,
  type Platform,
  PlatformProfile,
  profileNames,
  readProfile,
  resolvePlatform,
} from "../../network/platform.ts";
import { loadExplorer } from "../../native/mod.ts";
import { nativeLayer } from "../../native/convert.ts";
import { sourceFiles } from "../../toolchain/tree.ts";
import { anyDesign, randomLayer } from "../reference-model/random_layers.ts";
import { runtimeCost } from "../reference-model/runtime.ts";
import { inUnits } from "./in_units.ts";
import { mixedUnits } from "./mixed_units.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const PLATFORMS = join(ROOT, "platforms");
/** Powers of two: scaling by them rounds nothing. */
const JOULE = 8, SECOND = 32;

Deno.test("no source adds or compares names of different units", async () => {
  const rooms = /^(native|network|stages|bench|tests|training|cli|runtime-c|base)\//;
  const files = (await sourceFiles(ROOT)).filter((path) =>
    rooms.test(path) && /\.(ts|h|c|cpp)$/.test(path) && !path.startsWith("tests/units/")
  );
  assert.ok(files.length > 250, `${files.length} files`);
  const wrong: string[] = [];
  for (const file of files) {
    const source = await Deno.readTextFile(join(ROOT, file));
    for (const { line, text } of mixedUnits(source)) wrong.push(`${file}:${line}: ${text}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("mixedUnits() finds sums of different units, and nothing else (negative control)", () => {
  for (
    const wrong of [
      "const x = a.energy_J + b.latency_s;",
      "sum_J += layer.latency_s",
      "if (time_s > cost.energy_J) return;",
      "return cycle.energy_J - evaluation.running_s();",
      "double x = spent_J + p->left_s;",
      "at_bytes + count_elements",
    ]
  ) assert.equal(mixedUnits(wrong).length, 1, wrong);
  for (
    const right of [
      "const x = a.energy_J + b.energy_J;",
      "power_W * time_s + energy_J",
      "energy_J + power_W * time_s",
      "energy_J / time_s - power_W",
      "limit_s < time_s && budget_J > energy_J",
      "// energy_J + latency_s",
      '"energy_J + latency_s"',
      "energy_J + latency_scale",
    ]
  ) assert.deepEqual(mixedUnits(right), [], right);
});

Deno.test("the model and its slow twin cost the same in other units", async () => {
  const p = resolvePlatform(await readProfile(PLATFORMS, "msp430fr5994-spi"), {
    capacitance_F: 1,
    safe_margin: 1,
  });
  const q = inUnits(p, JOULE, SECOND);
  const random = new Random(41, "units");
  for (let i = 0; i < 60; i++) {
    const layer = randomLayer(random), design = anyDesign(random, layer);
    const { h, w, channels } = layer.input;
    const cost = (platform: Platform) =>
      loadExplorer().cost(
        {
          protocol: "brownout",
          power: "intermittent",
          platform,
          input_elements: h * w * channels,
          layers: [nativeLayer(layer, 0)],
        },
        0,
        design,
      );
    for (const costOf of [cost, (platform: Platform) => runtimeCost(platform, layer, design)]) {
      const si = costOf(p), other = costOf(q);
      for (const field of ["energy_J", "energy_max_J", "energy_min_J"] as const) {
        assert.equal(other[field], JOULE * si[field], field);
      }
      assert.ok(Math.abs(other.latency_s / (SECOND * si.latency_s) - 1) < 1e-11);
    }
  }
});

/** A profile whose energies are in other units than its clock: what it resolves to must follow. */
async function scaledProfile(name: string): Promise<[before: Platform, after: Platform]> {
  const profile = await readProfile(PLATFORMS, name);
  const after = structuredClone(profile);
  for (const cost of [...Object.values(after.costs), ...Object.values(after.mac)]) {
    if (cost === undefined) continue;
    const { energy } = cost;
    if ("value" in energy) energy.value *= JOULE;
    else energy.fixed *= JOULE, energy.per_element *= JOULE;
  }
  return [resolvePlatform(profile), resolvePlatform(after)];
}

/** Overheads whose time follows a scale of energies. */
async function mixedOverheads(name: string): Promise<string[]> {
  const [before, after] = await scaledProfile(name);
  for (
    const cost of ["add", "multiply", "divide", "max", "requantise", "commit", "reboot"] as const
  ) {
    assert.equal(after[cost].energy_J, JOULE * before[cost].energy_J);
    assert.equal(after[cost].latency_s, before[cost].latency_s);
  }
  return OVERHEADS.filter((overhead) => {
    assert.equal(after.overheads[overhead].energy_J, JOULE * before.overheads[overhead].energy_J);
    return after.overheads[overhead].latency_s !== before.overheads[overhead].latency_s;
  });
}

Deno.test("resolvePlatform() builds no time from joules, but for the published defect", async () => {
  const names = await profileNames(PLATFORMS);
  assert.ok(names.length >= 4);
  for (const name of names) {
    const expected = (await readProfile(PLATFORMS, name)).defects.latency_from_energy;
    assert.deepEqual(await mixedOverheads(name), OVERHEADS.filter((o) => expected.includes(o)));
  }
  // The control: the published profile has the defect, and it shows by name.
  assert.deepEqual(
    await mixedOverheads("msp430fr5994-inas2021"),
    [
      "fetch_output_I",
      "fetch_output_W",
      "fetch_output_O",
      "backup_output_I",
      "backup_output_W",
      "backup_output_O",
    ].filter((name) => name !== "fetch_output_O" || true),
  );
});

/** Paths of all nodes that hold numbers which a source must stand for. */
function figures(node: unknown, path: string[] = []): string[][] {
  if (node === null || typeof node !== "object") return [];
  const own = "source" in node ? [path] : [];
  return [
    ...own,
    ...Object.entries(node).flatMap(([key, child]) => figures(child, [...path, key])),
  ];
}

/** Numbers that are no physical figures: a kernel's demand on its vectors. */
const BARE = ["length_multiple"];

function numbersWithoutSource(node: unknown, sourced: boolean, path = ""): string[] {
  if (typeof node === "number") {
    return sourced || BARE.includes(path.split(".").at(-1)!) ? [] : [path];
  }
  if (node === null || typeof node !== "object") return [];
  const here = sourced || "source" in node && "status" in node;
  return Object.entries(node).flatMap(([key, child]) =>
    numbersWithoutSource(child, here, path === "" ? key : `${path}.${key}`)
  );
}

Deno.test("every figure of every platform has unit, status and source, or the profile is refused", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of await profileNames(PLATFORMS)) {
      const text = await Deno.readTextFile(join(PLATFORMS, `${name}.yaml`));
      const profile = parseDocument(text).toJS() as PlatformProfile;
      assert.deepEqual(numbersWithoutSource(profile, false), [], name);
      const found = figures(profile);
      // Clock, sizes, power, costs, kernels and overheads.
      assert.ok(found.length >= 4 + 6 + 8 + 1 + OVERHEADS.length, `${name}: ${found.length}`);
      for (const path of found) {
        for (const key of ["source", "status", "unit"]) {
          const without = structuredClone(profile) as unknown as Record<string, unknown>;
          const parent = path.reduce<Record<string, unknown>>(
            (at, step) => at[step] as Record<string, unknown>,
            without,
          );
          const units = key !== "unit"
            ? [parent]
            : [parent, parent.energy, parent.latency].filter((at) =>
              at !== null && typeof at === "object" && "unit" in at
            ) as Record<string, unknown>[];
          for (const at of units) {
            const kept = at[key];
            delete at[key];
            assert.equal(PlatformProfile.safeParse(without).success, false, `${path} ${key}`);
            at[key] = kept;
          }
        }
      }
    }
    const spi = await Deno.readTextFile(join(PLATFORMS, "msp430fr5994-spi.yaml"));
    const wrong = spi.replace("unit: Hz", "unit: MHz");
    await Deno.writeTextFile(join(folder, "msp430fr5994-spi.yaml"), wrong);
    await assert.rejects(readProfile(folder, "msp430fr5994-spi"), UserError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
