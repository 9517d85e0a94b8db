/**
 * Which numeric backend training runs on, decided without loading any of them: from the fastest to
 * the one that is always there. TensorFlow.js' pure JavaScript backend is not among them.
 */
import { join } from "node:path";
import { ExitCode, nearestName, UserError } from "../base/errors.ts";
import { readTensorflow, tensorflowPlace } from "../toolchain/tensorflow_place.ts";

/** Best first; `webgpu-software` computes on the processor and is taken only when asked for by name. */
export const backendNames = ["tensorflow", "webgpu", "wasm", "webgpu-software"] as const;
export type BackendName = (typeof backendNames)[number];

const BY_NAME_ONLY: readonly BackendName[] = ["webgpu-software"];

export interface BackendChoice {
  readonly name: BackendName;
  /** Better ones that cannot run here, each with the reason and what would bring it. */
  readonly passed_over: readonly { name: BackendName; reason: string }[];
}

/** Where `deno task setup --tensorflow` leaves TensorFlow in this checkout. */
export const TENSORFLOW_PLACE = tensorflowPlace(join(import.meta.dirname!, ".."));

/** Why a backend cannot run on this machine, or undefined where it can. */
const obstacles: Record<BackendName, () => Promise<string | undefined>> = {
  tensorflow: async () =>
    await readTensorflow(TENSORFLOW_PLACE) === undefined
      ? "not set up here; `deno task setup --tensorflow` brings it (some 270 MB to download)"
      : undefined,
  webgpu: async () => {
    const adapter = await adapterInfo();
    if (adapter === undefined) {
      return "this machine shows no GPU adapter; a GPU with a Vulkan driver would bring it";
    }
    return isSoftware(adapter)
      ? `its only adapter, ${adapter.description}, is the processor in disguise; a GPU with a ` +
        "Vulkan driver would bring it"
      : undefined;
  },
  wasm: () => Promise.resolve(undefined),
  "webgpu-software": async () => {
    const adapter = await adapterInfo();
    if (adapter === undefined) {
      return "there is no software adapter; Debian's mesa-vulkan-drivers brings one";
    }
    return isSoftware(adapter) ? undefined : "the adapter is hardware: backend webgpu uses it";
  },
};

/** What the browser's interface says of the GPU; undefined where there is none. */
export async function adapterInfo(): Promise<GPUAdapterInfo | undefined> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter?.info;
}

/** Mesa's, Google's and Microsoft's software renderers, and whatever calls itself a fallback. */
export function isSoftware(
  { description, isFallbackAdapter }: Pick<GPUAdapterInfo, "description" | "isFallbackAdapter">,
): boolean {
  return isFallbackAdapter ||
    /llvmpipe|lavapipe|swiftshader|softpipe|software|basic render/i.test(description);
}

/**
 * The backend called `wanted`, or for `"auto"` the best that runs here.
 * @throws UserError where `wanted` is unknown, or named and unavailable
 */
export async function chooseBackend(wanted: string): Promise<BackendChoice> {
  const named = backendNames.filter((name) =>
    wanted === "auto" ? !BY_NAME_ONLY.includes(name) : name === wanted
  );
  const names = ["auto", ...backendNames];
  if (named.length === 0) {
    throw new UserError({
      message: `there is no training backend called "${wanted}"`,
      field: "backend",
      value: wanted,
      expected: names.join(" | "),
      nearest: nearestName(wanted, names),
    });
  }
  const passedOver: { name: BackendName; reason: string }[] = [];
  for (const name of named) {
    const reason = await obstacles[name]();
    if (reason === undefined) return { name, passed_over: passedOver };
    passedOver.push({ name, reason });
  }
  throw new UserError(
    passedOver.map(({ name, reason }) => ({
      message: `training backend ${name} cannot be used: ${reason}`,
      field: "backend",
      value: wanted,
      expected: "auto | wasm",
    })),
    ExitCode.toolchain,
  );
}
