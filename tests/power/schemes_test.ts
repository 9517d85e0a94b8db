import assert from "node:assert/strict";
import { join } from "node:path";
import type { Scheme } from "../../network/design.ts";
import type { Cost } from "../../network/platform.ts";
import { platformTable } from "../../network/platform_table.ts";
import { command, ROOT } from "../dump/support.ts";
import { randomMixedNetwork, randomNetwork } from "../quantize/support.ts";
import { build, makeSubject, type PowerLine, simulate, type Subject } from "./simulation.ts";

const UNTIL_FAILURE = ["hawaii", "stateful", "checkpoint", "ideal"] as const satisfies Scheme[];
const INFERENCES = 4;
/** A buffer that holds a whole inference of the networks below, as `ideal` asks. */
const PLATFORM = { profile: "msp430fr5994-fram", capacitance_F: 0.02 };
const NETWORKS = { random: randomNetwork(3), mixed: randomMixedNetwork(6) };

interface Case {
  name: string;
  scheme: Scheme;
  /** Flattens: layers of the model that are none of the runtime's. */
  flat: Set<number>;
  subject: Subject;
}

async function cases(folder: string): Promise<Case[]> {
  const made: Case[] = [];
  for (const [which, network] of Object.entries(NETWORKS)) {
    for (const element_bytes of [2, 1] as const) {
      for (const scheme of ["tile", ...UNTIL_FAILURE] as const) {
        if (scheme === "tile" && element_bytes === 2) continue; // power_test.ts
        const name = `${which}-int${8 * element_bytes}-${scheme}`;
        const choice = { ...PLATFORM, element_bytes };
        const subject = await makeSubject(join(folder, name), network, choice, { scheme });
        await build(subject.folder, join(folder, "objects"));
        const flat = new Set(network.layers.flatMap(({ type }, i) => type === "flatten" ? i : []));
        made.push({ name, scheme, flat, subject });
      }
    }
  }
  return made;
}

/**
 * A capacitor in which an inference often fails and each unit of progress still fits: a group of
 * outputs into a small one, a layer or a whole inference into one that is this much larger than it.
 */
const SPARE = 1.3;
function smallCapacitor_F({ scheme, subject }: Case): number {
  const { platform, predicted } = subject;
  const unit_J = scheme === "checkpoint"
    ? Math.max(...predicted.map(({ energy_max_J }) => energy_max_J))
    : subject.runOn(platform.harvester_ohm / 100, INFERENCES).energy_J;
  return scheme === "checkpoint" || scheme === "ideal"
    ? SPARE * unit_J / ((platform.v_on ** 2 - platform.v_off ** 2) / 2)
    : 0.0002;
}

/** A source that carries the load: nothing fails, so that the work alone is compared. */
function strong({ subject: { platform } }: Case): { ohm: number; options: string[] } {
  const ohm = platform.harvester_ohm / 100;
  return {
    ohm,
    options: [
      ...["--source", `constant:ohm=${ohm}`, "--after-commit", "run_on"],
      ...["--inferences", String(INFERENCES)],
    ],
  };
}

/**
 * What the model charges every inference and a board that never fails does once: it looks for results
 * that wait (two releases), and an inference of ideal begins with a boot.
 */
function afterBoot({ scheme, subject: { platform } }: Case): Cost {
  const { nvm_read, reboot } = platform;
  const read = (n: number) => ({
    energy_J: nvm_read.energy_fixed_J + n * nvm_read.energy_per_element_J,
    latency_s: nvm_read.latency_fixed_s + n * nvm_read.latency_per_element_s,
  });
  const parts = [read(4), read(4), ...(scheme === "ideal" ? [reboot, read(8), read(8)] : [])];
  return {
    energy_J: parts.reduce((sum, part) => sum + part.energy_J, 0),
    latency_s: parts.reduce((sum, part) => sum + part.latency_s, 0),
  };
}

const near = (found: number, wanted: number, what: string) =>
  assert.ok(Math.abs(found / wanted - 1) < 1e-9, `${what}: ${found}, modelled ${wanted}`);

function right(line: PowerLine, what: string) {
  assert.equal(line.failure, null, what);
  assert.equal(line.mismatches, 0, what);
  assert.equal(line.measured, INFERENCES, what);
}

