/**
 * The TensorFlow libraries with their C headers: from a folder of the user's, from pip's wheel, or from
 * the archive that `@tensorflow/tfjs-node-gpu` itself would download.
 */
import { basename, join, relative } from "node:path";
import { ExitCode, UserError } from "../base/errors.ts";
import { onPath } from "./find.ts";
import { runJob } from "./job.ts";

/** Wheel that is fetched. The binding uses the C interface alone, which TensorFlow keeps stable. */
export const WHEEL_VERSION = "2.21.0";
/** What tfjs-node-gpu 4.22.0 downloads by itself. */
const ARCHIVE_VERSION = "2.9.1";
const ARCHIVE_HOST = "https://storage.googleapis.com/tensorflow/libtensorflow";

export interface Library {
  /** Folder that holds the `.so` files. */
  readonly folder: string;
  /** Folder that holds `tensorflow/c/c_api.h`. */
  readonly include: string;
  /** File names to link with. */
  readonly names: readonly string[];
  readonly source: string;
}

/** True where an NVIDIA driver answers. */
export async function gpuVisible(): Promise<boolean> {
  return await Deno.stat("/dev/nvidiactl").then(() => true, () => false);
}

/**
 * The library in `folder`: an unpacked libtensorflow archive (`lib/`, `include/`) or the
 * `tensorflow` folder of an installed Python package.
 * @throws UserError (exit code 4) where libraries or headers are missing there
 */
export async function libraryIn(folder: string, source: string): Promise<Library> {
  const libraries = [join(folder, "lib"), folder];
  for (const lib of libraries) {
    const names: string[] = [];
    for (const stem of [["libtensorflow_cc", "libtensorflow"], ["libtensorflow_framework"]]) {
      const found = await firstFile(lib, stem.flatMap((name) => [`${name}.so.2`, `${name}.so`]));
      if (found !== undefined) names.push(found);
    }
    if (names.length < 2) continue;
    const include = join(folder, "include");
    if (await firstFile(join(include, "tensorflow", "c"), ["c_api.h"]) === undefined) break;
    return { folder: lib, include, names, source };
  }
  throw new UserError({
    message: "no TensorFlow libraries with headers lie there",
    location: { file: folder },
    expected: "libtensorflow_framework.so.2 and libtensorflow_cc.so.2 or libtensorflow.so.2 " +
      "(in it or in lib/), and include/tensorflow/c/c_api.h",
    help: "give an unpacked libtensorflow archive, or the folder `tensorflow` of a Python package",
  }, ExitCode.toolchain);
}

async function firstFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const status = await Deno.stat(join(folder, name)).catch(() => undefined);
    if (status?.isFile) return name;
  }
  return undefined;
}

/** How the libraries can be fetched here, best first; each brings them into a folder. */
export async function waysToFetch(gpu: boolean): Promise<
  { name: string; byHand: string; fetch(into: string, logs: string): Promise<Library> }[]
> {
  const python = await onPath(["python3", "python"]);
  const wheel = gpu ? "tensorflow" : "tensorflow-cpu";
  const machine = Deno.build.arch === "aarch64" ? "aarch64" : "x86_64";
  const pip = [
    "-m",
    "pip",
    "download",
    "--disable-pip-version-check",
    "--no-deps",
    "--only-binary=:all:",
  ];
  // Only its libraries are used: a Python without a wheel of its own takes another one's.
  const foreign = [
    ...pip,
    "--implementation=cp",
    "--python-version=3.12",
    ...[34, 28, 27, 17].map((glibc) => `--platform=manylinux_2_${glibc}_${machine}`),
    `--platform=manylinux2014_${machine}`,
  ];
  const archive = `libtensorflow-${gpu ? "gpu" : "cpu"}-linux-${machine}-${ARCHIVE_VERSION}.tar.gz`;
  const url = `${ARCHIVE_HOST}/${archive}`;
  return [
    ...(python === undefined ? [] : [
      { name: `pip's ${wheel} ${WHEEL_VERSION}`, command: pip },
      { name: `pip's ${wheel} ${WHEEL_VERSION} for Python 3.12`, command: foreign },
    ].map(({ name, command }) => ({
      name,
      byHand: `python3 -m pip install --target DIR --no-deps ${wheel}==${WHEEL_VERSION}, ` +
        "then TENSORFLOW_DIR=DIR/tensorflow deno task setup --tensorflow",
      fetch: (into: string, logs: string) => fetchWheel(python!, command, wheel, gpu, into, logs),
    }))),
    {
      name: `the archive of libtensorflow ${ARCHIVE_VERSION}`,
      byHand: `mkdir DIR; curl -L ${url} | tar xz -C DIR, ` +
        "then TENSORFLOW_DIR=DIR deno task setup --tensorflow",
      fetch: (into: string, logs: string) => fetchArchive(url, into, logs),
    },
  ];
}

