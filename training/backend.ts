/** Starts the numeric backend that was chosen. The pure JavaScript one is never chosen. */
import * as tf from "@tensorflow/tfjs-core";
import {
  type BackendChoice,
  type BackendName,
  chooseBackend,
  TENSORFLOW_PLACE,
} from "./backend_choice.ts";

/** A backend in use. */
export interface Backend extends BackendChoice {
  /** What it runs on, for people: `"WebAssembly, SIMD"`. */
  readonly description: string;
  /** Whether it computes on the processor, so that each thread can have one of its own. */
  readonly on_processor: boolean;
  /** What the same data, options and seed give again, in words; goes into `training.json`. */
  readonly determinism: string;
}

type Started = Omit<Backend, keyof BackendChoice>;

// Each loads what it needs only when it is chosen.
const starters: Record<BackendName, (threads?: number) => Promise<Started>> = {
  async tensorflow(threads) {
    const { startTensorflow } = await import("./tensorflow.ts");
    const { version, gpu } = await startTensorflow(TENSORFLOW_PLACE, threads);
    return {
      on_processor: !gpu,
      description: `TensorFlow ${version} on ${gpu ? "a GPU" : "the processor"}`,
      determinism: gpu
        ? "the same data, options and seed are meant to give the same bytes on this version of " +
          "TensorFlow and the same GPU; others may round otherwise"
        : "the same data, options and seed give the same bytes on this version of TensorFlow and " +
          "the same kind of processor, for any number of cores; others may round otherwise",
    };
  },
  webgpu: async () => ({
    ...await (await import("./webgpu.ts")).startWebgpu(),
    on_processor: false,
  }),
  "webgpu-software": async () => ({
    ...await (await import("./webgpu.ts")).startWebgpu(),
    on_processor: false,
  }),
  wasm: async () => ({ ...await (await import("./wasm.ts")).startWasm(), on_processor: true }),
};

/** One start per backend and thread; a second one would only repeat it. */
const running = new Map<BackendName, Started>();

/**
 * Starts the backend called `wanted`, or for `"auto"` the best that runs here.
 * @param threads of one operation, where the backend has several; 1 where threads compute side by side
 * @throws UserError where `wanted` is unknown, or named and unavailable
 */
export async function selectBackend(
  wanted: string,
  { threads }: { threads?: number } = {},
): Promise<Backend> {
  const choice = await chooseBackend(wanted);
  const { name } = choice;
  const started = running.get(name) ?? await starters[name](threads);
  running.set(name, started);
  const registered = name === "webgpu-software" ? "webgpu" : name;
  if (!await tf.setBackend(registered)) throw new Error(`backend ${name} did not start`);
  return { ...choice, ...started };
}

/** One line per choice, for the screen. */
export function describeBackend({ name, description, passed_over }: Backend): string[] {
  return [
    `training backend: ${name} (${description})`,
    ...passed_over.map((other) => `training backend ${other.name} passed over: ${other.reason}`),
  ];
}
