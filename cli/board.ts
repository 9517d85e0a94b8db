/** `deno task board read`: what a board's memory says of progress, results and counters. */
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import { ExitCode, UserError } from "../base/errors.ts";
import { canonicalJson, readJson } from "../base/files.ts";
import { LayoutArtifact } from "../network/artifacts/layout.ts";
import { type BoardState, readBoardMemory } from "../network/board_memory.ts";
import { parseIntelHex } from "../network/intel_hex.ts";
import { forUser, fromUser } from "./root.ts";
import { runCommand } from "./shell.ts";

export function boardCommand(): Command {
  const command = new Command("board").description("What a board's memory says");
  command.command("read", { isDefault: true })
    .description(
      "Progress, waiting results, releases and counters, from a dump of NVM or of a memory with it",
    )
    .argument(
      "<file>",
      "raw bytes (mspdebug save_raw, openocd dump_image, a simulator's NVM) or Intel HEX",
    )
    .requiredOption("--layout <file>", "layout.json of the dump that the firmware was built from")
    .option(
      "--at <offset>",
      "where NVM address 0 lies in the dump (default: found by the image)",
      offset,
    )
    .option("--json", "standard output is only JSON")
    .action(read);
  return command;
}

function offset(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError("expected an offset in bytes, like 19200 or 0x4b00");
  }
  return value;
}

async function read(
  path: string,
  options: { layout: string; at?: number; json?: boolean },
): Promise<void> {
  const file = fromUser(path);
  const bytes = await Deno.readFile(file).catch(() => {
    throw new UserError({ message: "cannot be read", location: { file: path } }, ExitCode.data);
  });
  const layout = await readJson(fromUser(options.layout), LayoutArtifact);
  const isHex = bytes[0] === ":".charCodeAt(0);
  const memory = isHex
    ? parseIntelHex(new TextDecoder("latin1").decode(bytes), forUser(file)).bytes
    : bytes;
  const state = readBoardMemory(memory, layout, forUser(file), options.at);
  console.log(options.json ? canonicalJson(state).trimEnd() : show(state));
}

function show(state: BoardState): string {
  const { progress } = state;
  const of = progress.batches === undefined ? "" : ` of ${progress.batches}`;
  const doing = {
    copying: `the image is being copied: ${progress.done_bytes} bytes of the constants are there`,
    fresh: "nothing has run on this image" +
      (progress.done_bytes === undefined
        ? ""
        : `; ${progress.done_bytes} bytes of the constants are checked`),
    running:
      `inference ${progress.inference}: layer ${progress.layer}, batch ${progress.batch}${of} is next`,
    delivering: `inference ${progress.inference}: the result is to be written`,
    idle: `idle behind inference ${progress.inference}`,
  }[progress.state];
  const mark = state.marks.filter(({ valid }) => valid)
    .reduce((most, { outputs }) => Math.max(most, outputs), 0);
  const lines = [
    `network   ${state.network} on ${state.platform}, scheme ${state.scheme}, image ${state.image.id}, constants ${state.image.constants}`,
    `progress  ${doing}; ${progress.sequence} commits`,
    ...(mark > 0 ? [`marks     ${mark} outputs of this layer are done`] : []),
    `releases  everything up to inference ${state.released}`,
  ];
  for (const record of state.records) {
    lines.push(
      `record ${record.slot}  ` +
        (record.valid
          ? `sequence ${record.sequence}, layer ${record.layer}, inference ${record.inference}, batch ${record.batch}`
          : record.reason),
    );
  }
  lines.push(results(state));
  if (state.counters.length > 0) lines.push("since the image was first started", counters(state));
  return lines.join("\n");
}

function results(state: BoardState): string {
  if (state.results.length === 0) return "results   none";
  const table = new Table({ head: ["inference", "", "class", "codes"], style: { head: [] } });
  for (const { inference, released, codes, class: name } of state.results) {
    table.push([inference, released ? "released" : "waiting", name, codes.join(" ")]);
  }
  return table.toString();
}

function counters(state: BoardState): string {
  const table = new Table({
    head: [
      ...["layer", "boots", "repeats", "commits", "MACs", "pooled", "repeated, at most"],
      ...["reads", "bytes", "writes", "bytes"],
    ],
    style: { head: [] },
  });
  for (const of of state.counters) {
    table.push([
      ...[of.layer ?? "(none)", of.boots, of.repeats, of.commits, of.macs, of.pooled, of.repeated],
      ...[of.reads, of.read_bytes, of.writes, of.write_bytes],
    ]);
  }
  return table.toString();
}

if (import.meta.main) Deno.exit(await runCommand(boardCommand(), Deno.args));
