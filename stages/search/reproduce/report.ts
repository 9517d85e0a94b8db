/** The comparison as table, CSV and chart, the published figures beside ours. */
import { csv } from "../ledger.ts";
import type { ComparisonRow } from "./compare.ts";
import { PUBLISHED_OUTCOME } from "./published.ts";

export interface Totals {
  readonly cells: number;
  /** HW-NAS solutions that complete safely as they are, and with a design for the board. */
  readonly as_is_safe: number;
  readonly explored_safe: number;
  /** Mean share by which iNAS is faster than those; null where there is none. */
  readonly lower_than_as_is: number | null;
  readonly lower_than_explored: number | null;
  /** Mean accuracy of iNAS less that of HW-NAS, over cells where both have a solution. */
  readonly accuracy_gain: number | null;
  /** Search time of iNAS over that of HW-NAS, less 1; over all cells. */
  readonly search_longer: number | null;
  /** Share of iNAS's search time that the explorer took. */
  readonly explorer_share: number | null;
}

export function totals(rows: readonly ComparisonRow[]): Totals {
  const mean = (values: readonly number[]) =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  const lower = (pick: (row: ComparisonRow) => number | null) =>
    rows.flatMap((row) => {
      const [ours, theirs] = [row.inas.latency_s, pick(row)];
      return ours === null || theirs === null ? [] : 1 - ours / theirs;
    });
  const sum = (pick: (row: ComparisonRow) => number) =>
    rows.reduce((total, row) => total + pick(row), 0);
  const ours_s = sum(({ inas }) => inas.search_s);
  const theirs_s = sum(({ hw_nas }) => hw_nas.search_s);
  return {
    cells: rows.length,
    as_is_safe: rows.filter(({ hw_nas }) => hw_nas.as_is_s !== null).length,
    explored_safe: rows.filter(({ hw_nas }) => hw_nas.explored_s !== null).length,
    lower_than_as_is: mean(lower(({ hw_nas }) => hw_nas.as_is_s)),
    lower_than_explored: mean(lower(({ hw_nas }) => hw_nas.explored_s)),
    accuracy_gain: mean(
      rows.flatMap(({ inas, hw_nas }) =>
        inas.best === null || hw_nas.best === null ? [] : inas.best.accuracy - hw_nas.best.accuracy
      ),
    ),
    search_longer: theirs_s === 0 ? null : ours_s / theirs_s - 1,
    explorer_share: ours_s === 0 ? null : sum(({ inas }) => inas.explorer_s) / ours_s,
  };
}

const percent = (value: number | null, digits = 1) =>
  value === null ? "-" : `${(100 * value).toFixed(digits)} %`;
const seconds = (value: number | null) => value === null ? "unsafe" : value.toPrecision(4);

/** Markdown. */
export function comparisonTable(rows: readonly ComparisonRow[]): string {
  const head = [
    "capacitor mF",
    "requirement s",
    "iNAS latency s",
    "iNAS accuracy",
    "HW-NAS as it is s",
    "HW-NAS explored s",
    "HW-NAS accuracy",
    "iNAS / HW-NAS trained",
    "iNAS / HW-NAS search s",
  ];
  const lines = rows.map(({ capacitance_F, requirement, requirement_s, inas, hw_nas }) => [
    1000 * capacitance_F,
    `TS${requirement}: ${requirement_s}`,
    inas.latency_s === null ? "none" : seconds(inas.latency_s),
    percent(inas.best?.accuracy ?? null, 2),
    hw_nas.best === null ? "none" : seconds(hw_nas.as_is_s),
    hw_nas.best === null ? "none" : seconds(hw_nas.explored_s),
    percent(hw_nas.best?.accuracy ?? null, 2),
    `${inas.trained} / ${hw_nas.trained} of ${inas.asked} / ${hw_nas.asked}`,
    `${inas.search_s.toFixed(0)} / ${hw_nas.search_s.toFixed(0)}`,
  ]);
  return [head, head.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`)
    .join("\n");
}

/** What the comparison comes to, one line per finding. */
export function findings(sums: Totals): string[] {
  const { cells, as_is_safe, explored_safe, search_longer: longer } = sums;
  const published = PUBLISHED_OUTCOME;
  return [
    `HW-NAS solutions that complete safely: ${as_is_safe} of ${cells} as they are, ` +
    `${explored_safe} of ${cells} with a design for the board`,
    `intermittent latency lower by ${percent(sums.lower_than_as_is)} than the safe ones as they ` +
    `are, by ${percent(sums.lower_than_explored)} than those explored anew ` +
    `(published: ${percent(published.latency_lower, 0)})`,
    `search ${(longer ?? 0) < 0 ? "shorter" : "longer"} by ` +
    `${percent(longer && Math.abs(longer))} (published: longer by ` +
    `${percent(published.search_longer, 0)})`,
    `the explorer's share of the search: ${percent(sums.explorer_share, 2)} for iNAS`,
    `accuracy of iNAS less that of HW-NAS: ${percent(sums.accuracy_gain, 2)} on average`,
  ];
}

