import assert from "node:assert/strict";
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { keepsMarks, Scheme } from "../../network/design.ts";
import { DesignsArtifact, type ExploreAnswer, type FeasibleLayer } from "../../network/explore.ts";
import { Network, resolveLayers } from "../../network/network.ts";
import {
  energyBudget_J,
  PlatformProfile,
  profileNames,
  readProfile,
  resolvePlatform,
} from "../../network/platform.ts";
import { advise } from "../../native/advice.ts";
import { estimatedFigures } from "../../native/estimates.ts";
import {
  explore,
  exploreNetwork,
  explorePrepared,
  loadExplorer,
  prepareRequest,
} from "../../native/mod.ts";
import { explore as stage } from "../../stages/explore/run.ts";
import { canonicalJson } from "../../base/files.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

const network = Network.parse({
  name: "small",
  input: { h: 24, w: 1, channels: 6 },
  layers: [
    {
      name: "conv1",
      type: "conv",
      kernel: { h: 5, w: 1 },
      channels: 8,
      bias: true,
    },
    {
      name: "conv2",
      type: "conv",
      kernel: { h: 3, w: 1 },
      channels: 8,
      bias: true,
    },
    { name: "pool", type: "global_avg_pool" },
    { name: "fc", type: "fc", channels: 4, bias: true },
  ],
});

/** Many input channels: where energy is scarce, sums are committed between them. */
const deep = Network.parse({
  name: "deep",
  input: { h: 16, w: 1, channels: 64 },
  layers: [
    { name: "conv1", type: "conv", kernel: { h: 5, w: 1 }, channels: 16 },
    { name: "fc", type: "fc", channels: 4 },
  ],
});

/** Sums of conv2 are kept in NVM or read again: a choice between time, energy and wear. */
const image = Network.parse({
  name: "image",
  input: { h: 20, w: 20, channels: 4 },
  layers: [
    { name: "conv1", type: "conv", kernel: { h: 3, w: 3 }, channels: 8 },
    { name: "conv2", type: "conv", kernel: { h: 5, w: 5 }, channels: 24 },
    { name: "pool", type: "global_avg_pool" },
    { name: "fc", type: "fc", channels: 4 },
  ],
});

/** Takes far longer than the test waits: 20 divisors on each axis and more. */
const endless = Network.parse({
  name: "endless",
  input: { h: 240, w: 240, channels: 720 },
  layers: [{
    name: "conv",
    type: "conv",
    kernel: { h: 1, w: 1 },
    channels: 720,
  }],
});

Deno.test("every platform profile is whole, and only estimates call themselves that", async () => {
  const names = await profileNames(join(ROOT, "platforms"));
  assert.deepEqual(names, [
    "msp430fr5994-fram",
    "msp430fr5994-inas2021",
    "msp430fr5994-lea",
    "msp430fr5994-spi",
    "msp432p401r-spi",
  ]);
  const counts = new Map<string, number>();
  for (const name of names) {
    const profile: PlatformProfile = await readProfile(
      join(ROOT, "platforms"),
      name,
    );
    counts.set(name, estimatedFigures(profile, { profile: name }).length);
  }
  assert.equal(counts.get("msp430fr5994-inas2021"), 0);
  assert.ok(counts.get("msp432p401r-spi")! > counts.get("msp430fr5994-spi")!);
});

Deno.test("estimatedFigures() leaves out what the user has set", async () => {
  const profile = await readProfile(join(ROOT, "platforms"), "msp432p401r-spi");
  const before = estimatedFigures(profile, { profile: profile.name });
  const after = estimatedFigures(profile, {
    profile: profile.name,
    capacitance_F: 0.01,
  });
  assert.ok(before.includes("power.capacitance") && before.includes("mac.c"));
  assert.ok(
    !after.includes("power.capacitance") && !before.includes("mac.dsp"),
  );
});

