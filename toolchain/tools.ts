/** The programs that Brownout calls: what each is for, who needs it, and what brings it on Debian. */

/** What a user may be about to do; each needs its own tools. */
export type Task = "pipeline" | "explore" | "test" | "check" | "bench";

export interface Tool {
  readonly name: ToolName;
  /** What it is needed for, as shown to the user. */
  readonly purpose: string;
  readonly tasks: readonly Task[];
  /** Names to look for on `PATH`; the first one found is used. */
  readonly candidates: readonly string[];
  /** Debian 12 packages that bring it. */
  readonly packages: readonly string[];
  /** File that the program itself must be able to find (`-print-file-name`), where it alone is not enough. */
  readonly needsFile?: string;
  /** What is done where it cannot be brought; absent: the task needs it. */
  readonly fallback?: string;
}

export type ToolName =
  | "c++"
  | "cc"
  | "make"
  | "cmake"
  | "clang"
  | "ld.lld"
  | "llvm-objcopy"
  | "llvm-size"
  | "arm-none-eabi-gcc"
  | "arm-none-eabi-objcopy"
  | "arm-none-eabi-size"
  | "qemu-system-arm"
  | "mspdebug"
  | "libunicorn"
  | "libfuzzer"
  | "clang-format";

const EVERY_BUILD: readonly Task[] = ["pipeline", "explore", "test", "check", "bench"];
const FIRMWARE: readonly Task[] = ["pipeline", "test"];

/** `name-16` first: it is what every push is tested with. Later and Debian's default ones do as well. */
function llvm(name: string): string[] {
  return [`${name}-16`, `${name}-19`, `${name}-14`, name];
}

export const TOOLS: readonly Tool[] = [
  {
    name: "c++",
    purpose: "C++20 compiler for the explorer",
    tasks: EVERY_BUILD,
    candidates: ["g++", "c++", "clang++"],
    packages: ["build-essential"],
  },
  {
    name: "cc",
    purpose: "C11 compiler for the runtime on this machine",
    tasks: EVERY_BUILD,
    candidates: ["gcc", "cc", "clang"],
    packages: ["build-essential"],
  },
  {
    name: "make",
    purpose: "builds the explorer and the runtime",
    tasks: EVERY_BUILD,
    candidates: ["make", "gmake"],
    packages: ["build-essential"],
  },
  {
    name: "cmake",
    purpose: "configures the explorer's build",
    tasks: EVERY_BUILD,
    candidates: ["cmake"],
    packages: ["cmake"],
  },
  {
    name: "clang",
    purpose: "compiler for MSP430",
    tasks: FIRMWARE,
    candidates: llvm("clang"),
    packages: ["clang-16"],
  },
  {
    name: "ld.lld",
    purpose: "linker for MSP430",
    tasks: FIRMWARE,
    candidates: llvm("ld.lld"),
    packages: ["lld-16"],
  },
  {
    name: "llvm-objcopy",
    purpose: "writes .hex files for MSP430",
    tasks: FIRMWARE,
    candidates: llvm("llvm-objcopy"),
    packages: ["llvm-16"],
  },
  {
    name: "llvm-size",
    purpose: "measures MSP430 images",
    tasks: FIRMWARE,
    candidates: llvm("llvm-size"),
    packages: ["llvm-16"],
  },
  {
    name: "arm-none-eabi-gcc",
    purpose: "compiler and C library for MSP432",
    tasks: FIRMWARE,
    candidates: ["arm-none-eabi-gcc"],
    packages: ["gcc-arm-none-eabi", "libnewlib-arm-none-eabi"],
    needsFile: "nano.specs",
  },
  {
    name: "arm-none-eabi-objcopy",
    purpose: "writes .hex files for MSP432",
    tasks: FIRMWARE,
    candidates: ["arm-none-eabi-objcopy"],
    packages: ["binutils-arm-none-eabi"],
  },
  {
    name: "arm-none-eabi-size",
    purpose: "measures MSP432 images",
    tasks: FIRMWARE,
    candidates: ["arm-none-eabi-size"],
    packages: ["binutils-arm-none-eabi"],
  },
  {
    name: "qemu-system-arm",
    purpose: "runs MSP432 images",
    tasks: FIRMWARE,
    candidates: ["qemu-system-arm"],
    packages: ["qemu-system-arm"],
  },
  {
    name: "mspdebug",
    purpose: "runs MSP430 images",
    tasks: FIRMWARE,
    candidates: ["mspdebug"],
    packages: ["mspdebug"],
  },
  {
    name: "libunicorn",
    purpose: "simulates the MSP432's CPU for the shipped image",
    tasks: FIRMWARE,
    // A library: the compiler finds it, or not.
    candidates: ["gcc", "cc", "clang"],
    packages: ["libunicorn-dev"],
    needsFile: "libunicorn.so",
    fallback: "MSP432 images run in QEMU alone, built for its memory instead of the board's",
  },
  {
    name: "libfuzzer",
    purpose: "fuzzes the runtime's parsers",
    tasks: ["test"],
    // runtime-c/Makefile's FUZZ_CC, and no other version: each has a runtime of its own.
    candidates: ["clang-16"],
    packages: ["libclang-rt-16-dev"],
    needsFile: `libclang_rt.fuzzer-${Deno.build.arch}.a`,
    fallback: "the fuzz targets of the runtime are not run",
  },
  {
    name: "clang-format",
    purpose: "checks the format of C and C++",
    tasks: ["check"],
    candidates: ["clang-format-16"],
    packages: ["clang-format-16"],
  },
];

/** The tools that `task` needs, in the order of the table. */
export function toolsFor(task: Task | "all"): Tool[] {
  return TOOLS.filter((tool) => task === "all" || tool.tasks.includes(task));
}

/** The Debian packages that bring `tools`: each once, sorted. */
export function packagesFor(tools: readonly Tool[]): string[] {
  return [...new Set(tools.flatMap((tool) => tool.packages))].sort();
}

/** What a person types where we may not install by ourselves. */
export function installCommand(packages: readonly string[]): string {
  return "apt-get update && apt-get install -y --no-install-recommends " + packages.join(" ");
}
