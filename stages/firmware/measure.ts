/** What a linked image takes of the board's memories. */
import type { Elf } from "../../toolchain/elf.ts";
import type { Board } from "./board.ts";

export interface Usage {
  regions: { name: string; used_bytes: number; limit_bytes: number }[];
  program_bytes: number;
  image_bytes: number;
  vectors_bytes: number;
  static_ram_bytes: number;
  vm_bytes: number;
  /** Left in the region that holds the program. */
  program_free_bytes: number;
}

/** @param vectors_bytes size of the vectors.bin that was linked */
export function measure(elf: Elf, board: Board, vectors_bytes: number): Usage {
  const inRegion = (address: number, name: string) => {
    const { origin, bytes } = board.regions.get(name)!;
    return address >= origin && address < origin + bytes;
  };
  const { region: program, holds } = board.program;
  const vm = elf.sections.filter(({ name }) => name === ".bo_vm");
  // The start values of variables lie behind the program until reset copies them.
  const initial = elf.sections.filter(({ name, address, loaded }) =>
    loaded && inRegion(address, board.ram_region) && !name.startsWith(".bo_")
  );
  const regions = [...board.regions].map(([name, { bytes, origin }]) => {
    const inside = elf.sections.filter(({ address }) => inRegion(address, name));
    const end = Math.max(origin, ...inside.map((section) => section.address + section.bytes));
    const loads = name === program ? (elf.symbols.get("bo_data_load") ?? 0) + sum(initial) : 0;
    return { name, used_bytes: Math.max(end, loads) - origin, limit_bytes: bytes };
  });
  const image_bytes = elf.symbols.get("bo_image_end")! - elf.symbols.get("bo_image")!;
  const used = regions.find(({ name }) => name === program)!;
  const arena = elf.sections.filter(({ name }) => name === ".bo_arena");
  return {
    regions,
    program_bytes: used.used_bytes - (holds.includes("image") ? image_bytes : 0) -
      (holds.includes("arena") ? sum(arena) : 0) -
      (holds.includes("vectors") ? vectors_bytes : 0),
    image_bytes,
    vectors_bytes,
    static_ram_bytes: sum(
      elf.sections.filter(({ name, address }) =>
        inRegion(address, board.ram_region) && name !== ".bo_vm" &&
        !inRegion(address, program)
      ),
    ),
    vm_bytes: sum(vm),
    program_free_bytes: used.limit_bytes - used.used_bytes,
  };
}

function sum(sections: readonly { bytes: number }[]): number {
  return sections.reduce((total, { bytes }) => total + bytes, 0);
}
