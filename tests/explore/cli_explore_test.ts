import assert from "node:assert/strict";
import { join } from "node:path";
import { differences, GOLDEN_FILE, readGolden } from "./golden.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

async function run(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "cli", "main.ts"), "explore", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs `explore` on a file with this text. */
async function runText(text: string, ...args: string[]) {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, text);
    const result = await run(file, ...args);
    return { ...result, err: result.err.replaceAll(file, "FILE") };
  } finally {
    await Deno.remove(file);
  }
}

const LAYER = {
  type: "conv",
  input: { h: 8, w: 8, channels: 3 },
  kernel: { h: 3, w: 3 },
  output: { h: 6, w: 6, channels: 8 },
  stride: 1,
};

Deno.test("explore answers the golden file in one call, every design and cost", async () => {
  const { code, out, err } = await run(GOLDEN_FILE, "--json");
  assert.equal(code, 0);
  assert.deepEqual(differences(JSON.parse(out), await readGolden()), []);
  assert.match(
    err,
    /no platform profile is named: msp430fr5994-inas2021 is taken/,
  );
});

Deno.test("differences() notices one wrong golden figure (negative control)", async () => {
  const { out } = await run(GOLDEN_FILE, "--json", "--threads", "1");
  const golden = await readGolden();
  const best = golden.intermittent[3]!.layers[1]!.best;
  best.latency_s = Number(best.latency_s) * (1 + 2e-9);
  assert.equal(differences(JSON.parse(out), golden).length, 1);
});

Deno.test("explore --json prints the same bytes for 1, 2 and 8 threads", async () => {
  const [one, two, eight] = await Promise.all(
    ["1", "2", "8"].map((threads) => run(GOLDEN_FILE, "--json", "--threads", threads)),
  );
  assert.equal(one!.code, 0);
  assert.equal(two!.out, one!.out);
  assert.equal(eight!.out, one!.out);
});

Deno.test("explore takes one flat request and answers with one object", async () => {
  const request = {
    name: "one",
    platform: { profile: "msp430fr5994-inas2021" },
    layers: [LAYER],
  };
  const { code, out } = await runText(JSON.stringify(request), "--json");
  assert.equal(code, 0);
  const answer = JSON.parse(out);
  assert.equal(answer.name, "one");
  assert.equal(answer.feasible, true);
  const [layer] = answer.layers;
  for (
    const field of [
      "Tr",
      "Tc",
      "Tm",
      "Tn",
      "S",
      "latency_s",
      "energy_max_J",
      "energy_min_J",
      "power_cycles",
      "vm_bytes",
      "designs_total",
      "designs_feasible",
    ]
  ) {
    assert.equal(typeof layer[field], "number", field);
  }
  assert.ok(["I", "W", "O"].includes(layer.loop_order));
  assert.equal(layer.proven_optimal, true);
});

Deno.test("explore takes the nested form as YAML, under the profile's own protocol", async () => {
  const { code, out } = await runText(
    `
name: nested
platform: { profile: msp430fr5994-spi, capacitance_F: 0.01 }
network:
  name: nested
  input: { h: 16, w: 1, channels: 4 }
  layers:
    - { name: conv1, type: conv, kernel: { h: 3, w: 1 }, channels: 8, activation: relu, bias: true }
    - { name: flat, type: flatten }
    - { name: fc, type: fc, channels: 5, bias: true }
`,
    "--json",
  );
  assert.equal(code, 0);
  const answer = JSON.parse(out);
  assert.match(answer.layers[0].loop_order, /^[RCMN]{4}$/);
  assert.equal(answer.nvm.maps[0], answer.nvm.maps[1], "flatten moves nothing");
  const parts = answer.layers.reduce(
    (sum: number, l: { latency_s: number }) => sum + l.latency_s,
    0,
  );
  assert.ok(
    Math.abs(parts + answer.delivery.latency_s - answer.latency_s) < 1e-12,
  );
});

Deno.test("explore prints a table, and says what to change where nothing fits", async () => {
  const request = {
    name: "small",
    platform: { profile: "msp430fr5994-inas2021", vm_bytes: 16 },
    layers: [LAYER],
  };
  const { code, out } = await runText(JSON.stringify(request));
  assert.equal(code, 0);
  const needed = out.match(/layer conv1 needs (\d+) more bytes of VM/);
  assert.ok(needed, out);
  // What is said suffices, and a byte less does not.
  const enough = 16 + Number(needed[1]);
  for (
    const [vm_bytes, feasible] of [[enough, true], [enough - 1, false]] as const
  ) {
    const again = { ...request, platform: { ...request.platform, vm_bytes } };
    const { out: json } = await runText(JSON.stringify(again), "--json");
    assert.equal(JSON.parse(json).feasible, feasible);
  }
});

