/** What a search space is made of: {@link Part}. */
import type { Layer, Shape } from "./network.ts";

/** What a decision chooses from. */
export type Choice = number | string;

/** One decision: its name and its choices; a network is one index per decision. */
export interface Decision {
  readonly name: string;
  readonly choices: readonly Choice[];
}

/** A map that layers read, and the layer it comes from (`input`: the network's). */
export interface From {
  readonly shape: Shape;
  readonly name: string;
}

export interface Made {
  /** Part of the network's name; no two networks of a space share all labels. */
  readonly label: string;
  /** The first reads the layer before, as all do that name no inputs. */
  readonly layers: Layer[];
  readonly output: Shape;
}

/** A stretch of a network: its decisions, and the layers that they make. */
export interface Part {
  readonly decisions: readonly Decision[];
  /** Undefined where no such layers exist behind this map, or other choices make the same. */
  make(values: readonly Choice[], from: From): Made | undefined;
}

export function globalPool(name: string): Layer {
  return { name, type: "global_avg_pool", activation: "none", bias: false };
}

export function closing(name: string, classes: number, bias: boolean): Layer {
  return { name, type: "fc", channels: classes, activation: "none", bias };
}
