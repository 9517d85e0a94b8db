import assert from "node:assert/strict";
import { readNpy } from "../../base/files.ts";
import { DesignsArtifact } from "../../network/explore.ts";
import { resolveLayers } from "../../network/network.ts";
import { energyBudget_J, readProfile, resolvePlatform } from "../../network/platform.ts";
import { exploreNetwork } from "../../native/mod.ts";
import { dumpPlatform } from "../../stages/dump/dump_platform.ts";
import { HostRuntime, randomDump, ROOT } from "./support.ts";

async function within(body: (folder: string, runtime: HostRuntime) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const runtime = new HostRuntime();
    await runtime.compile(folder);
    await body(folder, runtime);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function expected(dump: string): Promise<number[]> {
  return [...(await readNpy(`${dump}/vectors.outputs.npy`, Int16Array)).data];
}

Deno.test("the runtime on the host equals integer inference bit for bit, whatever the design", () =>
  within(async (folder, runtime) => {
    let planes = 0;
    for (let seed = 0; seed < 40; seed++) {
      const at = `${folder}/${seed}`;
      const dump = await randomDump(seed);
      const layout = await dumpPlatform(at, dump);
      if (layout.layers.some((layer) => layer.plane_bytes > 0)) planes++;
      assert.deepEqual(
        [...await runtime.run(at)],
        await expected(at),
        `seed ${seed}: ${JSON.stringify(dump.designs.network.layers)}`,
      );
    }
    assert.ok(planes > 10, "planes of partial sums were exercised");
  }));

Deno.test("the runtime on the host answers otherwise, or not, where the dump is wrong", () =>
  within(async (folder, runtime) => {
    const at = `${folder}/0`;
    const dump = await randomDump(0);
    const layout = await dumpPlatform(at, dump);
    const image = await Deno.readFile(`${at}/nvm.bin`);
    image[layout.layers[0]!.weights]! ^= 1;
    await Deno.writeFile(`${at}/wrong.bin`, image);
    await assert.rejects(
      runtime.run(at, `${at}/wrong.bin`),
      /status 4/,
      "a flipped bit is refused",
    );

    const requantisation = dump.network.layers.at(-1)!.requantisation!;
    requantisation.shift += 1;
    await dumpPlatform(at, dump);
    assert.notDeepEqual([...await runtime.run(at)], await expected(at));
  }));

Deno.test("the explorer's designs and addresses, dumped, give integer inference's outputs", () =>
  within(async (folder, runtime) => {
    let shared = 0;
    for (const profile of ["msp430fr5994-fram", "msp430fr5994-spi", "msp432p401r-spi"]) {
      const platform = resolvePlatform(await readProfile(`${ROOT}platforms`, profile));
      const budget = energyBudget_J(platform);
      for (let seed = 100; seed < 105; seed++) {
        const at = `${folder}/${profile}-${seed}`;
        const dump = await randomDump(seed);
        const { network } = dump.designs;
        const answer = await exploreNetwork(network, { profile }, { threads: 1 });
        assert.ok(answer.feasible, `${profile}, seed ${seed}`);
        dump.platform = platform;
        dump.designs = DesignsArtifact.parse({
          platform: {
            choice: { profile },
            protocol: platform.protocol,
            kernel: platform.kernel,
            vm_bytes: platform.vm_bytes,
            nvm_bytes: platform.nvm_bytes,
            energy_budget_J: budget.safe_J,
            energy_full_J: budget.full_J,
            estimated: [],
          },
          space: "published",
          power: "intermittent",
          network,
          layers: resolveLayers(network),
          answer,
        });
        const { regions } = await dumpPlatform(at, dump);
        const maps = regions.filter((region) => region.kind === "map");
        if (new Set(maps.map((map) => map.address)).size < maps.length) shared++;
        assert.deepEqual(
          [...await runtime.run(at)],
          await expected(at),
          `${profile}, seed ${seed}`,
        );
      }
    }
    assert.ok(shared > 0, "maps that share bytes were exercised");
  }));
