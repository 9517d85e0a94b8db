/**
 * Long benchmarks in parts. BENCH_KEEP names a folder where each measurement is kept, and taken from
 * when it is there; BENCH_NETWORKS is a pattern: of the golden networks only these are measured, and
 * nothing is written to RESULTS.md.
 */
import { join } from "node:path";
import { writeWhole } from "../base/files.ts";
import type { GoldenNetwork } from "../tests/power/networks.ts";

/** A measurement by a name of its own; it must survive JSON. */
export async function kept<T>(name: string, measure: () => Promise<T>): Promise<T> {
  const folder = Deno.env.get("BENCH_KEEP");
  if (folder === undefined) return await measure();
  const file = join(folder, `${name}.json`);
  const before = await Deno.readTextFile(file).catch(() => undefined);
  if (before !== undefined) return JSON.parse(before) as T;
  const measured = await measure();
  await Deno.mkdir(folder, { recursive: true });
  await writeWhole(file, JSON.stringify(measured));
  return measured;
}

/** The networks to measure, and whether they are all there are. */
export function selected(networks: readonly GoldenNetwork[]): {
  networks: GoldenNetwork[];
  all: boolean;
} {
  const wanted = new RegExp(Deno.env.get("BENCH_NETWORKS") ?? "");
  const some = networks.filter(({ network }) => wanted.test(network.name));
  return { networks: some, all: some.length === networks.length };
}
