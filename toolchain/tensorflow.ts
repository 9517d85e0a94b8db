/**
 * `deno task setup --tensorflow`: TensorFlow as a training backend.
 *
 * It is not among the packages that every checkout installs: the libraries weigh 1 GB, the package's
 * own install script downloads and compiles, and most commands train nothing. What is fetched lies in
 * `build/tensorflow`: the npm package, the libraries, and the package's binding, compiled here.
 */
import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { ExitCode, UserError } from "../base/errors.ts";
import { canonicalJson, writeWhole } from "../base/files.ts";
import { requireTool, versionLine } from "./find.ts";
import { runJob } from "./job.ts";
import { BINDING_CHANGES, changedBinding } from "./tensorflow_binding.ts";
import { say } from "./screen.ts";
import {
  gpuVisible,
  type Library,
  libraryIn,
  waysToFetch,
  WHEEL_VERSION,
} from "./tensorflow_library.ts";
import {
  readTensorflow,
  recordFile,
  tensorflowPlace,
  type TensorflowRecord,
} from "./tensorflow_place.ts";

export const PACKAGE = "@tensorflow/tfjs-node-gpu";
export const PACKAGE_VERSION = "4.22.0";

const PROBE = "training/tensorflow_probe.ts";

export interface TensorflowRequest {
  /** Root of the checkout. */
  readonly root: string;
  /** Folder with the libraries; undefined: they are fetched. */
  readonly given: string | undefined;
}

/**
 * Brings TensorFlow where it is not there as asked for; silent where it is.
 *
 * Everything is made beside its place and renamed at the end, so that an interrupted setup leaves what
 * was there before.
 *
 * @throws UserError (exit code 4) with the commands to run by hand, where it cannot
 */
export async function ensureTensorflow({ root, given }: TensorflowRequest): Promise<void> {
  const place = tensorflowPlace(root);
  const gpu = await gpuVisible();
  const request = await digestOf(given, gpu);
  if ((await readTensorflow(place))?.request === request) return;
  await requireTool("c++");
  const own = given === undefined
    ? undefined
    : await libraryIn(await Deno.realPath(given).catch(() => given), "the given folder");
  const stage = `${place}.part`;
  await Deno.remove(stage, { recursive: true }).catch(ignoreNotFound);
  await Deno.mkdir(stage, { recursive: true });
  const logs = join(root, "build", "logs");
  const packageFolder = await installPackage(root, stage, logs);
  const library = own ?? await fetchLibrary(gpu, stage, logs);
  const binding = await compile(root, stage, packageFolder, library, logs);
  const record: TensorflowRecord = {
    version: "unknown",
    source: library.source,
    cuda: gpu,
    request,
    package: relative(stage, packageFolder),
    binding: relative(stage, binding),
  };
  await writeWhole(recordFile(stage), canonicalJson(record));
  const version = await probe(root, stage);
  await writeWhole(recordFile(stage), canonicalJson({ ...record, version }));
  await Deno.remove(place, { recursive: true }).catch(ignoreNotFound);
  await Deno.rename(stage, place);
  say(`TensorFlow ${version} (${library.source}) is ready: training takes it where it may choose`);
}

async function digestOf(given: string | undefined, gpu: boolean): Promise<string> {
  const compiler = await versionLine("c++");
  const wanted = [PACKAGE_VERSION, WHEEL_VERSION, BINDING_CHANGES, given ?? "", gpu, compiler];
  return createHash("sha256").update(JSON.stringify(wanted)).digest("hex");
}

/**
 * Installs the npm package without running its scripts, its dependency on all of TensorFlow.js
 * replaced by the core that this project has: two cores would be two sets of kernels.
 */
