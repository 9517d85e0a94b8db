/** Best accuracy so far against the training samples that a search spent: an SVG, a line per search. */
import { axes, chart, MARGIN, n, PANEL, percent, scaleOf, text } from "./plot.ts";

export interface CostCurve {
  readonly name: string;
  /** The same of all lines of one kind. */
  readonly kind: string;
  /** Thousands of training samples spent, and the best validation accuracy by then; it holds until the next point. */
  readonly points: readonly (readonly [number, number])[];
}

const COLOURS = ["#b91c1c", "#1d4ed8", "#6b7280", "#a16207"];
/** Accuracies below are not drawn: everything starts there. */
const LOWEST = 0.9;

/** @param target accuracy that is marked by a line */
export function costChart(
  title: string,
  curves: readonly CostCurve[],
  target: { readonly label: string; readonly accuracy: number },
): string {
  const kinds = [...new Set(curves.map(({ kind }) => kind))];
  const shown = curves.map((curve) => ({
    ...curve,
    points: curve.points.filter(([, accuracy]) => accuracy >= LOWEST),
  }));
  const all = shown.flatMap(({ points }) => points);
  const scale = scaleOf(
    all.map(([samples]) => samples),
    [LOWEST, target.accuracy, ...all.map(([, accuracy]) => accuracy)],
  );
  const { x, y } = scale;
  const height = y(target.accuracy);
  const colour = (kind: string) => COLOURS[kinds.indexOf(kind) % COLOURS.length]!;
  return chart(title, 1, [
    ...kinds.map((kind, i) =>
      `<g transform="translate(${MARGIN.left + 155 * i} 46)">` +
      `<line x1="0" x2="18" y1="-4" y2="-4" stroke="${colour(kind)}" stroke-width="2"/>` +
      `${text(24, 0, kind, "")}</g>`
    ),
    `<g transform="translate(${MARGIN.left} ${MARGIN.top})">`,
    axes(scale, { x: "thousands of training samples spent", y: "best validation accuracy so far" }),
    `<line x1="0" x2="${PANEL.width}" y1="${n(height)}" y2="${n(height)}" stroke="#111" ` +
    `stroke-dasharray="4 3"/>`,
    text(4, height - 5, target.label, `font-size="11"`),
    ...shown.map(({ name, kind, points }) => {
      if (points.length === 0) return "";
      const path = points.map(([samples, accuracy], i) =>
        i === 0 ? `M${n(x(samples))} ${n(y(accuracy))}` : `H${n(x(samples))} V${n(y(accuracy))}`
      ).join(" ");
      const [samples, accuracy] = points.at(-1)!;
      return `<g><title>${name}: ${percent(accuracy)} after ${
        Math.round(1000 * samples)
      } samples</title>` +
        `<path d="${path}" fill="none" stroke="${colour(kind)}" stroke-width="1.5"/>` +
        `<circle cx="${n(x(samples))}" cy="${n(y(accuracy))}" r="3.5" fill="${colour(kind)}"/></g>`;
    }),
    "</g>",
  ]);
}