Deno.test("exploreNetwork() fits VM, NVM and the energy budget", async () => {
  const answer = await exploreNetwork(network, {
    profile: "msp430fr5994-fram",
  });
  assert.equal(answer.feasible, true);
  assert.ok(answer.nvm!.total_bytes <= 35840);
  for (const layer of answer.layers) {
    assert.ok(
      layer.feasible && layer.slack_J! >= 0 && layer.slack_vm_bytes >= 0,
    );
    assert.equal(layer.vm!.total_bytes, layer.vm_bytes);
    assert.equal(layer.runners_up.length, 3);
    for (const other of layer.runners_up) {
      assert.ok(other.latency_s >= layer.latency_s * (1 - 1e-12));
    }
  }
});

Deno.test("exploreNetwork() proves the optimum of the full space and accounts for every design", async () => {
  const platform = { profile: "msp430fr5994-spi", kernel: "lea" };
  const published = await exploreNetwork(network, platform);
  const full = await exploreNetwork(network, platform, { space: "full" });
  assert.ok(full.feasible && full.latency_s! < published.latency_s!);
  for (const layer of full.layers) {
    assert.ok(layer.feasible && layer.proven_optimal);
    const { total, ...parts } = layer.coverage!;
    assert.equal(Object.values(parts).reduce((a, b) => a + b), total);
    assert.equal(total, layer.designs_total);
    assert.ok(layer.lower_bound! <= layer.latency_s * (1 + 1e-12));
  }
  const { Tr, Tc, Tm, Tn, S, loop_order, mac_span } = full
    .layers[0] as FeasibleLayer;
  const pin = { conv1: { Tr, Tc, Tm, Tn, S, loop_order, mac_span } };
  const pinned = await exploreNetwork(network, platform, {
    space: "full",
    pin,
  });
  assert.deepEqual(pinned.latency_s, full.latency_s);
  assert.equal(pinned.layers[0]!.designs_total, 1);
  const objectives = ["latency", "energy", "wear"] as const;
  const answers = await Promise.all(
    objectives.map((objective) => exploreNetwork(network, platform, { space: "full", objective })),
  );
  const written = answers.map((answer) =>
    answer.layers.reduce(
      (sum, layer) => sum + (layer as FeasibleLayer).written_bytes!,
      0,
    )
  );
  assert.ok(
    answers[1]!.energy_J! <= Math.min(...answers.map((a) => a.energy_J!)),
  );
  assert.ok(written[2]! <= Math.min(...written));
  assert.ok(
    answers[0]!.latency_s! <= Math.min(...answers.map((a) => a.latency_s!)),
  );
});

Deno.test("exploreNetwork() gives the Pareto front per layer and network, and the optima are its ends", async () => {
  const platform = { profile: "msp430fr5994-spi", capacitance_F: 0.01, harvester_ohm: 22 };
  let longest = 0;
  for (const [space, kernel] of [["published", "mpy32"], ["full", "lea"]] as const) {
    const ask = (objective: "latency" | "energy" | "wear" | "pareto", rest = {}) =>
      exploreNetwork(image, { ...platform, kernel }, { space, objective, ...rest });
    const { front, layers, ...answer } = await ask("pareto");
    longest = Math.max(longest, front!.length);
    for (const { latency_s, energy_J, written_bytes, choices } of front!) {
      const chosen = layers.map((layer, i) => (layer as FeasibleLayer).front![choices[i]!]!);
      const sum = (of: (design: typeof chosen[0]) => number, more: number) =>
        chosen.reduce((total, design) => total + of(design), more);
      const close = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-12 * a);
      close(latency_s, sum((d) => d.latency_s, answer.delivery!.latency_s));
      close(energy_J, sum((d) => d.energy_J!, answer.delivery!.energy_J));
      close(written_bytes, sum((d) => d.written_bytes!, answer.delivery!.written_bytes));
    }
    const least = (field: "latency_s" | "energy_J" | "written_bytes") =>
      Math.min(...front!.map((point) => point[field]));
    const close = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-10 * a);
    close((await ask("latency")).latency_s!, least("latency_s"));
    close((await ask("energy")).energy_J!, least("energy_J"));
    close((await ask("wear")).written_bytes!, least("written_bytes"));
    // Within a latency limit: the least energy of the points that keep it.
    const limit = (front![0]!.latency_s + front!.at(-1)!.latency_s) / 2;
    const within = await ask("energy", { latency_limit_s: limit });
    assert.ok(within.latency_s! <= limit && within.front === undefined);
    const kept = front!.filter((point) => point.latency_s <= limit);
    close(within.energy_J!, Math.min(...kept.map((point) => point.energy_J)));
    assert.deepEqual((await ask("pareto", { latency_limit_s: limit })).front, kept);
  }
  assert.ok(longest > 5);
});

