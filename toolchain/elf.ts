/** Reads 32-bit little-endian ELF files: where sections lie, and symbols by name. */

export interface Section {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  /** Has contents in the file; false for .bss and its like. */
  readonly loaded: boolean;
}

export interface Elf {
  /** Sections that take memory on the device. */
  readonly sections: readonly Section[];
  /** Addresses by name. */
  readonly symbols: ReadonlyMap<string, number>;
  /** Contents of `bytes` bytes from `address` on; throws where no loaded section holds them. */
  read(address: number, bytes: number): Uint8Array;
}

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;

/** @throws Error where it is no such file */
export function readElf(file: Uint8Array): Elf {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 52 || view.getUint32(0, false) !== 0x7f454c46 || view.getUint16(4) !== 0x0101) {
    throw new Error("not a 32-bit little-endian ELF file");
  }
  const table = view.getUint32(32, true);
  const entryBytes = view.getUint16(46, true);
  const headers = Array.from({ length: view.getUint16(48, true) }, (_, i) => {
    const at = table + i * entryBytes;
    const word = (index: number) => view.getUint32(at + 4 * index, true);
    return {
      name: word(0),
      type: word(1),
      flags: word(2),
      address: word(3),
      offset: word(4),
      bytes: word(5),
      link: word(6),
    };
  });
  const text = (offset: number) =>
    new TextDecoder().decode(file.subarray(offset, file.indexOf(0, offset)));
  const names = headers[view.getUint16(50, true)]!;
  const alive = headers.filter(({ flags, bytes }) => (flags & SHF_ALLOC) !== 0 && bytes > 0);
  const symbols = new Map<string, number>();
  for (const header of headers.filter(({ type }) => type === SHT_SYMTAB)) {
    const strings = headers[header.link]!;
    for (let at = header.offset; at < header.offset + header.bytes; at += 16) {
      const name = text(strings.offset + view.getUint32(at, true));
      if (name !== "") symbols.set(name, view.getUint32(at + 4, true));
    }
  }
  return {
    sections: alive.map(({ name, type, address, bytes }) => ({
      name: text(names.offset + name),
      address,
      bytes,
      loaded: type !== SHT_NOBITS,
    })),
    symbols,
    read(address, bytes) {
      const home = alive.find((header) =>
        header.type !== SHT_NOBITS && header.address <= address &&
        address + bytes <= header.address + header.bytes
      );
      if (home === undefined) throw new Error(`no section holds ${bytes} bytes at ${address}`);
      const from = home.offset + address - home.address;
      return file.subarray(from, from + bytes);
    },
  };
}
