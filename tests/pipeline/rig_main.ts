/** The real command line on the rig in `RIG_ROOT`, for tests that need a process to kill. */
import { Command } from "commander";
import { pipelineCommand } from "../../cli/pipeline.ts";
import { runCommand } from "../../cli/shell.ts";
import { rigRegistry } from "./rig.ts";

const root = Deno.env.get("RIG_ROOT")!;
const program = new Command("rig").addCommand(
  pipelineCommand({ registry: rigRegistry(root), root }),
);
Deno.exit(await runCommand(program, ["pipeline", ...Deno.args]));
