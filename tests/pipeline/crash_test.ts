import assert from "node:assert/strict";
import { digestFolder } from "../../pipeline/digest.ts";
import { StageStore } from "../../pipeline/store.ts";
import { ran, Rig } from "./rig.ts";

class Crash extends Error {}

/** Every way in which the engine and the rig's stages change the disk. */
const MUTATIONS = ["rename", "remove", "mkdir", "writeTextFile", "writeFile"] as const;
type Mutation = (path: string, ...rest: unknown[]) => Promise<void>;

/**
 * Runs `work` on a machine that dies at its `limit`-th change to the disk: from there on nothing
 * changes the disk any more, and a write that is under way leaves half of its content.
 *
 * @returns whether it came to that
 */
async function dyingAfter(limit: number, work: () => Promise<unknown>): Promise<boolean> {
  const disk = Deno as unknown as Record<string, Mutation>;
  const originals = MUTATIONS.map((name) => [name, disk[name]!] as const);
  let count = 0;
  for (const [name, original] of originals) {
    disk[name] = async (path, ...rest) => {
      count++;
      if (count < limit) return await original(path, ...rest);
      const [content] = rest;
      if (count === limit && name.startsWith("write") && typeof content === "string") {
        await original(path, content.slice(0, content.length / 2));
      }
      throw new Crash(`${name} ${path}`);
    };
  }
  try {
    await work();
    return false;
  } catch (error) {
    if (count < limit) throw error;
    return true;
  } finally {
    for (const [name, original] of originals) disk[name] = original;
  }
}

Deno.test("runPipeline() cut at any change to the disk leaves the old state or the new, each whole", async () => {
  await using rig = await Rig.create();
  const stages = ["one", "two"];
  const stores = stages.map((stage) => new StageStore(`${rig.root}/out/plain`, stage));
  const facts = async () =>
    await Promise.all(stores.map(async (store) => {
      const state = await store.inspect();
      assert.equal(state.kind, "whole", JSON.stringify(state));
      assert.ok(state.kind === "whole");
      return { key: state.record.key, artifact: state.record.artifact };
    }));
  const texts = ["one.text=old", "one.text=new"] as const;
  const known = [];
  for (const text of [...texts].reverse()) {
    await rig.run([text], { until: "two" });
    known.unshift(await facts());
  }
  const [old, fresh] = known;
  let limit = 1;
  for (; limit < 200; limit++) {
    await rig.run([texts[0]], { until: "two" });
    assert.deepEqual(await facts(), old);
    const cut = await dyingAfter(limit, () => rig.run([texts[1]], { until: "two" }));
    for (const store of stores) await store.recover();
    const found = await facts();
    for (const [index, state] of found.entries()) {
      const whole = [old![index], fresh![index]];
      assert.ok(
        whole.some((expected) => JSON.stringify(expected) === JSON.stringify(state)),
        `${stages[index]} after ${limit}: ${JSON.stringify(state)}`,
      );
    }
    if (!cut) break;
    await rig.run([texts[1]], { until: "two" });
    assert.deepEqual(await facts(), fresh);
    for (const { folder } of stores) {
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assert.deepEqual(names, ["artifact", "record.json", "work", "work.key"]);
    }
  }
  assert.ok(limit > 20 && limit < 200, `${limit} changes to the disk were cut`);
});

Deno.test("runPipeline() cut while it recovers can still recover", async () => {
  await using rig = await Rig.create();
  await rig.run(["one.text=new"], { only: "one" });
  const whole = await digestFolder(`${rig.root}/out/plain/one/artifact`);
  let recovered = 0;
  for (let first = 1; first < 40; first++) {
    for (let second = 1; second < 6; second++) {
      await rig.run(["one.text=old"], { only: "one" });
      const run = () => rig.run(["one.text=new"], { only: "one" });
      if (!await dyingAfter(first, run)) return assert.ok(recovered > 10);
      const store = new StageStore(`${rig.root}/out/plain`, "one");
      const again = await dyingAfter(second, () => store.recover());
      await store.recover();
      assert.equal((await store.inspect()).kind, "whole");
      assert.equal(ran(await run()).length <= 1, true);
      assert.deepEqual(await digestFolder(`${rig.root}/out/plain/one/artifact`), whole);
      if (!again) break;
      recovered++;
    }
  }
  assert.fail("the run never reached its end");
});
