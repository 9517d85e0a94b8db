/** What the charts of this folder share: a panel with a logarithmic axis of costs and one of accuracy. */

export const PANEL = { width: 460, height: 330 };
export const MARGIN = { left: 62, right: 18, top: 92, bottom: 52 };

/** Places in a panel, and the figures that its axes show. */
export interface Scale {
  x(cost: number): number;
  y(accuracy: number): number;
  readonly costs: readonly number[];
  readonly accuracies: readonly number[];
}

/** Logarithmic in costs, linear in accuracy, on round figures. */
export function scaleOf(costs: readonly number[], accuracies: readonly number[]): Scale {
  const powers = Array.from({ length: 10 }, (_, i) => 10 ** (i - 1));
  const ticks = powers.flatMap((power) => [1, 2, 5].map((digit) => digit * power));
  const from = ticks.findLast((tick) => tick <= Math.min(...costs)) ?? ticks[0]!;
  const to = ticks.find((tick) => tick >= Math.max(...costs)) ?? ticks.at(-1)!;
  const range = Math.max(...accuracies) - Math.min(...accuracies);
  const step = range > 0.1 ? 0.05 : range > 0.04 ? 0.01 : 0.005;
  const low = step * Math.floor(Math.min(...accuracies) / step);
  const high = step * Math.ceil(Math.max(...accuracies) / step + 0.2);
  return {
    x: (cost) => PANEL.width * Math.log(cost / from) / Math.log(to / from),
    y: (accuracy) => PANEL.height * (high - accuracy) / (high - low),
    costs: ticks.filter((tick) => tick >= from && tick <= to),
    accuracies: Array.from(
      { length: Math.round((high - low) / step) + 1 },
      (_, i) => low + i * step,
    ),
  };
}

/** @param titles of the axes */
export function axes(
  { x, y, costs, accuracies }: Scale,
  titles: { readonly x: string; readonly y: string },
): string {
  return [
    ...costs.map((tick) =>
      `<line x1="${n(x(tick))}" x2="${n(x(tick))}" y1="0" y2="${PANEL.height}" stroke="#e5e7eb"/>` +
      text(x(tick), PANEL.height + 18, String(tick), `text-anchor="middle"`)
    ),
    ...accuracies.map((tick) =>
      `<line x1="0" x2="${PANEL.width}" y1="${n(y(tick))}" y2="${n(y(tick))}" stroke="#e5e7eb"/>` +
      text(-8, y(tick) + 4, `${Number((100 * tick).toFixed(1))} %`, `text-anchor="end"`)
    ),
    `<rect width="${PANEL.width}" height="${PANEL.height}" fill="none" stroke="#9ca3af"/>`,
    text(PANEL.width / 2, PANEL.height + 40, titles.x, `text-anchor="middle"`),
    `<text transform="translate(-48 ${PANEL.height / 2}) rotate(-90)" text-anchor="middle">` +
    `${titles.y}</text>`,
  ].join("\n");
}

/** A whole chart: what is drawn stands below the title. @param panels wide */
export function chart(title: string, panels: number, drawn: readonly string[]): string {
  const width = panels * (PANEL.width + MARGIN.left + MARGIN.right);
  const height = PANEL.height + MARGIN.top + MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(MARGIN.left, 22, title, `font-size="15"`),
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

export const n = (value: number) => value.toFixed(1);
export const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

export function text(x: number, y: number, label: string, style: string): string {
  return `<text x="${n(x)}" y="${n(y)}" ${style}>${label}</text>`;
}
