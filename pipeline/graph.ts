/** Questions about a graph of names: order, cycles, ancestors, descendants, selections. */

/** For every node, the nodes that it needs; iteration order is the order of the file. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/** Every cycle once, as `[a, b, a]`; needs of unknown nodes are ignored. */
export function findCycles(needs: Needs): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, "open" | "done">();
  const stack: string[] = [];
  const visit = (node: string) => {
    state.set(node, "open");
    stack.push(node);
    for (const next of needs.get(node) ?? []) {
      if (!needs.has(next)) continue;
      if (state.get(next) === "open") cycles.push([...stack.slice(stack.indexOf(next)), next]);
      else if (state.get(next) === undefined) visit(next);
    }
    stack.pop();
    state.set(node, "done");
  };
  for (const node of needs.keys()) if (state.get(node) === undefined) visit(node);
  return cycles;
}

/** Nodes so that each stands after all that it needs, otherwise as in the file. No cycles allowed. */
export function topologicalOrder(needs: Needs): string[] {
  const order: string[] = [];
  const placed = new Set<string>();
  while (order.length < needs.size) {
    const next = [...needs].find(([node, inputs]) =>
      !placed.has(node) && inputs.every((input) => placed.has(input) || !needs.has(input))
    );
    if (next === undefined) throw new Error("topologicalOrder() was given a cycle");
    placed.add(next[0]);
    order.push(next[0]);
  }
  return order;
}

/** All nodes that `node` needs, directly or not; without itself. */
export function ancestors(needs: Needs, node: string): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    for (const next of needs.get(name) ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(node);
  return found;
}

/** All nodes that need `node`, directly or not; without itself. */
export function descendants(needs: Needs, node: string): Set<string> {
  return new Set([...needs.keys()].filter((name) => ancestors(needs, name).has(node)));
}

/** Which part of the graph a run is about. */
export interface Selection {
  /** This one alone; its inputs are taken as they are. */
  only?: string | undefined;
  /** This one and all that follow from it. */
  from?: string | undefined;
  /** This one and all that it needs. */
  until?: string | undefined;
}

/** The selected nodes; with `from` and `until` together, those that lie between the two. */
export function select(needs: Needs, selection: Selection): Set<string> {
  const { only, from, until } = selection;
  if (only !== undefined) return new Set([only]);
  const after = from === undefined
    ? new Set(needs.keys())
    : new Set([from, ...descendants(needs, from)]);
  if (until === undefined) return after;
  const before = new Set([until, ...ancestors(needs, until)]);
  return new Set([...after].filter((node) => before.has(node)));
}
