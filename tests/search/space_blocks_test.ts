import assert from "node:assert/strict";
import { resolveLayers } from "../../network/network.ts";
import {
  buildNetwork,
  canBuild,
  decisionKinds,
  decisions,
  NamedSpace,
  parts,
  SearchSpace,
  spaceSize,
} from "../../network/space.ts";
import { indicesOf } from "../../stages/search/sampler.ts";

const input = { h: 12, w: 9, channels: 3 };

const space = SearchSpace.parse({
  type: "blocks",
  dimensions: 2,
  resolution: [1, 2],
  stages: [
    {
      kernel: [3, 5],
      channels: 8,
      stride: [1, 2],
      padding: ["same", "valid"],
      pool: ["none", "max"],
    },
    {
      block: ["conv", "separable"],
      depth: [1, 2],
      kernel: 3,
      channels: [8, 16],
      residual: ["none", "add"],
      pool: ["none", "avg"],
    },
  ],
});
const radices = decisions(space).map(({ choices }) => choices.length);
const all = Array.from({ length: spaceSize(space) }, (_, number) => indicesOf(number, radices));

Deno.test("a space of blocks decides only what has several choices", () => {
  assert.deepEqual(
    decisions(space).map(({ name }) => name),
    [
      "input.resolution",
      "stage1.kernel",
      "stage1.stride",
      "stage1.padding",
      "stage1.pool",
      "stage2.block",
      "stage2.depth",
      "stage2.channels",
      "stage2.pool",
      "stage2.residual",
    ],
  );
  assert.equal(all.length, 1024);
  // Two pools of two choices are of one kind; channels of the first stage are none.
  const kinds = decisionKinds(space);
  assert.equal(kinds[4], kinds[8]);
  assert.equal(new Set(kinds).size, 9);
});

Deno.test("buildNetwork() makes shapes that resolve to what its parts say, and names that differ", () => {
  const names = new Map<string, string>();
  let built = 0;
  for (const indices of all) {
    if (!canBuild(space, indices, input)) {
      assert.throws(() => buildNetwork(space, indices, input, 4), RangeError);
      continue;
    }
    built++;
    const network = buildNetwork(space, indices, input, 4);
    const resolved = resolveLayers(network);
    let at = 0;
    let shape = input;
    for (const part of parts(space)) {
      const values = part.decisions.map(({ choices }) => choices[indices[at++]!]!);
      shape = part.make(values, { shape, name: "input" })!.output;
    }
    assert.deepEqual(resolved.at(-3)?.output ?? input, shape);
    const { name, ...rest } = network;
    const content = JSON.stringify(rest);
    assert.equal(names.get(content) ?? name, name);
    assert.ok([...names.values()].every((other) => other !== name), name);
    names.set(content, name);
  }
  assert.ok(built > 300 && built < all.length, `${built}`);
  assert.equal(names.size, built);
});

Deno.test("buildNetwork() adds what keeps its shape, and pads so that a stride of 1 keeps sides", () => {
  const one = SearchSpace.parse({
    type: "blocks",
    dimensions: 1,
    stages: [
      { kernel: 5, channels: 3, stride: 2, pool: "max" },
      { block: "separable", depth: 2, kernel: 3, channels: 6, residual: "add" },
    ],
  });
  const network = buildNetwork(one, [], { h: 21, w: 1, channels: 3 }, 4);
  assert.equal(network.name, "blocks-c5x3s2m-2d3x6r");
  assert.deepEqual(
    network.layers.map(({ name, type, activation }) => [name, type, activation]),
    [
      ["s1b1conv", "conv", "relu"],
      ["s1pool", "max_pool", "none"],
      ["s2b1depth", "depthwise_conv", "relu"],
      ["s2b1point", "conv", "relu"],
      ["s2b2depth", "depthwise_conv", "relu"],
      ["s2b2point", "conv", "none"],
      ["s2b2add", "add", "relu"],
      ["pool", "global_avg_pool", "none"],
      ["fc", "fc", "none"],
    ],
  );
  const resolved = resolveLayers(network);
  // 21 rows, stride 2: 11, of which a pool leaves 5.
  assert.deepEqual(resolved.map(({ output }) => output.h), [11, 5, 5, 5, 5, 5, 5, 1, 1]);
  assert.deepEqual(resolved[0]!.padding, { top: 2, bottom: 2, left: 0, right: 0 });
  assert.deepEqual(resolved[6]!.inputs, [5, 3]);
});

Deno.test("canBuild() knows no residual that adds nothing, nor windows that outgrow their map", () => {
  const build = (stage: object, shape = input) =>
    canBuild(
      SearchSpace.parse({
        type: "blocks",
        dimensions: 2,
        stages: [{ kernel: 3, channels: 8, ...stage }],
      }),
      [],
      shape,
    );
  assert.ok(build({}));
  assert.ok(!build({ residual: "add" }), "another width");
  assert.ok(build({ residual: "add", channels: 3 }));
  assert.ok(build({ residual: "add", depth: 2 }));
  assert.ok(!build({ kernel: 13, padding: "valid" }));
  assert.ok(!build({ kernel: 19 }), "windows of zeros alone");
  assert.ok(!build({ pool: "max" }, { h: 1, w: 1, channels: 3 }));
});

Deno.test("wider spaces have names", () => {
  for (const name of ["wide-1d", "wide-2d"]) {
    assert.ok(spaceSize(NamedSpace.parse(name)) > 10_000);
  }
  assert.throws(() =>
    SearchSpace.parse({ type: "blocks", dimensions: 1, stages: [{ kernel: [3, 3] }] })
  );
});
