/** The command line: `pipeline` and `explore`. */
import { Command } from "commander";
import { ROOT } from "./root.ts";
import { runCommand } from "./shell.ts";

const program = new Command("brownout").description(
  "From a data set and a board to firmware that survives power cuts",
);
// Only what is asked for is loaded: a second run with nothing to do has to be quick.
if (Deno.args[0] === "explore") {
  const { exploreCommand } = await import("./explore.ts");
  program.addCommand(exploreCommand);
} else {
  const { pipelineCommand } = await import("./pipeline.ts");
  const { registry } = await import("./registry.ts");
  const prepare = async () => {
    const { ensureSetup } = await import("../toolchain/setup.ts");
    await ensureSetup({ root: ROOT, quiet: true, for: "pipeline" });
  };
  program.addCommand(pipelineCommand({ registry, root: ROOT, prepare }));
  // Named here for --help and for misspelt commands; its own branch above loads it.
  program.command("explore").description("Run the explorer alone on a request file");
}
Deno.exit(await runCommand(program, Deno.args));
