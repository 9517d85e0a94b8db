import assert from "node:assert/strict";
import { join } from "node:path";
import { PUBLISHED_ORDERS } from "../../network/design.ts";
import { energyBudget_J, readProfile, resolvePlatform } from "../../network/platform.ts";
import { platformTable } from "../../network/platform_table.ts";
import { resolveLayers } from "../../network/network.ts";
import { DesignsArtifact, type FeasibleLayer } from "../../network/explore.ts";
import { vectorsFile } from "../../network/artifacts/firmware.ts";
import { dumpPlatform } from "../../stages/dump/dump_platform.ts";
import { plainNvm, randomDump, ROOT } from "../dump/support.ts";
import { type GoldenNetwork, goldenNetworks } from "./networks.ts";
import { build, costs, simulate } from "./simulation.ts";

const PROFILE = "msp430fr5994-inas2021";
/** The published designs keep 16-bit sums; ours need more VM, which the host has. */
const HOST_VM_BYTES = 65536;

/** Dumps a golden network with its published designs, whether our runtime's limits allow them or not. */
async function dumpPublished(
  folder: string,
  { network, platform: choice, designs }: GoldenNetwork,
) {
  const { profile, ...overrides } = choice;
  const platform = resolvePlatform(await readProfile(`${ROOT}platforms`, profile), overrides);
  const cost = await costs(network, choice);
  const layers = designs.map((published, i): FeasibleLayer => {
    const design = {
      ...published,
      loop_order: PUBLISHED_ORDERS[published.loop_order],
      mac_span: "channel" as const,
    };
    const { vm, vm_bytes, plane_bytes, power_cycles } = cost(i, design);
    return {
      name: network.layers[i]!.name,
      feasible: true,
      ...design,
      latency_s: 1,
      vm,
      vm_bytes,
      plane_bytes,
      batches: power_cycles,
      slack_vm_bytes: 0,
      designs_total: 1,
      designs_feasible: 1,
      proven_optimal: true,
      runners_up: [],
      rejected: {},
    };
  });
  const dump = await randomDump(1, network, 1);
  const budget = energyBudget_J(platform);
  // The host's kernel does not saturate as LEA does.
  dump.platform = { ...platform, vm_bytes: HOST_VM_BYTES, kernel: "mpy32" };
  dump.designs = DesignsArtifact.parse({
    platform: {
      choice,
      protocol: "brownout",
      kernel: platform.kernel,
      vm_bytes: HOST_VM_BYTES,
      nvm_bytes: platform.nvm_bytes,
      energy_budget_J: budget.safe_J,
      energy_full_J: budget.full_J,
      estimated: [],
    },
    space: "published",
    power: "intermittent",
    network,
    layers: resolveLayers(network),
    answer: {
      name: network.name,
      feasible: true,
      latency_s: 1,
      layers,
      nvm: plainNvm(network, layers),
    },
  });
  const layout = await dumpPlatform(folder, dump);
  const sizes = { inputs: layout.input.elements, outputs: layout.output.elements };
  await Deno.writeFile(
    join(folder, "vectors.bin"),
    vectorsFile(dump.vectors.inputs, dump.vectors.outputs, sizes),
  );
  await Deno.writeTextFile(join(folder, "platform.table"), platformTable(platform));
}

Deno.test("bo_power() reproduces the golden costs of the published designs, counted as published", async () => {
  const folder = await Deno.makeTempDir();
  try {
    let designs = 0;
    for (const golden of await goldenNetworks(PROFILE)) {
      const at = join(folder, golden.network.name);
      await dumpPublished(at, golden);
      await build(at, join(folder, "objects"));
      const line = await simulate(at, ["--accounts", "inas2021"]);
      assert.equal(line.failure, null, golden.network.name);
      assert.equal(line.mismatches, 0, golden.network.name);
      for (const [i, best] of golden.best.entries()) {
        const layer = line.layers[i]!;
        for (
          const figure of ["latency_s", "energy_max_J", "energy_min_J", "power_cycles"] as const
        ) {
          const what = `${golden.network.name} ${golden.network.layers[i]!.name} ${figure}`;
          const error = layer[figure] / best[figure] - 1;
          assert.ok(Math.abs(error) < 1e-9, `${what}: ${layer[figure]}, not ${best[figure]}`);
        }
        designs++;
      }
      // The same run with our accounts is something else: the comparison can fail.
      const ours = await simulate(at, ["--accounts", "brownout"]);
      assert.ok(Math.abs(ours.layers[0]!.energy_max_J / golden.best[0]!.energy_max_J - 1) > 1e-3);
    }
    assert.equal(designs, 102);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
