import assert from "node:assert/strict";
import { join } from "node:path";
import { readJson, writeJson } from "../../base/files.ts";
import { VerifyArtifact } from "../../network/artifacts/verify.ts";
import type { Scheme } from "../../network/design.ts";
import { DesignsArtifact } from "../../network/explore.ts";
import { firmware } from "../../stages/firmware/run.ts";
import { verify } from "../../stages/verify/run.ts";
import { BOARDS, runStage, writeArtifacts } from "../firmware/fixture.ts";

const QUICK = { campaigns: 6, max_cuts: 20, shipped_instructions: 5e5, instruction_cuts: 2 };
/** Records of one inference: of each of the three layers, of start and of delivery. */
const COMMITS: Partial<Record<Scheme, number>> = {
  hawaii: 5,
  stateful: 5,
  checkpoint: 5,
  ideal: 1,
};

for (const [i, scheme] of (["hawaii", "stateful", "checkpoint", "ideal"] as const).entries()) {
  const platforms = [BOARDS[i % 2]!];
  Deno.test(`verify.run() passes under scheme ${scheme} on ${platforms[0]}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await writeArtifacts(folder, 2, platforms, scheme);
      await runStage(firmware, folder, { platforms });
      const { artifact } = await runStage(verify, folder, { platforms, params: QUICK });
      const file = join(artifact, platforms[0]!, "verify.json");
      const found = await readJson(file, VerifyArtifact);
      assert.equal(found.scheme, scheme);
      assert.equal(found.counted.commits, COMMITS[scheme]);
      for (const { name, mismatches, failure } of found.scenarios) {
        assert.deepEqual([name, mismatches, failure], [name, 0, null]);
      }
      assert.ok(found.power!.latency_s.simulated > 0);

      // Control: designs of another scheme than the firmware's are found out.
      const designs = join(folder, "explore", platforms[0]!, "designs.json");
      const other = await readJson(designs, DesignsArtifact);
      other.scheme = scheme === "ideal" ? "checkpoint" : "ideal";
      await writeJson(designs, DesignsArtifact, other);
      await assert.rejects(
        runStage(verify, folder, { platforms, params: { ...QUICK, campaigns: 1 } }),
        /commits/,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