Deno.test("explore answers an infeasible layer with what binds", async () => {
  const request = {
    name: "weak",
    platform: { profile: "msp430fr5994-inas2021", capacitance_F: 0.00001 },
    layers: [LAYER],
  };
  const { code, out } = await runText(JSON.stringify(request), "--json");
  assert.equal(code, 0);
  const answer = JSON.parse(out);
  assert.equal(answer.feasible, false);
  assert.equal(answer.latency_s, null);
  const [layer] = answer.layers;
  assert.equal(layer.binding, "energy");
  assert.equal(layer.unit, "J");
  assert.equal(layer.latency_s, null);
  assert.ok(layer.violation > 0 && layer.nearest.Tr === 1);
});

const ALL_SIDES = { top: 1, bottom: 1, left: 1, right: 1 };

Deno.test("explore answers a network of residual adds, pools, concats and depthwise layers", async () => {
  const network = {
    name: "residual",
    input: { h: 9, w: 7, channels: 4 },
    layers: [
      { name: "deep", type: "depthwise_conv", kernel: { h: 3, w: 3 }, padding: ALL_SIDES },
      { name: "point", type: "conv", kernel: { h: 1, w: 1 }, channels: 4, bias: true },
      { name: "sum", type: "add", inputs: ["input", "point"], activation: "relu" },
      { name: "mean", type: "avg_pool", kernel: { h: 3, w: 3 }, padding: ALL_SIDES },
      {
        name: "most",
        type: "max_pool",
        inputs: ["sum"],
        kernel: { h: 3, w: 3 },
        padding: ALL_SIDES,
      },
      { name: "both", type: "concat", inputs: ["mean", "most"] },
      { name: "flat", type: "flatten" },
      { name: "fc", type: "fc", channels: 3 },
    ],
  };
  for (const space of ["published", "full"]) {
    const request = { name: "a", space, platform: { profile: "msp430fr5994-spi" }, network };
    const { code, out, err } = await runText(JSON.stringify(request), "--json");
    assert.equal(code, 0, err);
    const answer = JSON.parse(out);
    assert.equal(answer.feasible, true);
    for (const layer of answer.layers) assert.equal(layer.proven_optimal, true, layer.name);
  }
});

const MISTAKES: [what: string, text: string, expected: RegExp[]][] = [
  [
    "an unknown profile",
    `name: a\nplatform:\n  profile: msp430fr5994-spy\nlayers:\n  - ${flat(LAYER)}`,
    [
      /^FILE:3:12: no platform profile "msp430fr5994-spy"/m,
      /did you mean: msp430fr5994-spi/,
    ],
  ],
  [
    "an unknown key",
    `name: a\nlayers:\n  - ${flat(LAYER)}\npowr: continuous\n`,
    [
      /^FILE:4:1: unknown key "powr"/m,
      /did you mean: power/,
    ],
  ],
  [
    "shapes that do not follow",
    `- name: a\n  layers:\n    - ${flat({ ...LAYER, output: { h: 60, w: 6, channels: 8 } })}`,
    [
      /^FILE:3:\d+: layer 1 \(conv\): does not follow from input, kernel and stride/m,
      /expected: 6 x 6/,
    ],
  ],
  [
    "a layer that takes something else",
    `name: a\nlayers:\n  - ${flat(LAYER)}\n  - ${flat(LAYER)}`,
    [
      /^FILE:4:\d+: layer 2 \(conv\): does not take what the layer before gives/m,
    ],
  ],
  [
    "a layer type that is unknown",
    `name: a\nlayers:\n  - ${flat({ ...LAYER, type: "cnv" })}`,
    [
      /^FILE:3:\d+: /m,
      /did you mean: conv/,
    ],
  ],
  ["no YAML at all", "name: [", [/^FILE:1:\d+: is not YAML/m]],
  ["no request at all", "42", [/^FILE:1:1: holds no request/m]],
  [
    "a grouped convolution, which the runtime has not",
    `name: a
platform: { profile: msp430fr5994-spi }
network:
  name: a
  input: { h: 8, w: 8, channels: 4 }
  layers:
    - { name: conv1, type: conv, kernel: { h: 2, w: 2 }, channels: 4, groups: 2 }
`,
    [/^FILE:7:7: layer conv1: the runtime has no grouped convolution/m],
  ],
  [
    "an add of three maps",
    `name: a
platform: { profile: msp430fr5994-spi }
network:
  name: a
  input: { h: 8, w: 8, channels: 4 }
  layers:
    - { name: add1, type: add, inputs: [input, input, input] }
`,
    [/^FILE:7:7: layer add1: the runtime's add reads two maps/m],
  ],
  [
    "a pool that the published protocol does not know",
    `name: a
platform: { profile: msp430fr5994-inas2021 }
network:
  name: a
  input: { h: 8, w: 8, channels: 4 }
  layers:
    - { name: pool1, type: max_pool, kernel: { h: 2, w: 2 } }
`,
    [/protocol inas2021 knows no max_pool layer \(pool1\)/m],
  ],
  [
    "a network whose shapes do not fit",
    `name: a
platform: { profile: msp430fr5994-spi }
network:
  name: a
  input: { h: 2, w: 2, channels: 4 }
  layers:
    - { name: conv1, type: conv, kernel: { h: 3, w: 3 }, channels: 4 }
`,
    [/^FILE:7:7: kernel 3x3 is larger than its padded input 2x2/m],
  ],
];

function flat(layer: unknown): string {
  return JSON.stringify(layer);
}

for (const [what, text, expected] of MISTAKES) {
  Deno.test(`explore refuses ${what} with its place`, async () => {
    const { code, err, out } = await runText(text);
    assert.equal(code, 2, err);
    assert.equal(out, "");
    for (const pattern of expected) assert.match(err, pattern);
  });
}

Deno.test("explore tells mistakes of a very long list by their fields", async () => {
  const golden = await readGolden() as unknown as { intermittent: unknown[] };
  const requests: unknown[] = Array.from(
    { length: 20 },
    () => golden.intermittent,
  ).flat();
  const wrong = {
    name: "wrong",
    layers: [{ ...LAYER, kernel: { h: 0, w: 3 } }],
  };
  const { code, err } = await runText(JSON.stringify([...requests, wrong]));
  assert.equal(code, 2);
  assert.match(
    err,
    new RegExp(`field: +${requests.length}\\.layers\\.0\\.kernel\\.h`),
  );
});

Deno.test("explore --json says a mistake as JSON too", async () => {
  const { code, out } = await runText("name: a\nlayers: []", "--json");
  assert.equal(code, 2);
  assert.equal(JSON.parse(out).ok, false);
});

const SMALL_SPACE = {
  search_space: { type: "fc", layers: 2, units: [8, 12], bias: false },
  input: { h: 1, w: 1, channels: 20 },
  classes: 4,
  platform: { profile: "msp430fr5994-spi" },
};

Deno.test("explore --calibrate gives the exact quartiles of a space", async () => {
  const { code, out } = await runText(
    JSON.stringify(SMALL_SPACE),
    "--calibrate",
    "--json",
  );
  assert.equal(code, 0);
  const found = JSON.parse(out);
  assert.equal(found.networks, 4);
  assert.equal(found.feasible, 4);
  assert.ok(found.TS1_s <= found.TS2_s && found.TS2_s <= found.TS3_s);
  const wrong = await runText(
    JSON.stringify({ ...SMALL_SPACE, clases: 4 }),
    "--calibrate",
  );
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /clases/);
});

