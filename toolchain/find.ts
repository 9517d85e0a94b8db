/** Finds the tools of the table on this machine. */
import { join } from "node:path";
import { ExitCode, UserError } from "../base/errors.ts";
import { installCommand, packagesFor, type Tool, type ToolName, TOOLS } from "./tools.ts";

/** Absolute path of the first of `names` that is an executable file on `PATH`. */
export async function onPath(names: readonly string[]): Promise<string | undefined> {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      const status = await Deno.stat(path).catch(() => undefined);
      if (status?.isFile && ((status.mode ?? 0o111) & 0o111) !== 0) return path;
    }
  }
  return undefined;
}

/** Absolute path of a tool, or undefined where this machine lacks it or a file that it needs. */
export async function locate(tool: Tool): Promise<string | undefined> {
  const path = await onPath(tool.candidates);
  if (path === undefined || tool.needsFile === undefined) return path;
  const answer = (await output(path, [`-print-file-name=${tool.needsFile}`])).trim();
  // A file that it cannot find comes back as the bare name.
  return answer.includes("/") ? path : undefined;
}

/** The tools among `tools` that this machine lacks. */
export async function missing(tools: readonly Tool[]): Promise<Tool[]> {
  const paths = await Promise.all(tools.map(locate));
  return tools.filter((_, index) => paths[index] === undefined);
}

/**
 * Absolute path of a tool.
 *
 * @throws {@link UserError} (exit code 4) that gives the command which installs it
 */
export async function requireTool(name: ToolName): Promise<string> {
  const tool = byName(name);
  const path = await locate(tool);
  if (path !== undefined) return path;
  throw missingTools([tool]);
}

/** The line in which the tool states its version, e.g. for a cache key. @throws as {@link requireTool} */
export async function versionLine(name: ToolName): Promise<string> {
  const text = await output(await requireTool(name), ["--version"]);
  return text.split("\n").find((line) => /\d+\.\d+/.test(line))?.trim() ?? text.trim();
}

/** A library's file, e.g. for a cache key; "absent" where this machine has none. */
export async function libraryLine(name: ToolName): Promise<string> {
  const { candidates, needsFile } = byName(name);
  const compiler = await onPath(candidates);
  if (compiler === undefined || needsFile === undefined) return "absent";
  const path = (await output(compiler, [`-print-file-name=${needsFile}`])).trim();
  const real = path.includes("/") ? await Deno.realPath(path).catch(() => undefined) : undefined;
  return real?.split("/").at(-1) ?? "absent";
}

/** The error that names missing tools, what each is for and the command that brings all of them. */
export function missingTools(tools: readonly Tool[]): UserError {
  const help = `install with: ${installCommand(packagesFor(tools))}`;
  return new UserError(
    tools.map((tool, index) => ({
      message: `${tool.name} is missing (${tool.purpose})`,
      expected: tool.candidates.join(", ") +
        (tool.needsFile === undefined ? "" : ` with ${tool.needsFile}`),
      help: index === tools.length - 1 ? help : undefined,
    })),
    ExitCode.toolchain,
  );
}

function byName(name: ToolName): Tool {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool is called ${name}`);
  return tool;
}

async function output(path: string, args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(path, { args, stdin: "null", stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}
