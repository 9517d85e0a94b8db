/** Networks with what the explorer says of them; it is asked once per network, and never twice. */
import type { Network, Shape } from "../../network/network.ts";
import type { ExploreAnswer, Power } from "../../network/explore.ts";
import type { PlatformChoice } from "../../network/platform.ts";
import { buildNetwork, type SearchSpace } from "../../network/space.ts";
import { costsOf, rejectionOf } from "./costs.ts";
import { choicesOf } from "./sampler.ts";
import type { ExploredRow, Study } from "./study.ts";

export type Explore = (
  networks: readonly Network[],
  platform: PlatformChoice,
  power: Power,
) => Promise<ExploreAnswer[]>;

export interface Explored extends ExploredRow {
  readonly indices: readonly number[];
  readonly built: Network;
}

export interface ExploredBookRequest {
  readonly space: SearchSpace;
  readonly input: Shape;
  readonly classes: number;
  readonly platforms: readonly PlatformChoice[];
  /** Whether continuous power is asked about as well. */
  readonly continuous: boolean;
  readonly explore: Explore;
  readonly signal: AbortSignal;
}

export class ExploredBook {
  readonly #request: ExploredBookRequest;
  readonly #study: Study;
  readonly #known: Map<string, ExploredRow>;

  constructor(request: ExploredBookRequest, study: Study) {
    this.#request = request;
    this.#study = study;
    this.#known = study.explored();
  }

  /** The networks of these indices, in their order. */
  async look(choices: readonly (readonly number[])[]): Promise<Explored[]> {
    const { space, input, classes, platforms, continuous, signal } = this.#request;
    signal.throwIfAborted();
    const networks = choices.map((indices) => buildNetwork(space, indices, input, classes));
    const unknown = new Map<string, { network: Network; indices: readonly number[] }>();
    networks.forEach((network, i) => {
      if (!this.#known.has(network.name)) {
        unknown.set(network.name, { network, indices: choices[i]! });
      }
    });
    if (unknown.size > 0) {
      const asked = [...unknown.values()].map(({ network }) => network);
      const answers = await this.#ask(asked, "intermittent");
      const steady = continuous ? await this.#ask(asked, "continuous") : undefined;
      const names = platforms.map(({ profile }) => profile);
      const rows = [...unknown.values()].map(({ network, indices }, i): ExploredRow => ({
        network: network.name,
        decisions: choicesOf(space, indices),
        costs: names.map((name, p) => costsOf(name, answers[p]![i]!)),
        continuous: steady === undefined
          ? null
          : names.map((name, p) => costsOf(name, steady[p]![i]!)),
        rejection: names.map((name, p) => rejectionOf(name, answers[p]![i]!))
          .find((rejection) => rejection !== null) ?? null,
      }));
      this.#study.addExplored(rows);
      for (const row of rows) this.#known.set(row.network, row);
    }
    return networks.map((built, i) => ({
      ...this.#known.get(built.name)!,
      indices: choices[i]!,
      built,
    }));
  }

  async #ask(networks: readonly Network[], power: Power): Promise<ExploreAnswer[][]> {
    const answers: ExploreAnswer[][] = [];
    for (const platform of this.#request.platforms) {
      answers.push(await this.#request.explore(networks, platform, power));
      this.#request.signal.throwIfAborted();
    }
    return answers;
  }
}
