/** Accuracy against modelled latency, ours beside published points: an SVG panel per data set. */
import { axes, chart, MARGIN, n, PANEL, percent, type Scale, scaleOf, text } from "./plot.ts";
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

const COLOURS = { ours: "#1d4ed8", "TiNAS": "#b91c1c", "TiNAS-M": "#a16207", "TiNAS-U": "#6b7280" };
/** Room that a label takes below or above another. */
const LINE = 13;

export function frontChart(title: string, panels: readonly Panel[]): string {
  return chart(title, panels.length, [
    legend(),
    ...panels.map((panel, i) => {
      const x = i * (PANEL.width + MARGIN.left + MARGIN.right) + MARGIN.left;
      return `<g transform="translate(${x} ${MARGIN.top})">\n${drawPanel(panel)}\n</g>`;
    }),
  ]);
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
    axes(scale, { x: "modelled latency of one inference, s", y: "accuracy" }),
    ...sorted.map((one) => network(one, scale, labels)),
    ...published.map((one) => publishedPoint(one, scale, labels)),
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

function circle(x: number, y: number, fill: string): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="5" fill="${fill}" stroke="${COLOURS.ours}" ` +
    `stroke-width="1.5"/>`;
}
