/** `deno task explore FILE`: the explorer alone, on one request or a list. */
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import { availableParallelism } from "node:os";
import { ExitCode, UserError } from "../base/errors.ts";
import { DesignSpace, type ExploreAnswer, type LayerAnswer, Power } from "../network/explore.ts";
import { Protocol } from "../network/platform.ts";
import { advise } from "../native/advice.ts";
import { explorePrepared, type PreparedRequest } from "../native/mod.ts";
import { readRequests } from "./explore_request.ts";
import { fromUser, ROOT } from "./root.ts";

interface Options {
  json?: boolean;
  threads: number;
  space?: DesignSpace;
  protocol?: Protocol;
  power?: Power;
}

export const exploreCommand = new Command("explore")
  .description("Find the best design of every layer of a network on a platform")
  .argument("<file>", "one request or a list, nested or flat, YAML or JSON (DESIGN.md section 3)")
  .option("--json", "standard output is only JSON: one answer, or a list in the order asked")
  .option("--threads <number>", "threads to use; the answer does not depend on it", threads)
  .addOption(new Option("--space <name>", "for every request").choices(DesignSpace.options))
  .addOption(new Option("--protocol <name>", "for every request").choices(Protocol.options))
  .addOption(new Option("--power <kind>", "for every request").choices(Power.options))
  .action(execute);

function threads(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1024) {
    throw new InvalidArgumentError("expected a number from 1 to 1024");
  }
  return value;
}

async function execute(file: string, options: Options): Promise<void> {
  const text = await readText(file);
  const { space, protocol, power } = options;
  const { requests, single, notes } = await readRequests(text, file, ROOT, {
    space,
    protocol,
    power,
  });
  for (const note of notes) console.error(`note: ${note}`);
  const stop = new AbortController();
  const interrupt = () =>
    stop.abort(new UserError("stopped before the exploration ended", ExitCode.interrupted));
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    const answers = await explorePrepared(requests, {
      threads: options.threads ?? availableParallelism(),
      signal: stop.signal,
      root: ROOT,
    });
    if (options.json) {
      console.log(JSON.stringify(single ? answers[0] : answers, null, 2));
    } else {
      answers.forEach((answer, i) => printAnswer(answer, requests[i]!));
    }
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(fromUser(file));
  } catch (error) {
    throw new UserError({
      message: `cannot be read: ${(error as Error).message}`,
      location: { file },
    }, ExitCode.data);
  }
}

function printAnswer(answer: ExploreAnswer, request: PreparedRequest): void {
  const { platform, protocol, power } = request;
  const intermittent = power === "intermittent";
  console.log(`${answer.name} on ${platform.profile}, protocol ${protocol}, ${power} power`);
  const table = new Table({
    head: [
      "layer",
      "Tr Tc Tm Tn",
      "order",
      "S",
      "latency s",
      intermittent ? "worst cycle mJ" : "energy mJ",
      ...(intermittent ? ["power cycles"] : []),
      "VM bytes",
      "feasible designs",
    ],
    style: { head: [], border: [] },
  });
  for (const layer of answer.layers) table.push(row(layer, intermittent));
  console.log(table.toString());
  for (const line of advise(answer, platform)) console.log(line);
  console.log(answer.feasible ? totals(answer) : "infeasible");
  console.log("");
}

function row(layer: LayerAnswer, intermittent: boolean): (string | number)[] {
  if (!layer.feasible) {
    const none = ["-", "-", "-", "-", "-", ...(intermittent ? ["-"] : []), "-"];
    return [layer.name, ...none, `0 of ${layer.designs_total}`];
  }
  const energy_J = intermittent ? layer.energy_max_J : layer.energy_J;
  return [
    layer.name,
    `${layer.Tr} ${layer.Tc} ${layer.Tm} ${layer.Tn}`,
    layer.loop_order,
    layer.S,
    layer.latency_s.toPrecision(6),
    (1e3 * (energy_J ?? 0)).toPrecision(5),
    ...(intermittent ? [layer.power_cycles ?? 0] : []),
    layer.vm_bytes,
    `${layer.designs_feasible} of ${layer.designs_total}`,
  ];
}

function totals(answer: ExploreAnswer): string {
  const parts = [`latency ${answer.latency_s!.toPrecision(6)} s`];
  if (answer.power_cycles != null) parts.push(`${answer.power_cycles} power cycles`);
  if (answer.nvm !== undefined) parts.push(`${answer.nvm.total_bytes} bytes of NVM`);
  if (answer.delivery !== undefined) {
    const { latency_s } = answer.delivery;
    parts.push(`of it ${latency_s.toPrecision(4)} s to store the input and deliver the result`);
  }
  return parts.join(", ");
}
