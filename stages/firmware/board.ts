/** Boards: what `runtime-c/ports/<board>/` says of itself. A new board is a new folder. */
import { join } from "node:path";
import { z } from "zod";
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import { readJson } from "../../base/files.ts";
import type { ToolName } from "../../toolchain/tools.ts";

const Held = z.enum(["image", "arena", "vectors"]);
const Tool = z.enum(
  [
    "clang",
    "ld.lld",
    "llvm-objcopy",
    "llvm-size",
    "arm-none-eabi-gcc",
    "arm-none-eabi-objcopy",
    "arm-none-eabi-size",
  ] satisfies ToolName[],
);

/** `board.json`. */
const BoardFile = z.strictObject({
  title: z.string(),
  /** Ports whose files it uses beside its own. */
  shares: z.array(z.string()).default([]),
  /** Profiles (`platforms/*.yaml`) that the port can run. */
  platforms: z.array(z.string()).min(1),
  /** Per variable of port.mk the tool that it stands for. */
  tools: z.record(z.string().regex(/^[A-Z]+$/), Tool),
  /** Target triplet of the GCC that compiles the board instead, where this machine has it. */
  gcc: z.literal("msp430-elf").optional(),
  /** Of Code Composer Studio: its name for the chip, and its GNU compiler. */
  studio: z.strictObject({ device: z.string(), compiler: z.string() }),
  linker_script: z.string(),
  program: z.strictObject({
    /** Region of the linker script that holds code. */
    region: z.string(),
    /** What lies there beside the code. */
    holds: z.array(Held),
    /** The runtime alone takes at least this much of it. */
    runtime_bytes: z.number().int().positive(),
  }),
  /** Region for what does not lie beside the code. */
  image: z.strictObject({ region: z.string(), holds: z.array(Held) }).optional(),
  vm_region: z.string(),
  ram_region: z.string(),
  /** Size of an NVM outside of the linker script's memory. */
  external_nvm_bytes: z.number().int().positive().optional(),
  /** The board of our own simulator (runtime-c/sim) that runs the shipped image. */
  bo_sim: z.string(),
  /** The second opinion. */
  simulator: z.discriminatedUnion("program", [
    z.strictObject({
      program: z.literal("qemu-system-arm"),
      machine: z.string(),
      shows: z.string(),
      lacks: z.string(),
    }),
    z.strictObject({ program: z.literal("mspdebug"), shows: z.string(), lacks: z.string() }),
  ]),
});

/** A region of the linker script. */
export interface Region {
  readonly origin: number;
  readonly bytes: number;
}

export interface Board extends z.infer<typeof BoardFile> {
  readonly name: string;
  readonly regions: ReadonlyMap<string, Region>;
  /** Kept free for the stack, in `ram_region`. */
  readonly stack_bytes: number;
}

/** Every board whose port lies in the checkout, by name. */
export async function readBoards(root: string): Promise<Board[]> {
  const ports = join(root, "runtime-c", "ports");
  const boards: Board[] = [];
  const names = [...Deno.readDirSync(ports)].filter((entry) => entry.isDirectory)
    .map((entry) => entry.name).sort();
  for (const name of names) {
    const file = join(ports, name, "board.json");
    if (!await Deno.stat(file).then(() => true, () => false)) continue;
    const facts = await readJson(file, BoardFile);
    const script = join(ports, name, facts.linker_script);
    const text = await Deno.readTextFile(script);
    const regions = memoryRegions(text);
    const stack_bytes = Number(text.match(/^bo_stack_bytes\s*=\s*(\d+)\s*;/m)?.[1]);
    const named = [facts.program.region, facts.vm_region, facts.ram_region];
    if (facts.image !== undefined) named.push(facts.image.region);
    for (const region of named) {
      if (!regions.has(region) || !Number.isInteger(stack_bytes)) {
        throw new UserError({
          message: Number.isInteger(stack_bytes)
            ? `has no memory region ${region}, which board.json names`
            : "does not say bo_stack_bytes",
          location: { file: script },
          expected: Number.isInteger(stack_bytes) ? [...regions.keys()].join(", ") : undefined,
        }, ExitCode.data);
      }
    }
    boards.push({ ...facts, name, regions, stack_bytes });
  }
  return boards;
}

const SCALE: Readonly<Record<string, number>> = { K: 1024, M: 1024 * 1024 };

/** The MEMORY block of a linker script. */
export function memoryRegions(script: string): Map<string, Region> {
  const block = script.match(/^MEMORY\s*\{([^}]*)\}/m)?.[1] ?? "";
  const line = /^\s*(\w+)\s*(?:\([^)]*\))?\s*:\s*ORIGIN\s*=\s*(\w+)\s*,\s*LENGTH\s*=\s*(\w+)/gm;
  const bytes = (text: string) => {
    const [, digits, unit] = text.match(/^(0x[0-9a-fA-F]+|\d+)([KM]?)$/) ?? [];
    return digits === undefined ? NaN : Number(digits) * (unit ? SCALE[unit]! : 1);
  };
  return new Map(
    [...block.matchAll(line)].map(([, name, origin, length]) => [
      name!,
      { origin: bytes(origin!), bytes: bytes(length!) },
    ]),
  );
}

/** The board that runs a platform. */
export function boardOf(boards: readonly Board[], profile: string): Board | undefined {
  return boards.find((board) => board.platforms.includes(profile));
}

/** One problem per platform that no port can run, with those that can be built. */
export function refuseUnknown(
  boards: readonly Board[],
  platforms: readonly { profile: string }[],
  stage: string,
): Problem[] {
  const known = boards.flatMap((board) => board.platforms).sort().join(", ");
  return platforms.flatMap(({ profile }, index) =>
    boardOf(boards, profile) !== undefined ? [] : [{
      message: `no port in runtime-c/ports runs platform ${profile}`,
      field: `${stage}.platforms.${index}.profile`,
      value: profile,
      expected: known,
    }]
  );
}