Deno.test("exploreNetwork() keeps a latency requirement, or says by how much it is missed", async () => {
  const platform = { profile: "msp430fr5994-spi", kernel: "lea" };
  const free = await exploreNetwork(network, platform, { space: "full" });
  const within = await exploreNetwork(network, platform, {
    space: "full",
    latency_limit_s: free.latency_s! * 1.001,
  });
  assert.equal(within.latency_s, free.latency_s);
  const missed = await exploreNetwork(network, platform, {
    space: "full",
    latency_limit_s: free.latency_s! * 0.9,
  });
  assert.equal(missed.feasible, false);
  assert.equal(missed.binding, "latency");
  assert.ok(Math.abs(missed.violation! - free.latency_s! * 0.1) < 1e-9);
});

Deno.test("exploreNetwork() refuses planes that do not fit in NVM, and says so", async () => {
  const choice = {
    profile: "msp430fr5994-spi",
    vm_bytes: 600,
    capacitance_F: 0.0008,
  };
  const roomy = await exploreNetwork(deep, choice);
  assert.ok(
    roomy.nvm!.total_bytes > roomy.nvm!.planes[0],
    "this network needs planes",
  );
  // One byte less than the optimum takes: its planes must be refused, smaller ones are found.
  const nvm_bytes = roomy.nvm!.total_bytes - 1;
  const tight = await exploreNetwork(deep, { ...choice, nvm_bytes });
  assert.ok(tight.layers.some((layer) => (layer.rejected.nvm?.count ?? 0) > 0));
  assert.ok(tight.feasible && tight.nvm!.total_bytes <= nvm_bytes);
  assert.ok(tight.latency_s! > roomy.latency_s!);
});

Deno.test("exploreNetwork() refuses a layer that is too large to count", async () => {
  const huge = { ...endless, input: { h: 60000, w: 60000, channels: 60000 } };
  await assert.rejects(
    exploreNetwork(huge, { profile: "msp430fr5994-spi" }),
    (error) =>
      error instanceof UserError &&
      /larger than the explorer counts/.test(error.message),
  );
});

Deno.test("exploreNetwork() calls a network infeasible whose maps do not fit in NVM", async () => {
  const answer = await exploreNetwork(network, {
    profile: "msp430fr5994-spi",
    nvm_bytes: 600,
  });
  assert.equal(answer.feasible, false);
  assert.equal(answer.binding, "nvm");
  assert.equal(answer.unit, "byte");
  const enough = await exploreNetwork(network, {
    profile: "msp430fr5994-spi",
    nvm_bytes: 600 + answer.violation!,
  });
  assert.equal(enough.feasible, true);
});

Deno.test("advise() names a capacitance that suffices", async () => {
  const choice = { profile: "msp430fr5994-spi", capacitance_F: 0.0002 };
  const request = {
    name: "weak",
    power: "intermittent" as const,
    space: "published" as const,
    platform: choice,
    network,
  };
  const prepared = await prepareRequest(request, ROOT);
  const answer = await explore(request);
  assert.equal(answer.feasible, false);
  const lines = advise(answer, prepared.platform);
  const factors = lines.map((line) => Number(line.match(/([\d.]+) % more capacitance/)![1]));
  const capacitance_F = choice.capacitance_F * (1 + Math.max(...factors) / 100);
  const mended = await exploreNetwork(network, { ...choice, capacitance_F });
  assert.ok(mended.layers.every((layer) => layer.feasible));
});

/** What an advice asks for, in numbers. */
function asked(line: string) {
  const number = (pattern: RegExp) => Number(line.match(pattern)?.[1] ?? 0);
  return {
    vm: number(/(\d+) more bytes? of VM/),
    nvm: number(/(\d+) more bytes? of NVM/),
    energy: number(/([\d.]+) % more capacitance/),
  };
}

