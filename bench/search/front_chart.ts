/** Accuracy against modelled latency, ours beside published points: an SVG panel per data set. */
import type { PublishedPoint } from "./tinas.ts";

export interface FrontPoint {
  readonly network: string;
  readonly latency_full_s: number;
  /** Null where no published design is safe. */
  readonly latency_published_s: number | null;
  /** Share. */
  readonly accuracy: number;
}

export interface Panel {
  readonly title: string;
  readonly ours: readonly FrontPoint[];
  readonly published: readonly PublishedPoint[];
}

const PANEL = { width: 460, height: 330 };
const MARGIN = { left: 62, right: 18, top: 92, bottom: 52 };
const COLOURS = { ours: "#1d4ed8", "TiNAS": "#b91c1c", "TiNAS-M": "#a16207", "TiNAS-U": "#6b7280" };
/** Room that a label takes below or above another. */
const LINE = 13;

interface Scale {
  x(latency_s: number): number;
  y(accuracy: number): number;
  readonly latencies_s: readonly number[];
  readonly accuracies: readonly number[];
}

export function frontChart(title: string, panels: readonly Panel[]): string {
  const width = panels.length * (PANEL.width + MARGIN.left + MARGIN.right);
  const height = PANEL.height + MARGIN.top + MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(MARGIN.left, 22, title, `font-size="15"`),
    legend(),
    ...panels.map((panel, i) => {
      const x = i * (PANEL.width + MARGIN.left + MARGIN.right) + MARGIN.left;
      return `<g transform="translate(${x} ${MARGIN.top})">\n${drawPanel(panel)}\n</g>`;
    }),
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ title, ours, published }: Panel): string {
  const scale = scaleOf(
    [
      ...ours.flatMap((one) => [one.latency_full_s, one.latency_published_s ?? one.latency_full_s]),
      ...published.map(({ latency_s }) => latency_s),
    ],
    [...ours.map((one) => one.accuracy), ...published.map(({ accuracy }) => accuracy)],
  );
  const sorted = [...ours].sort((a, b) => a.latency_full_s - b.latency_full_s);
  const labels = new Labels();
  return [
    text(0, -14, title, `font-size="13" font-weight="bold"`),
    axes(scale),
    ...sorted.map((one) => network(one, scale, labels)),
    ...published.map((one) => publishedPoint(one, scale, labels)),
  ].join("\n");
}

/** Logarithmic in time, linear in accuracy, on round figures. */
function scaleOf(latencies_s: readonly number[], accuracies: readonly number[]): Scale {
  const ticks = [1, 2, 5].flatMap((digit) => [0.1, 1, 10, 100, 1000].map((power) => digit * power))
    .sort((a, b) => a - b);
  const from = ticks.findLast((tick) => tick <= Math.min(...latencies_s)) ?? ticks[0]!;
  const to = ticks.find((tick) => tick >= Math.max(...latencies_s)) ?? ticks.at(-1)!;
  const range = Math.max(...accuracies) - Math.min(...accuracies);
  const step = range > 0.1 ? 0.05 : range > 0.04 ? 0.01 : 0.005;
  const low = step * Math.floor(Math.min(...accuracies) / step);
  const high = step * Math.ceil(Math.max(...accuracies) / step + 0.2);
  return {
    x: (latency) => PANEL.width * Math.log(latency / from) / Math.log(to / from),
    y: (accuracy) => PANEL.height * (high - accuracy) / (high - low),
    latencies_s: ticks.filter((tick) => tick >= from && tick <= to),
    accuracies: Array.from(
      { length: Math.round((high - low) / step) + 1 },
      (_, i) => low + i * step,
    ),
  };
}