Deno.test("bo_power() charges every scheme and int8 what the explorer models", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    const all = await cases(folder);
    const marked = new Set<string>();
    const until = all.filter(({ scheme }) => scheme !== "tile");

    await t.step("where nothing fails, energy and the time of every layer are equal", async () => {
      for (const one of until) {
        const { ohm, options } = strong(one);
        const line = await simulate(one.subject.folder, options);
        right(line, one.name);
        assert.equal(line.all.deaths, 0, one.name);
        const model = one.subject.runOn(ohm, INFERENCES);
        const boot = afterBoot(one);
        near(line.energy_J / line.measured + boot.energy_J, model.energy_J, `${one.name} energy`);
        const modelled_s = model.layer_latency_s.filter((_, i) => !one.flat.has(i));
        assert.equal(modelled_s.length, line.layers.length, one.name);
        line.layers.forEach(({ name, latency_s }, i) => {
          const more_s = i === line.layers.length - 1 ? boot.latency_s : 0;
          near(latency_s / line.measured + more_s, modelled_s[i]!, `${one.name} layer ${name}`);
        });
      }
    });

    await t.step("int8 of scheme tile: every layer and its worst power cycle", async () => {
      for (const { name, subject } of all.filter(({ scheme }) => scheme === "tile")) {
        const line = await simulate(subject.folder, ["--inferences", String(INFERENCES)]);
        right(line, name);
        subject.predicted.forEach((layer, i) => {
          near(line.layers[i]!.energy_max_J, layer.energy_max_J, `${name} ${layer.name} worst`);
          near(line.layers[i]!.energy_J / line.measured, layer.energy_J, `${name} ${layer.name}`);
        });
      }
    });

    await t.step("marks and states are booked as what they are", async () => {
      for (const one of until) {
        const line = await simulate(one.subject.folder, strong(one).options);
        const deeds = new Set(line.layers.flatMap(({ deeds }) => Object.keys(deeds)));
        if (deeds.has("write_mark")) marked.add(one.scheme);
        assert.equal(deeds.has("state"), one.scheme === "stateful", one.name);
        const results = line.layers.slice(0, -1).some(({ deeds }) => "write_result" in deeds);
        assert.ok(!results, `${one.name}: a layer writes no result`);
      }
    });

    assert.deepEqual([...marked], ["hawaii"]);

    await t.step("cut wherever the capacitor empties, outputs are right", async () => {
      for (const one of until) {
        const { name, subject } = one;
        const table = join(subject.folder, "small.table");
        const small = { ...subject.platform, capacitance_F: smallCapacitor_F(one) };
        await Deno.writeTextFile(table, platformTable(small));
        const ohm = 100 * small.harvester_ohm;
        const line = await simulate(subject.folder, [
          ...["--source", `constant:ohm=${ohm}`, "--after-commit", "run_on"],
          ...["--inferences", String(INFERENCES)],
        ], table);
        right(line, name);
        assert.ok(line.all.deaths > 0, name);
        assert.ok(line.layers.some(({ lost_max_J }) => lost_max_J > 0), name);
      }
    });

    await t.step("control: a capacitor that holds no unit of progress brings none", async () => {
      for (const one of until) {
        const { name, scheme, subject } = one;
        if (scheme !== "checkpoint" && scheme !== "ideal") continue;
        const table = join(subject.folder, "smaller.table");
        const less = { ...subject.platform, capacitance_F: smallCapacitor_F(one) / (1.2 * SPARE) };
        await Deno.writeTextFile(table, platformTable(less));
        const ohm = 1000 * less.harvester_ohm;
        const options = [
          ...["--source", `constant:ohm=${ohm}`, "--after-commit", "run_on"],
          ...["--inferences", String(INFERENCES)],
        ];
        const { failure } = await simulate(subject.folder, options, table);
        assert.match(`${name}: ${failure}`, /no progress/);
      }
    });

    await t.step("control: what the table leaves out is missed", async () => {
      for (
        const [scheme, field] of [["stateful", "add"], ["hawaii", "nvm_write"]] as const
      ) {
        const one = until.find((one) => one.scheme === scheme)!;
        const { platform } = one.subject;
        const table = join(folder, `${scheme}.table`);
        const none = Object.fromEntries(Object.keys(platform[field]).map((key) => [key, 0]));
        await Deno.writeTextFile(table, platformTable({ ...platform, [field]: none }));
        const { ohm, options } = strong(one);
        const line = await simulate(one.subject.folder, options, table);
        const model = one.subject.runOn(ohm, INFERENCES);
        assert.ok(line.energy_J / line.measured < (1 - 1e-4) * model.energy_J, scheme);
      }
    });

    await t.step("control: a mark more, or a state more, in the runtime shows", async () => {
      for (
        const [scheme, file, from, to] of [
          [
            "hawaii",
            "marks.c",
            "BO_COUNT(marks, 1);",
            "bo_port_nvm_write(address_of(progress->model, progress->mark_slot), &mark, BO_MARK_BYTES);",
          ],
          [
            "stateful",
            "states.c",
            "BO_COUNT(states_set, count);",
            "BO_COUNT(states_set, count + 1u);",
          ],
        ] as const
      ) {
        const one = until.find((one) => one.scheme === scheme)!;
        const runtime = join(folder, `runtime-${scheme}`);
        await command("cp", ["-r", `${ROOT}runtime-c`, runtime]);
        const path = join(runtime, "core", file);
        const source = await Deno.readTextFile(path);
        assert.equal(source.split(from).length, 2);
        await Deno.writeTextFile(path, source.replace(from, to));
        const at = `${one.subject.folder}-planted`;
        await command("cp", ["-r", one.subject.folder, at]);
        await Deno.remove(join(at, "bo_power"));
        await build(at, join(folder, `objects-${scheme}`), { runtime });
        const { ohm, options } = strong(one);
        const line = await simulate(at, options);
        const { energy_J } = one.subject.runOn(ohm, INFERENCES);
        assert.ok(line.energy_J / line.measured > (1 + 1e-7) * energy_J, scheme);
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