Deno.test("advise() says every way out, and each suffices, of one layer and of the network", async () => {
  const profile = "msp430fr5994-spi";
  const tight = [
    [network, { profile, capacitance_F: 0.00024, vm_bytes: 20 }],
    [network, { profile, capacitance_F: 0.00024, vm_bytes: 32 }],
    [network, { profile, capacitance_F: 0.005, vm_bytes: 20 }],
    [deep, { profile, capacitance_F: 0.00028, vm_bytes: 60, nvm_bytes: 14216 }],
    [deep, { profile, capacitance_F: 0.0003, vm_bytes: 60, nvm_bytes: 14216 }],
  ] as const;
  const seen = new Set<string>();
  for (const space of ["published", "full"] as const) {
    for (const [net, platform] of tight) {
      const request = { name: "tight", power: "intermittent" as const, space, platform };
      const { platform: resolved } = await prepareRequest({ ...request, network: net }, ROOT);
      const answer = await explore({ ...request, network: net });
      for (const line of advise(answer, resolved)) {
        const [said, all] = line.split(" would do for all ");
        if (all !== undefined) seen.add("for all");
        for (const word of [" or ", " and "]) if (line.includes(word)) seen.add(word.trim());
        for (const way of said!.split(" or ")) {
          const { vm, nvm, energy } = asked(way);
          assert.ok(vm + nvm + energy > 0, line);
          const mended = await exploreNetwork(net, {
            ...platform,
            vm_bytes: platform.vm_bytes + vm,
            nvm_bytes: resolved.nvm_bytes + nvm,
            capacitance_F: platform.capacitance_F * (1 + energy / 100),
          }, { space });
          const stuck = mended.layers.filter(({ feasible }) => !feasible);
          const named = stuck.filter(({ name }) => line.startsWith(`layer ${name} needs`));
          assert.deepEqual(all === undefined ? named : stuck, [], `${line}: ${way}`);
        }
      }
    }
  }
  assert.deepEqual([...seen].sort(), ["and", "for all", "or"]);
});

Deno.test("advise() says the least NVM of a network whose maps alone are too large", async () => {
  for (const nvm_bytes of [600, 900]) {
    const platform = { profile: "msp430fr5994-spi", nvm_bytes, vm_bytes: 600 };
    const answer = await exploreNetwork(deep, { ...platform, capacitance_F: 0.0008 });
    assert.equal(answer.binding, "nvm");
    const with_bytes = (more: number) =>
      exploreNetwork(deep, { ...platform, capacitance_F: 0.0008, nvm_bytes: nvm_bytes + more });
    assert.equal((await with_bytes(answer.violation!)).feasible, true);
    assert.equal((await with_bytes(answer.violation! - 4)).feasible, false);
  }
});

Deno.test("explore() keeps the order asked and explores alike for 1, 2 and 8 threads", async () => {
  const requests = ["msp430fr5994-spi", "msp432p401r-spi", "msp430fr5994-fram"]
    .map((profile) => ({
      name: profile,
      power: "intermittent" as const,
      space: "published" as const,
      platform: { profile },
      network,
    }));
  const one = await explore(requests, { threads: 1 });
  assert.deepEqual(
    one.map(({ name }) => name),
    requests.map(({ name }) => name),
  );
  for (const threads of [2, 8]) {
    assert.deepEqual(await explore(requests, { threads }), one);
  }
});

Deno.test("explore() stops when it is aborted", async () => {
  const stop = new AbortController();
  const reason = new Error("stopped by the test");
  setTimeout(() => stop.abort(reason), 50);
  await assert.rejects(
    exploreNetwork(endless, { profile: "msp430fr5994-spi" }, {
      signal: stop.signal,
    }),
    (error) => error === reason,
  );
});

