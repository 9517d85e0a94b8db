/** Kernel lea: the shipped image with the stand-in for DSPLib, its calls charged as LEA's. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../base/errors.ts";
import { readJson, writeJson } from "../../base/files.ts";
import { FirmwareSize } from "../../network/artifacts/firmware.ts";
import { VerifyArtifact } from "../../network/artifacts/verify.ts";
import type { Network } from "../../network/network.ts";
import { firmware } from "../../stages/firmware/run.ts";
import { verify } from "../../stages/verify/run.ts";
import { runStage, writeArtifacts } from "../firmware/fixture.ts";

const PROFILE = "msp430fr5994-lea";
const CHOICE = { capacitance_F: 0.001 };
/** Long products: on the CPU a batch takes more than the capacitor holds. */
const NETWORK: Network = {
  name: "long",
  input: { h: 1, w: 1, channels: 240 },
  layers: [
    { name: "fc1", type: "fc", channels: 96, activation: "relu", bias: true },
    { name: "fc2", type: "fc", channels: 4, activation: "none", bias: true },
  ],
};

Deno.test("verify.run() charges the stand-in for DSPLib what LEA takes, and says so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const platforms = [PROFILE];
    await writeArtifacts(folder, 2, platforms, "tile", { network: NETWORK, choice: CHOICE });
    const params = { dsplib: "stand-in", platforms: [{ profile: PROFILE, ...CHOICE }] };
    await runStage(firmware, folder, { params });
    const verified = (name: string) =>
      runStage(verify, folder, {
        name,
        params: {
          ...{ campaigns: 4, max_cuts: 20, shipped_instructions: 2e6, instruction_cuts: 2 },
          platforms: params.platforms,
        },
      });
    const { artifact, notes } = await verified("charged");
    assert.match(notes.join("\n"), /stand-in for DSPLib .* charged the cycles that LEA takes/);
    const told = await readJson(join(artifact, PROFILE, "verify.json"), VerifyArtifact);
    assert.ok(told.not_simulated.some((text) => /^bo_sim: LEA; the stand-in/.test(text)));
    for (const { name, failure } of told.scenarios) assert.deepEqual([name, failure], [name, null]);
    const weak = told.scenarios.find(({ name }) => name === "shipped image, capacitor, running on");
    assert.ok(weak!.cuts > 0, "power failed");

    // Control: by its own instructions it comes to no end there, and everything else is right.
    const file = join(folder, "firmware", PROFILE, "size.json");
    const { lea, ...size } = await readJson(file, FirmwareSize);
    assert.equal(lea, "stand-in");
    await writeJson(file, FirmwareSize, size);
    const error = await verified("uncharged").then(() => undefined, (error) => error);
    assert.ok(error instanceof UserError, `${error}`);
    assert.deepEqual(error.problems.map(({ message }) => message.match(/scenario "(.*?)"/)![1]), [
      "shipped image, capacitor, running on",
    ]);

    // What TI's DSPLib does, no simulator of ours does.
    await writeJson(file, FirmwareSize, { ...size, lea: "DSPLib" });
    const other = await verified("foreign");
    assert.match(other.notes.join("\n"), /shipped image is not run, since LEA/);
    const { scenarios } = await readJson(
      join(other.artifact, PROFILE, "verify.json"),
      VerifyArtifact,
    );
    assert.ok(scenarios.every(({ on }) => on !== "bo_sim"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