Deno.test("explore --sweep writes a table and a heat map of capacitors and VM sizes", async () => {
  const folder = await Deno.makeTempDir();
  const request = {
    name: "layer",
    platform: { profile: "msp430fr5994-spi" },
    layers: [LAYER],
  };
  const { code, out } = await runText(
    JSON.stringify(request),
    "--sweep",
    join(folder, "layer"),
  );
  assert.equal(code, 0);
  assert.match(out, /of 112 points have a safe design/);
  const lines = (await Deno.readTextFile(join(folder, "layer.csv"))).trimEnd()
    .split("\n");
  assert.equal(lines[0], "capacitance_F,vm_bytes,latency_s,power_cycles,misses");
  assert.equal(lines.length, 113);
  // More VM never makes the optimum slower.
  const latency = (line: string) => Number(line.split(",")[2] || Infinity);
  for (let i = 2; i < lines.length; i++) {
    if ((i - 1) % 8 !== 0) {
      assert.ok(latency(lines[i]!) <= latency(lines[i - 1]!));
    }
  }
  const unsafe = lines.filter((line) => line.includes(",,"));
  assert.ok(unsafe.length > 0 && unsafe.every((line) => /,,,(energy|vm|energy vm)$/.test(line)));
  const svg = await Deno.readTextFile(join(folder, "layer.svg"));
  assert.equal(svg.match(/width="73"/g)!.length, 112);
  assert.equal(svg.match(/stroke-width/g)!.length, 1);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("explore --space full accounts for every design; a time limit leaves a bound", async () => {
  const request = JSON.stringify({
    name: "layer",
    platform: { profile: "msp430fr5994-spi", kernel: "lea" },
    layers: [LAYER],
  });
  const whole = await runText(request, "--space", "full", "--json");
  const [layer] = JSON.parse(whole.out).layers;
  assert.equal(layer.proven_optimal, true);
  assert.equal(layer.padded_input_channels, 4);
  const hasty = await runText(
    request,
    "--space",
    "full",
    "--json",
    "--time-limit",
    "0",
  );
  const [open] = JSON.parse(hasty.out).layers;
  assert.ok(open.coverage.unvisited > 0);
  assert.equal(
    open.feasible ? open.proven_optimal : open.proven_infeasible,
    false,
  );
});
