/** The published iNAS designs, and how an answer is compared with them. */
import { join } from "node:path";

export const GOLDEN_FILE = join(
  import.meta.dirname!,
  "inas_published_designs.json",
);

export interface GoldenNetwork {
  name: string;
  latency_s: number;
  layers: { best: Record<string, number | string> }[];
}

export interface Golden {
  intermittent: GoldenNetwork[];
  continuous: GoldenNetwork[];
}

export async function readGolden(): Promise<Golden> {
  return JSON.parse(await Deno.readTextFile(GOLDEN_FILE));
}

const EXACT = new Set([
  "Tr",
  "Tc",
  "Tm",
  "Tn",
  "loop_order",
  "S",
  "vm_bytes",
  "power_cycles",
]);

/** An answer as `--json` prints it. */
export interface Answer {
  name: string;
  latency_s: number | null;
  layers: Record<string, unknown>[];
}

/** Everything in which answers differ from the published figures: designs exactly, costs by 1e-9. */
export function differences(
  answers: readonly Answer[],
  golden: Golden,
): string[] {
  const found: string[] = [];
  const networks = [...golden.intermittent, ...golden.continuous];
  const near = (a: unknown, b: number) => Math.abs(Number(a) - b) <= 1e-9 * Math.abs(b);
  if (answers.length !== networks.length) {
    found.push(`${answers.length} answers`);
  }
  networks.forEach((network, i) => {
    const answer = answers[i];
    if (answer?.name !== network.name) {
      return found.push(`answer ${i} is not ${network.name}`);
    }
    if (!near(answer.latency_s, network.latency_s)) {
      found.push(`${network.name} latency_s`);
    }
    network.layers.forEach(({ best }, l) => {
      for (const [field, expected] of Object.entries(best)) {
        const actual = answer.layers[l]?.[field];
        const equal = EXACT.has(field) ? actual === expected : near(actual, Number(expected));
        if (!equal) {
          found.push(
            `${network.name} layer ${l} ${field}: ${actual}, not ${expected}`,
          );
        }
      }
    });
  });
  return found;
}