async function installPackage(root: string, stage: string, logs: string): Promise<string> {
  await Deno.writeTextFile(join(stage, "deno.json"), canonicalJson({ nodeModulesDir: "auto" }));
  await Deno.writeTextFile(
    join(stage, "package.json"),
    canonicalJson({
      private: true,
      dependencies: { [PACKAGE]: PACKAGE_VERSION },
      overrides: { "@tensorflow/tfjs": `npm:@tensorflow/tfjs-core@${PACKAGE_VERSION}` },
    }),
  );
  await runJob({
    title: `installing ${PACKAGE} ${PACKAGE_VERSION}`,
    command: [Deno.execPath(), "install"],
    cwd: stage,
    env: { NO_COLOR: "1" },
    log: join(logs, "tensorflow-npm.log"),
    help: "the npm registry must be reachable",
  });
  const folder = await Deno.realPath(join(stage, "node_modules", PACKAGE));
  const core = join(folder, "..", "tfjs");
  await Deno.remove(core, { recursive: true });
  await Deno.symlink(await Deno.realPath(join(root, "node_modules/@tensorflow/tfjs-core")), core);
  return join(await Deno.realPath(stage), relative(await Deno.realPath(stage), folder));
}

async function fetchLibrary(gpu: boolean, stage: string, logs: string): Promise<Library> {
  const ways = await waysToFetch(gpu);
  const into = join(await Deno.realPath(stage), "library");
  const refusals: string[] = [];
  for (const way of ways) {
    await Deno.remove(into, { recursive: true }).catch(ignoreNotFound);
    await Deno.mkdir(into);
    try {
      return await way.fetch(into, logs);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refusals.push(`${way.name}: ${error.problems[0]!.message.split("\n")[0]}`);
      say(`${way.name} cannot be had`);
    }
  }
  throw new UserError({
    message: ["TensorFlow's libraries cannot be fetched:", ...refusals].join("\n  "),
    help: ["bring them by hand, one of:", ...new Set(ways.map(({ byHand }) => byHand))].join(
      "\n  ",
    ),
  }, ExitCode.toolchain);
}

/** Compiles the package's binding, changed, against the library. */
async function compile(
  root: string,
  stage: string,
  packageFolder: string,
  library: Library,
  logs: string,
): Promise<string> {
  const sources = join(await Deno.realPath(stage), "binding");
  await Deno.mkdir(sources);
  for await (const { name } of Deno.readDir(join(packageFolder, "binding"))) {
    const text = await Deno.readTextFile(join(packageFolder, "binding", name));
    await Deno.writeTextFile(join(sources, name), changedBinding(name, text));
  }
  const binding = join(sources, "tfjs_binding.node");
  const inside = !relative(await Deno.realPath(stage), library.folder).startsWith("..");
  const search = inside ? `$ORIGIN/${relative(sources, library.folder)}` : library.folder;
  await runJob({
    title: `compiling the binding of ${PACKAGE}`,
    command: [
      await requireTool("c++"),
      "-O2",
      "-std=c++17",
      "-shared",
      "-fPIC",
      "-DNAPI_VERSION=8",
      "-w",
      `-I${join(root, "node_modules/node-api-headers/include")}`,
      `-I${library.include}`,
      join(sources, "tfjs_backend.cc"),
      join(sources, "tfjs_binding.cc"),
      "-o",
      binding,
      `-L${library.folder}`,
      ...library.names.map((name) => `-l:${name}`),
      // The old kind of entry: it holds for what TensorFlow itself looks for later, CUDA's libraries.
      `-Wl,--disable-new-dtags,-rpath,${search}`,
    ],
    cwd: sources,
    log: join(logs, "tensorflow-binding.log"),
    help: "the log holds the compiler's output",
  });
  return binding;
}

/** Trains a step in a process of its own; what does not load must not count as set up. */
async function probe(root: string, stage: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", join(root, "deno.json"), join(root, PROBE), stage],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (code !== 0) {
    throw new UserError({
      message: `TensorFlow was built but does not run (exit code ${code}):\n${text(stderr)}`,
      help: "TENSORFLOW_DIR=<folder> deno task setup --tensorflow takes other libraries",
    }, ExitCode.toolchain);
  }
  return text(stdout).split("\n").at(-1)!;
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
