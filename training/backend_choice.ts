/**
 * Which numeric backend training runs on, decided without loading any of them: from the fastest to
 * the one that is always there. TensorFlow.js' pure JavaScript backend is not among them.
 */
import { ExitCode, nearestName, UserError } from "../base/errors.ts";

/** Best first. */
export const backendNames = ["tensorflow", "webgpu", "wasm"] as const;
export type BackendName = (typeof backendNames)[number];

export interface BackendChoice {
  readonly name: BackendName;
  /** Better ones that cannot run here, each with the reason. */
  readonly passed_over: readonly { name: BackendName; reason: string }[];
}

/** Why a backend cannot run on this machine, or undefined where it can. */
const obstacles: Record<BackendName, () => Promise<string | undefined>> = {
  tensorflow: () => Promise.resolve("not set up on this machine"),
  webgpu: () => Promise.resolve("not set up on this machine"),
  wasm: () => Promise.resolve(undefined),
};

/**
 * The backend called `wanted`, or for `"auto"` the best that runs here.
 * @throws UserError where `wanted` is unknown, or named and unavailable
 */
export async function chooseBackend(wanted: string): Promise<BackendChoice> {
  const named = backendNames.filter((name) => wanted === "auto" || name === wanted);
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
