/** What must fit a board's memories, found from the dump alone: before anything is compiled. */
import type { Problem } from "../../base/errors.ts";
import type { LayoutArtifact } from "../../network/artifacts/layout.ts";
import { vectorsBytes } from "../../network/artifacts/firmware.ts";
import type { Board } from "./board.ts";

/** What the dump says that a board must hold. */
export interface Needs {
  layout: Pick<LayoutArtifact, "network" | "image_bytes" | "vm_bytes">;
  /** End of all NVM: the network's, and behind it the counters that survive resets. */
  nvm_end_bytes: number;
  /** BO_VM_BYTES of platform.h: the platform's whole VM, used or not. */
  vm_reserved_bytes: number;
  /** Codes of one golden vector. */
  inputs: number;
  outputs: number;
}

/** Bytes of a memory that are taken beside the code, without golden vectors. */
function heldBytes(holds: readonly string[], needs: Needs) {
  const { image_bytes } = needs.layout;
  return {
    image: holds.includes("image") ? image_bytes : 0,
    arena: holds.includes("arena") ? needs.nvm_end_bytes - image_bytes : 0,
    vectors: holds.includes("vectors") ? vectorsBytes(0, needs, 2) : 0,
  };
}

/** Every memory that is too small, with the numbers. */
export function refuseUnfit(board: Board, profile: string, needs: Needs): Problem[] {
  const problems: Problem[] = [];
  const { layout } = needs;
  const refuse = (memory: string, needed: number, available: number, of: string, help?: string) => {
    if (needed <= available) return;
    problems.push({
      message: `network ${layout.network} does not fit ${profile}: ${memory} needs ${needed} ` +
        `bytes (${of}), the board has ${available}: ${needed - available} too many`,
      field: `platforms.${profile}`,
      value: needed,
      expected: `at most ${available}`,
      help,
    });
  };
  const program = board.regions.get(board.program.region)!;
  const held = heldBytes(board.program.holds, needs);
  const runtime = board.program.runtime_bytes;
  const parts = [`runtime at least ${runtime}`];
  if (held.image > 0) parts.push(`constants with header and records ${held.image}`);
  if (held.arena > 0) parts.push(`maps and planes ${held.arena}`);
  refuse(
    `program memory ${board.program.region}`,
    runtime + held.image + held.arena + held.vectors,
    program.bytes,
    parts.join(", "),
    "Fewer channels or layers make it smaller: search.with.space.",
  );
  if (board.image !== undefined) {
    const { image, arena } = heldBytes(board.image.holds, needs);
    refuse(
      `memory ${board.image.region}`,
      image + arena,
      board.regions.get(board.image.region)!.bytes,
      `constants with header and records ${image}` +
        (arena > 0 ? `, maps and planes ${arena}` : ""),
      "Fewer channels or layers make it smaller: search.with.space.",
    );
  }
  const shared = board.vm_region === board.ram_region ? board.stack_bytes : 0;
  refuse(
    `VM (${board.vm_region})`,
    Math.max(needs.vm_reserved_bytes, layout.vm_bytes) + shared,
    board.regions.get(board.vm_region)!.bytes,
    shared > 0 ? `vm_bytes ${needs.vm_reserved_bytes}, stack ${shared}` : "vm_bytes",
    `Set platforms.${profile}.vm_bytes to what the board has.`,
  );
  if (board.external_nvm_bytes !== undefined) {
    refuse("NVM", needs.nvm_end_bytes, board.external_nvm_bytes, "constants, maps and planes");
  }
  return problems;
}
