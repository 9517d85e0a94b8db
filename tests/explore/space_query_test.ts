import assert from "node:assert/strict";
import fc from "fast-check";
import { exploreNetwork } from "../../native/mod.ts";
import { exploreSpace, networkChoices } from "../../native/space.ts";
import {
  countRefused,
  NETWORK_COSTS,
  type NetworkTable,
  SpaceQuery,
  worstTable,
} from "../../native/space_query.ts";
import { buildNetwork, SearchSpace } from "../../network/space.ts";

/** Costs with many ties; state 0 can run. */
const tables = fc.array(
  fc.record({
    state: fc.constantFrom(0, 0, 0, 1, 2, 3, 4),
    latency_s: fc.integer({ min: 1, max: 9 }),
    energy_J: fc.integer({ min: 1, max: 9 }),
    written_bytes: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 60 },
).map((rows): NetworkTable => ({
  state: Uint8Array.from(rows, ({ state }) => state),
  ...Object.fromEntries(NETWORK_COSTS.map((cost) => [
    cost,
    Float64Array.from(rows, (row) => row.state === 0 ? row[cost] : Infinity),
  ])) as Pick<NetworkTable, typeof NETWORK_COSTS[number]>,
}));
const cost = fc.constantFrom(...NETWORK_COSTS);
const limit = fc.integer({ min: 0, max: 10 });

/** What the queries mean, in the plainest words. */
function running(table: NetworkTable): number[] {
  return [...table.state.keys()].filter((i) => table.state[i] === 0);
}

Deno.test("within() keeps the networks that can run and keep every limit", () => {
  fc.assert(fc.property(tables, limit, limit, (table, latency_s, energy_J) => {
    const query = new SpaceQuery(table);
    assert.deepEqual([...query.numbers], running(table));
    const kept = query.within({ latency_s }).within({ energy_J });
    const expected = running(table).filter((i) =>
      table.latency_s[i]! <= latency_s && table.energy_J[i]! <= energy_J
    );
    assert.deepEqual([...kept.numbers], expected);
    assert.deepEqual([...query.within({ latency_s, energy_J }).numbers], expected);
    assert.equal(kept.count, expected.length);
  }));
});

Deno.test("rank() and nearest() order by cost, then by number, and stop after so many", () => {
  fc.assert(fc.property(tables, cost, limit, fc.nat(70), (table, by, value, most) => {
    const query = new SpaceQuery(table);
    const ordered = (of: (i: number) => number) =>
      running(table).sort((a, b) => of(a) - of(b) || a - b);
    const byCost = ordered((i) => table[by][i]!);
    assert.deepEqual(query.rank(by, most), byCost.slice(0, most));
    assert.deepEqual(query.rank(by), byCost);
    const near = ordered((i) => Math.abs(table[by][i]! - value));
    assert.deepEqual(query.nearest(by, value, most), near.slice(0, most));
  }));
});

Deno.test("quantiles() lie between neighbours in proportion, reached() on a network", () => {
  const latency_s = Float64Array.from([4, Infinity, 1, 2, 3]);
  const table = {
    latency_s,
    energy_J: latency_s,
    written_bytes: latency_s,
    state: Uint8Array.from([0, 2, 0, 0, 0]),
  };
  const query = new SpaceQuery(table);
  assert.deepEqual(query.quantiles([0, 0.25, 0.5, 1]), [1, 1.75, 2.5, 4]);
  assert.deepEqual(query.reached([0, 0.25, 0.5, 0.51, 1]), [1, 1, 2, 3, 4]);
  const none = query.within({ latency_s: 0 });
  assert.ok(none.quantiles([0.5]).every(Number.isNaN) && none.reached([0.5]).every(Number.isNaN));
});

Deno.test("worstTable() runs where all platforms run, at the highest cost that counts", () => {
  fc.assert(fc.property(tables, tables, cost, (a, b, by) => {
    const size = Math.min(a.state.length, b.state.length);
    for (const counting of [[a, b], [b]]) {
      const worst = worstTable(
        [a, b].map((table) => ({ ...table, state: table.state.slice(0, size) })),
        counting,
      );
      for (let i = 0; i < size; i++) {
        assert.equal(worst.state[i], a.state[i] || b.state[i]);
        const most = Math.max(...counting.map((table) => table[by][i]!));
        assert.equal(worst[by][i], worst.state[i] === 0 ? most : Infinity);
      }
    }
  }));
  assert.throws(() => worstTable([]), RangeError);
});

Deno.test("countRefused() names what occurs, feasible networks left out", () => {
  const none = new Float64Array(4);
  const table = { latency_s: none, energy_J: none, written_bytes: none };
  assert.deepEqual(countRefused({ ...table, state: Uint8Array.from([0, 1, 3, 3]) }), {
    "not buildable": 1,
    "does not fit in NVM": 2,
  });
});

Deno.test("the network that a query ranks first is the fastest that exploreNetwork() finds", async () => {
  const space = SearchSpace.parse({ type: "fc", layers: 2, units: [8, 16, 24] });
  const input = { h: 1, w: 1, channels: 30 }, platform = { profile: "msp430fr5994-spi" };
  const table = await exploreSpace(space, input, 4, platform);
  const explored = await Promise.all([...table.state.keys()].map(async (number) => {
    const network = buildNetwork(space, networkChoices(space, number), input, 4);
    return (await exploreNetwork(network, platform)).latency_s!;
  }));
  const [first] = new SpaceQuery(table).rank("latency_s", 1);
  assert.equal(explored[first!], Math.min(...explored));
});