export function comparisonCsv(rows: readonly ComparisonRow[]): string {
  return csv([
    [
      "capacitance_F",
      "harvester_ohm",
      "requirement",
      "requirement_s",
      "continuous_requirement_s",
      "inas_network",
      "inas_latency_s",
      "inas_val_accuracy",
      "inas_asked",
      "inas_trained",
      "inas_search_s",
      "inas_explorer_s",
      "hw_nas_network",
      "hw_nas_as_is_s",
      "hw_nas_explored_s",
      "hw_nas_val_accuracy",
      "hw_nas_asked",
      "hw_nas_trained",
      "hw_nas_search_s",
      "hw_nas_explorer_s",
    ],
    ...rows.map((row) => [
      row.capacitance_F,
      row.harvester_ohm,
      `TS${row.requirement}`,
      row.requirement_s,
      row.continuous_requirement_s,
      row.inas.best?.network.name,
      row.inas.latency_s,
      row.inas.best?.accuracy,
      row.inas.asked,
      row.inas.trained,
      row.inas.search_s,
      row.inas.explorer_s,
      row.hw_nas.best?.network.name,
      row.hw_nas.as_is_s,
      row.hw_nas.explored_s,
      row.hw_nas.best?.accuracy,
      row.hw_nas.asked,
      row.hw_nas.trained,
      row.hw_nas.search_s,
      row.hw_nas.explorer_s,
    ]),
  ]);
}

const BAR = 18;
const GROUP = 4 * BAR;
const HEIGHT = 260;
const LEFT = 60;
const TOP = 70;
const COLOURS = { inas: "#2563eb", explored: "#f59e0b", asIs: "#dc2626" };

/** Latencies per capacitor and requirement as bars, SVG; an unsafe solution has no bar but a cross. */
export function comparisonChart(rows: readonly ComparisonRow[], title: string): string {
  const all = rows.flatMap(({ inas, hw_nas }) =>
    [inas.latency_s, hw_nas.as_is_s, hw_nas.explored_s].filter((value) => value !== null)
  );
  const most = Math.max(1, ...all);
  const width = LEFT + rows.length * GROUP + 20;
  const y = (value: number) => TOP + HEIGHT - HEIGHT * value / most;
  const bar = (x: number, value: number | null, colour: string) =>
    value === null
      ? `<text x="${x + BAR / 2}" y="${
        TOP + HEIGHT - 4
      }" fill="${colour}" text-anchor="middle">×</text>`
      : `<rect x="${x}" y="${y(value).toFixed(1)}" width="${BAR - 2}" height="${
        (HEIGHT * value / most).toFixed(1)
      }" fill="${colour}"><title>${value.toPrecision(4)} s</title></rect>`;
  const groups = rows.map(({ capacitance_F, requirement, requirement_s, inas, hw_nas }, i) => {
    const x = LEFT + i * GROUP;
    const line = y(Math.min(requirement_s, most)).toFixed(1);
    return [
      bar(x, inas.latency_s, COLOURS.inas),
      bar(x + BAR, hw_nas.explored_s, COLOURS.explored),
      bar(x + 2 * BAR, hw_nas.as_is_s, COLOURS.asIs),
      requirement_s <= most
        ? `<line x1="${x - 2}" x2="${
          x + 3 * BAR
        }" y1="${line}" y2="${line}" stroke="#111" stroke-dasharray="3 2"/>`
        : "",
      `<text x="${x + 1.5 * BAR}" y="${
        TOP + HEIGHT + 16
      }" text-anchor="middle">TS${requirement}</text>`,
      `<text x="${x + 1.5 * BAR}" y="${TOP + HEIGHT + 32}" text-anchor="middle">${
        1000 * capacitance_F
      } mF</text>`,
    ].join("\n");
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * most).toFixed(1);
    return `<line x1="${LEFT - 4}" x2="${width - 10}" y1="${at}" y2="${at}" stroke="#ddd"/>` +
      `<text x="${LEFT - 8}" y="${at}" text-anchor="end" dominant-baseline="middle">${
        (share * most).toPrecision(3)
      }</text>`;
  });
  const legend = [
    [COLOURS.inas, "iNAS"],
    [COLOURS.explored, "HW-NAS, explored anew"],
    [COLOURS.asIs, "HW-NAS as it is (×: unsafe)"],
  ].map(([colour, text], i) =>
    `<rect x="${LEFT + 190 * i}" y="34" width="12" height="12" fill="${colour}"/>` +
    `<text x="${LEFT + 190 * i + 18}" y="44">${text}</text>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.max(width, 640)}" height="${
    TOP + HEIGHT + 50
  }" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LEFT}" y="20" font-size="14">${title}</text>
${legend.join("\n")}
${ticks.join("\n")}
<text x="14" y="${TOP + HEIGHT / 2}" transform="rotate(-90 14 ${
    TOP + HEIGHT / 2
  })" text-anchor="middle">intermittent latency, s (dashed: required)</text>
${groups.join("\n")}
</svg>
`;
}