Deno.test("explore() refuses what it cannot do, as the user's mistake", async () => {
  const power = "continuous" as const;
  const refused: [Parameters<typeof exploreNetwork>, RegExp][] = [
    [
      [network, { profile: "msp430fr5994-inas2021" }, { space: "full" }],
      /full space is that of protocol brownout/,
    ],
    [
      [network, { profile: "msp430fr5994-spi" }, {
        space: "full",
        pin: { conv3: { Tr: 2 } },
      }],
      /no layer "conv3" to pin/,
    ],
    [
      [network, { profile: "msp430fr5994-spi" }, {
        space: "full",
        pin: { conv1: { Tr: 99 } },
      }],
      /no design has the pinned axes/,
    ],
    [
      [network, { profile: "msp430fr5994-spi" }, { power }],
      /intermittent power only/,
    ],
    [
      [network, { profile: "msp430fr5994-lea", element_bytes: 1 }],
      /LEA multiplies 16-bit numbers/,
    ],
    [
      [network, { profile: "msp430fr5994-spi", kernel: "mpy23" }],
      /no MAC kernel/,
    ],
  ];
  for (const [args, message] of refused) {
    await assert.rejects(
      async () => await exploreNetwork(...args),
      (error) => error instanceof UserError && message.test(error.message),
    );
  }
});

Deno.test("loadExplorer() names the remedy where the addon is missing", async () => {
  const empty = await Deno.makeTempDir();
  assert.throws(
    () => loadExplorer(empty),
    (error) =>
      error instanceof UserError && error.exitCode === ExitCode.toolchain &&
      /deno task setup/.test(error.message),
  );
  await Deno.remove(empty);
});

Deno.test("the addon answers absurd sizes with a TypeError, never a crash", async () => {
  const { native } = await prepareRequest({
    name: "sizes",
    power: "intermittent",
    space: "published",
    platform: { profile: "msp430fr5994-spi" },
    network,
  }, ROOT);
  const addon = loadExplorer();
  for (
    const value of [0, -1, 1.5, 1e9, NaN, Infinity, "3", null, undefined, {}]
  ) {
    for (const field of ["h", "n", "m", "kernel_h", "stride_w"]) {
      const layers = [{ ...native.layers[0]!, [field]: value }];
      assert.throws(() => addon.explore([{ ...native, layers }], 1), TypeError);
    }
    if (typeof value === "number" && value > 0 && Number.isFinite(value)) {
      continue;
    }
    for (const field of ["vm_bytes", "capacitance_F", "v_on"]) {
      const platform = {
        ...native.platform,
        [field]: value,
      } as typeof native.platform;
      assert.throws(
        () => addon.explore([{ ...native, platform }], 1),
        TypeError,
      );
    }
  }
  assert.throws(() => addon.explore([native], 0), TypeError);
});