function axes({ x, y, latencies_s, accuracies }: Scale): string {
  return [
    ...latencies_s.map((tick) =>
      `<line x1="${n(x(tick))}" x2="${n(x(tick))}" y1="0" y2="${PANEL.height}" stroke="#e5e7eb"/>` +
      text(x(tick), PANEL.height + 18, String(tick), `text-anchor="middle"`)
    ),
    ...accuracies.map((tick) =>
      `<line x1="0" x2="${PANEL.width}" y1="${n(y(tick))}" y2="${n(y(tick))}" stroke="#e5e7eb"/>` +
      text(-8, y(tick) + 4, `${Number((100 * tick).toFixed(1))} %`, `text-anchor="end"`)
    ),
    `<rect width="${PANEL.width}" height="${PANEL.height}" fill="none" stroke="#9ca3af"/>`,
    text(
      PANEL.width / 2,
      PANEL.height + 40,
      "modelled latency of one inference, s",
      `text-anchor="middle"`,
    ),
    `<text transform="translate(-48 ${PANEL.height / 2}) rotate(-90)" text-anchor="middle">` +
    "accuracy</text>",
  ].join("\n");
}

/** One network is two marks at one height: its latency by either space of designs. */
function network(one: FrontPoint, { x, y }: Scale, labels: Labels): string {
  const [left, height] = [x(one.latency_full_s), y(one.accuracy)];
  const right = one.latency_published_s === null ? null : x(one.latency_published_s);
  const about = `${one.network}: ${percent(one.accuracy)}, ${one.latency_full_s.toFixed(2)} s ` +
    `full, ${one.latency_published_s?.toFixed(2) ?? "unsafe"} s published designs`;
  const colour = COLOURS.ours;
  return [
    `<g><title>${about}</title>`,
    right === null
      ? ""
      : `<line x1="${n(left)}" x2="${n(right)}" y1="${n(height)}" y2="${n(height)}" ` +
        `stroke="${colour}" stroke-dasharray="2 3"/>` + circle(right, height, "#fff"),
    circle(left, height, colour),
    labels.place(left, height, percent(one.accuracy), colour),
    "</g>",
  ].join("");
}

function publishedPoint(
  { name, latency_s, accuracy }: PublishedPoint,
  { x, y }: Scale,
  labels: Labels,
): string {
  const [left, top] = [x(latency_s), y(accuracy)];
  const colour = COLOURS[name as keyof typeof COLOURS];
  return `<g><title>${name}: ${percent(accuracy)}, ${latency_s} s</title>` +
    `<path d="M${n(left)} ${n(top - 6)} l6 11 h-12 z" fill="${colour}"/>` +
    labels.place(left, top, percent(accuracy), colour) + "</g>";
}

/** Keeps labels apart: each moves down until none is in its way. */
class Labels {
  readonly #taken: { x: number; y: number }[] = [];

  place(x: number, y: number, label: string, colour: string): string {
    const end = x > PANEL.width - 60;
    const at = { x: end ? x - 60 : x, y: y - 8 };
    const inTheWay = () =>
      this.#taken.some((one) => Math.abs(one.x - at.x) < 52 && Math.abs(one.y - at.y) < LINE);
    while (inTheWay()) at.y += LINE / 2;
    this.#taken.push({ ...at });
    return text(
      end ? x - 9 : x + 9,
      at.y + 2,
      label,
      [
        `fill="${colour}" font-size="11"`,
        end ? `text-anchor="end"` : "",
      ].join(" "),
    );
  }
}

function legend(): string {
  const y = 46;
  const entries: [number, string, string][] = [
    [MARGIN.left, circle(0, -4, COLOURS.ours), "ours, full space of designs"],
    [MARGIN.left + 200, circle(0, -4, "#fff"), "the same network, published designs"],
    ...(["TiNAS", "TiNAS-M", "TiNAS-U"] as const).map((name, i): [number, string, string] => [
      MARGIN.left + 490 + 90 * i,
      `<path d="M0 -10 l6 11 h-12 z" fill="${COLOURS[name]}"/>`,
      name,
    ]),
  ];
  return entries.map(([x, mark, label]) =>
    `<g transform="translate(${x} ${y})">${mark}${text(12, 0, label, "")}</g>`
  ).join("\n");
}

const n = (value: number) => value.toFixed(1);
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

function circle(x: number, y: number, fill: string): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="5" fill="${fill}" stroke="${COLOURS.ours}" ` +
    `stroke-width="1.5"/>`;
}

function text(x: number, y: number, label: string, style: string): string {
  return `<text x="${n(x)}" y="${n(y)}" ${style}>${label}</text>`;
}
