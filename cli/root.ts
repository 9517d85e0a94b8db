/** Where the checkout lies, and where the user stands. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { isAbsolute, join, relative } from "node:path";

/** Root of the checkout. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Folder from which the user called: `deno task` itself runs in the root. */
export function userDirectory(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}

/** A path that the user gave, made absolute. */
export function fromUser(path: string): string {
  return isAbsolute(path) ? path : join(userDirectory(), path);
}

/** An absolute path as the user would write it: relative where it lies below them. */
export function forUser(path: string): string {
  const short = relative(userDirectory(), path);
  return short === "" || short.startsWith("..") ? path : short;
}
