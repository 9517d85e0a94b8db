/** `deno task setup`: brings everything that any task needs. */
import { Command, Option } from "commander";
import { ensureSetup } from "../toolchain/setup.ts";
import type { Task } from "../toolchain/tools.ts";
import { ROOT } from "./root.ts";
import { runCommand } from "./shell.ts";

type Choice = Task | "all";
const CHOICES: readonly Choice[] = ["pipeline", "explore", "test", "check", "bench", "all"];

const program = new Command("setup")
  .description(
    "Bring what this machine lacks: npm packages, addon, compilers, simulators. " +
      "Silent where nothing is missing",
  )
  .addOption(
    new Option("--for <task>", "only what one task needs").choices(CHOICES).default("all"),
  )
  .option(
    "--tensorflow",
    "also TensorFlow, the fastest training backend (TENSORFLOW_DIR: your own libraries)",
    false,
  )
  .option(
    "--msp430-gcc",
    "also GCC for MSP430, built once from Debian's source packages: ten minutes or more",
    false,
  )
  .option("--verbose", "list every tool and its version", false)
  .action(
    async (options: { for: Choice; verbose: boolean; tensorflow: boolean; msp430Gcc: boolean }) => {
      const { msp430Gcc, tensorflow, verbose } = options;
      await ensureSetup({ root: ROOT, quiet: !verbose, for: options.for, tensorflow, msp430Gcc });
    },
  );

Deno.exit(await runCommand(program, Deno.args));
