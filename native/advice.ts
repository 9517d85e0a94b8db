/** What to change where no design fits: the least change of each limit that alone makes one feasible. */
import type { Scheme } from "../network/design.ts";
import type { Binding, ExploreAnswer, InfeasibleLayer, Miss } from "../network/explore.ts";
import { energyBudget_J, type Platform } from "../network/platform.ts";

type Need = Pick<Miss, "binding" | "violation">;

/** e.g. `layer conv2 needs 41 more bytes of VM or 12 % more capacitance`. */
function adviseLayer(
  layer: InfeasibleLayer,
  misses: readonly Need[],
  platform: Platform,
  scheme: Scheme,
): string {
  const say = (need: Need) => sayNeed(need, platform, scheme);
  const alone = soleNeeds(layer, misses).map(say);
  if (alone.length > 0) {
    return `layer ${layer.name} needs ${alone.join(" or ")}`;
  }
  const together = layer.together ?? [layer];
  return `layer ${layer.name} needs ${together.map(say).join(" and ")}`;
}

/**
 * One line per layer without a design, one that mends several such layers at once, and one for each
 * limit that the network misses as a whole.
 */
export function advise(
  answer: ExploreAnswer,
  platform: Platform,
  scheme: Scheme = "tile",
): string[] {
  const say = (need: Need) => sayNeed(need, platform, scheme);
  const stuck = answer.layers.filter((layer) => !layer.feasible);
  const misses = answer.misses ?? [];
  const lines = stuck.map((layer) => adviseLayer(layer, misses, platform, scheme));
  if (stuck.length > 1) {
    const common = commonNeeds(stuck, misses).map(say);
    if (common.length > 0) {
      lines.push(
        `${common.join(" or ")} would do for all ${stuck.length} of these layers`,
      );
    }
  }
  const also = stuck.length > 0 ? "also " : "";
  for (const need of misses) {
    lines.push(`the network as a whole ${also}needs ${say(need)}`);
  }
  return lines;
}

/** A network whose maps alone are too large lacks more NVM than a layer's partial sums do. */
function soleNeeds(layer: InfeasibleLayer, misses: readonly Need[]): Need[] {
  return Object.entries(layer.rejected).filter(([, miss]) => miss.sole).map(
    ([binding, { violation }]) =>
      misses.find((miss) => miss.binding === "nvm" && miss.binding === binding) ??
        { binding: binding as Binding, violation },
  );
}

/** More of a limit takes no design away, so the largest need of a limit serves every layer. */
function commonNeeds(
  layers: readonly InfeasibleLayer[],
  misses: readonly Need[],
): Need[] {
  const [first, ...rest] = layers.map((layer) => soleNeeds(layer, misses));
  return first!.flatMap(({ binding, violation }) => {
    const others = rest.map((needs) => needs.find((need) => need.binding === binding)?.violation);
    return binding === "alignment" || others.includes(undefined)
      ? []
      : [{ binding, violation: Math.max(violation, ...others as number[]) }];
  });
}

function sayNeed({ binding, violation }: Need, platform: Platform, scheme: Scheme): string {
  switch (binding) {
    case "vm":
      return `${violation} more ${bytes(violation)} of VM`;
    case "nvm":
      // No NVM holds partial sums whose bits are all theirs.
      if (scheme === "stateful") {
        return "a design that visits each output tile once, or scheme hawaii";
      }
      return `${violation} more ${bytes(violation)} of NVM`;
    case "energy":
      return `${percent(violation / energyBudget_J(platform).safe_J)} more capacitance`;
    case "alignment":
      return platform.length_multiple === 2
        ? "an even number of input channels, or a kernel that takes any length"
        : "other input channels";
    case "latency":
      return `${threeDigits(violation)} s more time`;
  }
}

function bytes(count: number): string {
  return count === 1 ? "byte" : "bytes";
}

/** Rounded up: what is said must suffice. */
function threeDigits(value: number): number {
  const scale = 10 ** (2 - Math.floor(Math.log10(value)));
  return Math.ceil(value * scale) / scale;
}

/** Rounded up. */
function percent(share: number): string {
  const value = 100 * share;
  return `${value < 10 ? Math.ceil(value * 10) / 10 : Math.ceil(value)} %`;
}
