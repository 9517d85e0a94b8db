/** Where `deno task setup --tensorflow` leaves TensorFlow, and what it says of it. */
import { join } from "node:path";
import { z } from "zod";

/** Written last, so that a half-done setup is never taken for a whole one. */
const RECORD = "tensorflow.json";

export const TensorflowRecord = z.strictObject({
  /** Version of TensorFlow itself, as it says. */
  version: z.string(),
  /** Where its libraries came from, in words. */
  source: z.string(),
  /** Whether its libraries can use an NVIDIA GPU. */
  cuda: z.boolean(),
  /** Digest of what was asked for; another one means that setup has work to do. */
  request: z.string(),
  /** Folder of the npm package, relative to the place. */
  package: z.string(),
  /** The compiled binding, relative to the place. */
  binding: z.string(),
});
export type TensorflowRecord = z.infer<typeof TensorflowRecord>;

/** Folder of TensorFlow in the checkout at `root`. */
export function tensorflowPlace(root: string): string {
  return join(root, "build", "tensorflow");
}

/** File in which a finished setup is described. */
export function recordFile(place: string): string {
  return join(place, RECORD);
}

/** What was set up at `place`, or undefined where nothing whole lies there. */
export async function readTensorflow(place: string): Promise<TensorflowRecord | undefined> {
  const text = await Deno.readTextFile(recordFile(place)).catch(() => undefined);
  if (text === undefined) return undefined;
  const record = TensorflowRecord.safeParse(parsed(text));
  if (!record.success) return undefined;
  const there = await Deno.stat(join(place, record.data.binding)).catch(() => undefined);
  return there?.isFile ? record.data : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
