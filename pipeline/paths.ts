/** Paths as the engine writes them down: relative to the root, with `/`. */
import { relative as nativeRelative, sep } from "node:path";

export function relative(from: string, to: string): string {
  return nativeRelative(from, to).split(sep).join("/");
}
