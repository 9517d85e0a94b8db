/** What to change where no design fits: the least change of each limit that alone makes one feasible. */
import type { Binding, ExploreAnswer, InfeasibleLayer } from "../network/explore.ts";
import { energyBudget_J, type Platform } from "../network/platform.ts";

/** e.g. `layer conv2 needs 41 more bytes of VM or 12 % more capacitance`. */
export function adviseLayer(
  layer: InfeasibleLayer,
  platform: Platform,
): string {
  const ways = Object.entries(layer.rejected).filter(([, miss]) => miss.sole)
    .map(([binding, miss]) => need(binding as Binding, miss.violation, platform));
  const nearest = need(layer.binding, layer.violation, platform);
  return ways.length > 0
    ? `layer ${layer.name} needs ${ways.join(" or ")}`
    : `layer ${layer.name} needs ${nearest}, and more than that: no single limit is to blame`;
}

/** One line per layer without a design, and one where the network as a whole does not fit. */
export function advise(answer: ExploreAnswer, platform: Platform): string[] {
  const lines = answer.layers.flatMap((layer) =>
    layer.feasible ? [] : [adviseLayer(layer, platform)]
  );
  if (answer.binding !== undefined && answer.violation !== undefined) {
    lines.push(
      `the network as a whole needs ${need(answer.binding, answer.violation, platform)}`,
    );
  }
  return lines;
}

function need(binding: Binding, violation: number, platform: Platform): string {
  switch (binding) {
    case "vm":
      return `${violation} more bytes of VM`;
    case "nvm":
      return `${violation} more bytes of NVM`;
    case "energy":
      return `${percent(violation / energyBudget_J(platform).safe_J)} more capacitance`;
    case "alignment":
      return `an input channel count of which a multiple of ${platform.length_multiple} divides`;
    case "latency":
      return `${violation} s more time`;
  }
}

/** Rounded up: what is said must suffice. */
function percent(share: number): string {
  const value = 100 * share;
  return `${value < 10 ? Math.ceil(value * 10) / 10 : Math.ceil(value)} %`;
}
