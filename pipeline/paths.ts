/** Paths as the engine writes them down: relative to the root, with `/`. */
import { relative as nativeRelative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export function fromFileUrl(url: string): string {
  return fileURLToPath(url);
}

export function relative(from: string, to: string): string {
  return nativeRelative(from, to).split(sep).join("/");
}
