/** `deno task profile`: a micro-benchmark's log becomes a platform profile. */
import { Command, InvalidArgumentError } from "commander";
import { join } from "node:path";
import { z } from "zod";
import { ExitCode, nearestName, UserError } from "../base/errors.ts";
import { readJson } from "../base/files.ts";
import { parseBenchLog } from "../network/bench_log.ts";
import { measuredProfile, type Powers } from "../network/measured_profile.ts";
import { readProfile } from "../network/platform.ts";
import { forUser, fromUser, ROOT } from "./root.ts";
import { runCommand } from "./shell.ts";

interface Options {
  board: string;
  base?: string;
  name?: string;
  energy?: Powers;
  wake?: number;
}

export function profileCommand(): Command {
  return new Command("profile")
    .description("Turn the log of the micro-benchmark firmware into platforms/<name>.yaml")
    .argument("<log>", "the log as text, or a dump of memory or NVM that holds it")
    .requiredOption("--board <name>", "folder of runtime-c/ports that was measured")
    .option("--base <profile>", "what is not measured comes from it (default: the board's first)")
    .option("--name <name>", "of the new profile (default: <base>-measured)")
    .option(
      "--energy <kind=watt,...>",
      "mean power while cpu, read, write, mac were measured; reboot=joule",
      powers,
    )
    .option("--wake <seconds>", "from the supply's rise to the first instruction", seconds)
    .action(profile);
}

const KINDS = ["cpu", "read", "write", "mac", "reboot"] as const;

function powers(text: string): Powers {
  const result: Powers = {};
  for (const item of text.split(",")) {
    const [kind, value, more] = item.split("=");
    const known = KINDS.find((name) => name === kind);
    const number = Number(value);
    if (known === undefined || value === "" || !(number > 0) || more !== undefined) {
      throw new InvalidArgumentError(
        `"${item}" is no ${KINDS.join(", ")} with a positive number, like cpu=5.6e-3`,
      );
    }
    result[known] = number;
  }
  return result;
}

function seconds(text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError("expected 0 or more seconds");
  }
  return value;
}

/** Names of the boards, each with its profiles. */
async function boards(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const Board = z.looseObject({ platforms: z.array(z.string()) });
  const ports = join(ROOT, "runtime-c/ports");
  for await (const { name, isDirectory } of Deno.readDir(ports)) {
    const file = join(ports, name, "board.json");
    if (!isDirectory || !await Deno.stat(file).then(() => true, () => false)) continue;
    found.set(name, (await readJson(file, Board)).platforms);
  }
  return found;
}

async function profile(path: string, options: Options): Promise<void> {
  const file = fromUser(path);
  const bytes = await Deno.readFile(file).catch(() => {
    throw new UserError({ message: "cannot be read", location: { file: path } }, ExitCode.data);
  });
  const known = await boards();
  const platforms = known.get(options.board);
  if (platforms === undefined) {
    throw new UserError({
      message: `no board "${options.board}"`,
      field: "--board",
      value: options.board,
      expected: [...known.keys()].sort().join(", "),
      nearest: nearestName(options.board, [...known.keys()]),
    });
  }
  const log = parseBenchLog(bytes, forUser(file));
  if (log.board !== options.board) {
    throw new UserError({
      message: `is a log of board ${log.board}`,
      location: { file: forUser(file), line: 2 },
      field: "--board",
      value: options.board,
      expected: log.board,
    }, ExitCode.data);
  }
  const base = await readProfile(join(ROOT, "platforms"), options.base ?? platforms[0]!);
  const text = measuredProfile(log, base, {
    name: options.name ?? `${base.name}-measured`,
    powers: options.energy ?? {},
    wake_s: options.wake,
  });
  await Deno.stdout.write(new TextEncoder().encode(text));
}

if (import.meta.main) Deno.exit(await runCommand(profileCommand(), Deno.args));