async function runStage(platforms: unknown[], rest: object = {}) {
  const notes: string[] = [];
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/search`);
  await Deno.mkdir(`${folder}/artifact`);
  await Deno.writeTextFile(
    `${folder}/search/architecture.json`,
    canonicalJson({
      network,
      classes: ["a", "b", "c", "d"],
      rule: "the only one",
      trial: 0,
      val_accuracy: 0.9,
      platform: "msp430fr5994-fram",
      latency_s: 1,
      requirement_s: null,
    }),
  );
  const params = stage.parameters.parse({ platforms, ...rest });
  const artifactDir = `${folder}/artifact`;
  try {
    await stage.run({
      params,
      input: (name) => `${folder}/${name}`,
      artifactDir,
      workDir: folder,
      root: ROOT,
      threads: 2,
      progress: { update() {}, note: (line) => void notes.push(line), warn() {} },
      signal: new AbortController().signal,
    });
    const files = [];
    for (const { profile } of platforms as { profile: string }[]) {
      files.push(
        JSON.parse(
          await Deno.readTextFile(`${artifactDir}/${profile}/designs.json`),
        ),
      );
    }
    return {
      designs: files.map((f) => DesignsArtifact.parse(f)),
      rows: await stage.report!(artifactDir),
      notes,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the explore stage writes designs per platform and reports against the limits", async () => {
  const { designs, rows } = await runStage([
    { profile: "msp430fr5994-fram" },
    { profile: "msp432p401r-spi" },
  ]);
  assert.deepEqual(designs[0]!.layers, resolveLayers(network));
  assert.equal(designs[0]!.answer.feasible, true);
  assert.equal(designs[0]!.platform.protocol, "brownout");
  const text = rows.map(([label, value]) => `${label}: ${value}`).join("\n");
  assert.match(
    text,
    /modelled on msp430fr5994-fram: latency .* power cycles \(estimated/,
  );
  assert.match(text, /VM \d+ of 4096 bytes, NVM \d+ of 212992 bytes/);
});

Deno.test("the explore stage says under which scheme, and that search judged by another", async () => {
  const platforms = [{ profile: "msp430fr5994-fram" }];
  const reported = async (scheme: string, rest = {}) => {
    const { designs: [only], rows, notes } = await runStage(platforms, { scheme, ...rest });
    assert.deepEqual([only!.scheme, only!.after_commit], [
      scheme,
      scheme === "tile" ? "sleep" : "run_on",
    ]);
    const judged = notes.filter((line) =>
      line.includes("search judged latencies under scheme tile")
    );
    assert.equal(judged.length, scheme === "tile" ? 0 : 1, notes.join("\n"));
    return { only: only!, shown: rows[0]![1] };
  };
  assert.match((await reported("tile")).shown, /^latency \S+ s in \d+ power cycles \(estimated/);
  assert.match((await reported("ideal")).shown, /^latency \S+ s in 1 power cycles, scheme ideal/);
  const hawaii = await reported("hawaii", { b: 12 });
  assert.match(hawaii.shown, /^latency .* power cycles, at worst \S+ s, scheme hawaii/);
  assert.equal(hawaii.only.b, 12);
});

Deno.test("the explore stage says per platform what to change where nothing is safe", async () => {
  await assert.rejects(
    runStage([{ profile: "msp430fr5994-fram", vm_bytes: 16 }]),
    (error) =>
      error instanceof UserError && error.exitCode === ExitCode.infeasible &&
      /needs \d+ more bytes of VM/.test(error.message),
  );
});

Deno.test("explore() refuses a B where none belongs, and a board that sleeps where none asks", async () => {
  const ask = (rest: Partial<Parameters<typeof prepareRequest>[0]>) =>
    prepareRequest({
      name: "asked",
      power: "intermittent",
      space: "published",
      platform: { profile: "msp430fr5994-spi" },
      network,
      ...rest,
    });
  const { native } = await ask({ scheme: "tile", after_commit: "sleep" });
  assert.deepEqual([native.scheme, native.b, native.after_commit], ["tile", 0, "sleep"]);
  await assert.rejects(ask({ b: 4 }), /scheme tile sends no groups/);
  await assert.rejects(ask({ scheme: "checkpoint", b: 4 }), /scheme checkpoint sends no groups/);
  const asleep = ask({ scheme: "hawaii", after_commit: "sleep" });
  await assert.rejects(asleep, /power cycle lasts until power fails/);
  await assert.rejects(
    ask({ scheme: "hawaii", protocol: "inas2021" }),
    /protocol inas2021 knows scheme tile only/,
  );
  const platforms = [{ profile: "msp430fr5994-spi" }];
  const problems = async (rest: Record<string, unknown>) =>
    await stage.preflight!({ params: stage.parameters.parse({ platforms, ...rest }), root: ROOT });
  assert.deepEqual(await problems({}), []);
  for (const scheme of ["hawaii", "stateful", "checkpoint", "ideal"] as const) {
    assert.deepEqual(await problems({ scheme }), []);
    assert.equal((await ask({ scheme })).native.after_commit, "run_on");
  }
  assert.match((await problems({ scheme: "ideal", b: 2 }))[0]!.message, /sends no groups/);
  const on = await ask({ after_commit: "run_on" });
  const [answer] = await explorePrepared([on]);
  const { run_on, power_cycles, latency_s } = answer!;
  assert.ok(run_on!.power_cycles < power_cycles! && run_on!.latency_s < latency_s!);
  assert.ok(run_on!.latency_s >= run_on!.running_s);
  assert.ok(run_on!.latency_s >= run_on!.lower_bound_s! && run_on!.lower_bound_s! > 0);
  assert.equal(run_on!.gap, run_on!.latency_s / run_on!.lower_bound_s! - 1);
  assert.ok(run_on!.above_V > on.platform.v_off && run_on!.above_V <= on.platform.v_on);
  const parts = [...run_on!.layers, run_on!.delivery];
  const sum = parts.reduce((total, part) => total + part.latency_s, 0);
  assert.ok(Math.abs(sum / run_on!.latency_s - 1) < 1e-12);
});

Deno.test("explore() charges every scheme, safely, with the best B of each layer", async () => {
  const platform = { profile: "msp430fr5994-fram", capacitance_F: 0.01 };
  const asked = (scheme: Scheme, rest = {}) =>
    explore({
      name: scheme,
      power: "intermittent",
      space: "full",
      scheme,
      platform,
      network,
      ...rest,
    });
  const profile = await readProfile(join(ROOT, "platforms"), platform.profile);
  const buffer_J = energyBudget_J(resolvePlatform(profile, { capacitance_F: 0.01 })).safe_J;
  const answers = new Map<Scheme, ExploreAnswer>();
  for (const scheme of Scheme.options) {
    const answer = await asked(scheme);
    answers.set(scheme, answer);
    assert.ok(answer.feasible, scheme);
    assert.ok(answer.energy_max_J! <= buffer_J, scheme);
    for (const layer of answer.layers as FeasibleLayer[]) {
      assert.ok(layer.proven_optimal, `${scheme} ${layer.name}`);
      assert.equal(layer.B !== undefined, keepsMarks(scheme), `${scheme} ${layer.name}`);
      // An output tile is visited once, so that no plane holds partial sums.
      if (scheme === "stateful") assert.equal(layer.plane_bytes, 0);
    }
    assert.deepEqual(DesignsArtifact.shape.answer.parse(answer), answer);
    assert.equal(answer.run_on === undefined, scheme === "tile");
    // What is harvested while the board runs only helps; of ideal it is counted already.
    const { latency_s = 0, running_s = 0 } = answer.run_on ?? {};
    assert.ok(running_s <= latency_s * (1 + 1e-9), scheme);
    assert.ok(latency_s <= answer.latency_s! * 1.02, scheme);
  }
  const of = (scheme: Scheme) => answers.get(scheme)!;
  assert.equal(of("ideal").power_cycles, 1);
  assert.ok(of("ideal").written_bytes! < of("checkpoint").written_bytes!);
  assert.ok(of("checkpoint").written_bytes! <= of("hawaii").written_bytes!);
  // A B that is given is kept, and no B is better than the one that was found.
  for (const b of [1, 7, 64]) {
    const given = await asked("hawaii", { b });
    assert.ok((given.layers as FeasibleLayer[]).every(({ B }) => B === b));
    if (b === 1) assert.ok(given.written_bytes! > of("hawaii").written_bytes!);
    if (b !== 7) assert.ok(given.latency_s! >= of("hawaii").latency_s! * (1 - 1e-12));
  }
});

Deno.test("advise() does not ask for NVM where stateful has no design of one visit", async () => {
  // Published designs take one of three input channels at a time, and the sums would need planes.
  const three = Network.parse({
    name: "three",
    input: { h: 12, w: 1, channels: 3 },
    layers: [{ name: "conv", type: "conv", kernel: { h: 3, w: 1 }, channels: 4 }],
  });
  const prepared = await prepareRequest({
    name: "three",
    power: "intermittent",
    space: "published",
    scheme: "stateful",
    platform: { profile: "msp430fr5994-fram" },
    network: three,
  });
  const [answer] = await explorePrepared([prepared]);
  assert.deepEqual(advise(answer!, prepared.platform, prepared.scheme), [
    "layer conv needs a design that visits each output tile once, or scheme hawaii",
  ]);
});

Deno.test("where a unit of progress is a layer or an inference, a small capacitor has no safe design", async () => {
  const platform = { profile: "msp430fr5994-fram", capacitance_F: 0.0004 };
  const feasible = async (scheme: Scheme) =>
    (await explore({
      name: scheme,
      power: "intermittent",
      space: "full",
      scheme,
      platform,
      network,
    }))
      .feasible;
  assert.ok(await feasible("hawaii"));
  for (const scheme of ["checkpoint", "ideal"] as const) assert.ok(!await feasible(scheme));
});