/** Unpacks what lies under some folders of wheels, and deletes the wheels. */
const UNPACK = `
import glob, os, sys, zipfile
into, wanted = sys.argv[1], tuple(sys.argv[2:])
for wheel in glob.glob(os.path.join(into, "*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(wanted):
                archive.extract(name, into)
    os.remove(wheel)
`;

/** Prints what the wheel's extra "and-cuda" asks for, one requirement a line. */
const CUDA_NEEDS = `
import glob, sys, zipfile
for wheel in glob.glob(sys.argv[1] + "/tensorflow-*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        for line in archive.read(name).decode().splitlines():
            if line.startswith("Requires-Dist: nvidia") and "and-cuda" in line:
                print(line[15:].split(";")[0].strip().replace(" ", "").replace("(", "").replace(")", ""))
`;

async function fetchWheel(
  python: string,
  pip: readonly string[],
  wheel: string,
  gpu: boolean,
  into: string,
  logs: string,
): Promise<Library> {
  const job = (title: string, args: readonly string[]) =>
    runJob({
      title,
      command: [python, ...args],
      cwd: into,
      env: { PIP_PROGRESS_BAR: "off" },
      log: join(logs, "tensorflow-pip.log"),
      progress: (line) => line.match(/^\s*(Downloading|Saved|Processing) .*/)?.[0],
      help: "pip could not fetch it; the log holds the whole output",
    });
  await job(`fetching pip's ${wheel} ${WHEEL_VERSION} (some 270 MB)`, [
    ...pip,
    `--dest=${into}`,
    `${wheel}==${WHEEL_VERSION}`,
  ]);
  if (gpu) {
    const { stdout } = await new Deno.Command(python, { args: ["-c", CUDA_NEEDS, into] }).output();
    const needs = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
    await job(`fetching the CUDA libraries of ${wheel} (${needs.length} wheels, some GB)`, [
      ...pip,
      `--dest=${into}`,
      ...needs,
    ]);
  }
  await job("unpacking the libraries", [
    "-c",
    UNPACK,
    into,
    "tensorflow/libtensorflow",
    "tensorflow/include/",
    "nvidia/",
  ]);
  const folder = join(into, "tensorflow");
  if (gpu) await linkBeside(folder, await sharedObjects(join(into, "nvidia")));
  return await libraryIn(folder, `pip's ${wheel} ${WHEEL_VERSION}`);
}

/** TensorFlow looks for CUDA in its own folder first. */
async function linkBeside(folder: string, libraries: readonly string[]): Promise<void> {
  for (const library of libraries) {
    await Deno.symlink(relative(folder, library), join(folder, basename(library)));
  }
}

async function sharedObjects(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) continue;
    const lib = join(folder, name, "lib");
    try {
      for await (const file of Deno.readDir(lib)) {
        if (/\.so(\.\d+)*$/.test(file.name)) found.push(join(lib, file.name));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found.sort();
}

async function fetchArchive(url: string, into: string, logs: string): Promise<Library> {
  const file = join(into, "libtensorflow.tar.gz");
  const answer = await fetch(url).catch((error: Error) => {
    throw new UserError(
      { message: `cannot download: ${error.message}`, value: url },
      ExitCode.toolchain,
    );
  });
  if (!answer.ok || answer.body === null) {
    await answer.body?.cancel();
    throw new UserError(
      { message: `the server answers ${answer.status}`, value: url },
      ExitCode.toolchain,
    );
  }
  const out = await Deno.open(file, { write: true, create: true, truncate: true });
  await answer.body.pipeTo(out.writable);
  await runJob({
    title: "unpacking libtensorflow",
    command: ["tar", "xzf", file, "-C", into],
    cwd: into,
    log: join(logs, "tensorflow-archive.log"),
    help: "the archive may be damaged: run setup again",
  });
  await Deno.remove(file);
  return await libraryIn(into, `the archive ${url.slice(url.lastIndexOf("/") + 1)}`);
}
