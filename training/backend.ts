/** Starts the numeric backend that was chosen. The pure JavaScript one is never registered. */
import * as tf from "@tensorflow/tfjs-core";
import { getThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { type BackendChoice, type BackendName, chooseBackend } from "./backend_choice.ts";
import { registerWasmGradients } from "./wasm_gradients.ts";

/** A backend in use. */
export interface Backend extends BackendChoice {
  /** What it runs on, for people: `"WebAssembly, SIMD"`. */
  readonly description: string;
  /** Whether the same seed gives the same bytes again. */
  readonly deterministic: boolean;
}

type Start = () => Promise<Pick<Backend, "description" | "deterministic">>;

const starters: Partial<Record<BackendName, Start>> = { wasm: startWasm };

/**
 * Starts the backend called `wanted`, or for `"auto"` the best that runs here.
 * @throws UserError where `wanted` is unknown, or named and unavailable
 */
export async function selectBackend(wanted: string): Promise<Backend> {
  const choice = await chooseBackend(wanted);
  const start = starters[choice.name];
  if (start === undefined) throw new Error(`backend ${choice.name} was chosen but has no start`);
  return { ...choice, ...await start() };
}

/** One line per choice, for the screen. */
export function describeBackend({ name, description, passed_over }: Backend): string[] {
  return [
    `training backend: ${name} (${description})`,
    ...passed_over.map((other) => `training backend ${other.name} passed over: ${other.reason}`),
  ];
}

async function startWasm() {
  const module = import.meta.resolve("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(decodeURIComponent(new URL(".", module).pathname));
  registerWasmGradients();
  if (!await tf.setBackend("wasm")) throw new Error("the WebAssembly backend did not start");
  await tf.ready();
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  const threads = getThreadsCount();
  return {
    description: `WebAssembly ${simd ? "with" : "without"} SIMD, ` +
      (threads === 1
        ? "one thread per network, since TensorFlow.js has no threads in Deno"
        : `${threads} threads`),
    deterministic: true,
  };
}
