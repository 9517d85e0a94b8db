/** verify.html: the capacitor's voltage over the inference, and what each layer takes. */
import type { PowerSimulation } from "../../network/artifacts/verify.ts";
import type { PowerLine } from "./power_line.ts";
import type { ShippedResult, Trace } from "./shipped.ts";
import type { Verification } from "./verify_platform.ts";

/** Points of one curve, at most: beyond them the lowest and highest of each stretch are kept. */
const MOST_POINTS = 3000;
const WIDTH = 960, HEIGHT = 260, LEFT = 56, BOTTOM = 32;

/**
 * @param running the run that is cut where the capacitor empties
 * @param shipped the same of firmware.elf on the simulated board, where one ran
 */
export function voltagePage(
  { profile, platform, layout, designs }: Verification,
  power: PowerSimulation,
  asleep: PowerLine,
  running: PowerLine | undefined,
  shipped: ShippedResult["traces"] | undefined,
): string {
  const levels = { V_on: platform.v_on, V_off: platform.v_off };
  const title = `${escaped(layout.network)} on ${escaped(profile)}`;
  const rows = power.layers.map(({ name, latency_s, power_cycles, energy_J, energy_max_J }) =>
    `<tr><td>${escaped(name)}<td>${latency_s.modelled.toPrecision(5)}` +
    `<td>${latency_s.simulated.toPrecision(5)}<td>${power_cycles}` +
    `<td>${(1e3 * energy_J).toPrecision(5)}<td>${(1e3 * energy_max_J).toPrecision(5)}`
  );
  const boards = (what: string, trace: Trace | undefined) =>
    trace === undefined || trace.length < 2 ? [] : [
      `<h2>The shipped image on the simulated board: ${what}</h2>`,
      curve(thinned(trace), levels),
    ];
  const mode = designs.scheme === "tile" ? "Off after each commit" : "Running until power fails";
  const figures = [
    ...boards("one inference", shipped?.asleep),
    ...boards("running on with a hundredth of the harvester", shipped?.running),
    `<h2>${mode}: the beginning of an inference</h2>`,
    curve(asleep.voltage.detail, levels),
    `<h2>${mode}: whole run</h2>`,
    band(asleep.voltage, levels),
    ...(running === undefined ? [] : [
      `<h2>Running on with a hundredth of the harvester: ${running.all.deaths} power failures</h2>`,
      band(running.voltage, levels),
    ]),
  ];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}
svg{width:100%;height:auto}td,th{text-align:right;padding:.1rem .7rem}td:first-child{text-align:left}
</style>
<h1>${title}</h1>
<p>The compiled runtime on a simulated capacitor of ${platform.capacitance_F} F,
${escaped(power.source)}. One inference takes ${
    power.latency_s.simulated.toPrecision(5)
  } s, the model
says ${power.latency_s.modelled.toPrecision(5)} s; its worst power cycle draws
${(100 * power.energy_max_J / power.budget_J).toFixed(1)} % of the safe budget.</p>
${figures.join("\n")}
<h2>Layers</h2>
<table><tr><th>layer<th>modelled s<th>simulated s<th>power cycles<th>mJ<th>worst cycle mJ
${rows.join("\n")}
</table>
</html>
`;
}

type Levels = Record<string, number>;

function curve(points: readonly [number, number][], levels: Levels): string {
  const [from] = points[0] ?? [0];
  const last = points.at(-1)?.[0] ?? 1;
  const plot = new Plot(last - from, points.map(([, volts]) => volts), levels);
  return plot.svg(
    `<polyline fill="none" stroke="#06c" points="${
      points.map(([s, volts]) => plot.at(s - from, volts)).join(" ")
    }"/>`,
  );
}

/** The same curve to the eye. */
export function thinned(trace: Trace): Trace {
  const stretch = Math.ceil(2 * trace.length / MOST_POINTS);
  if (stretch <= 1) return trace;
  const points: [number, number][] = [];
  for (let from = 0; from < trace.length; from += stretch) {
    const part = trace.slice(from, from + stretch);
    const by = (wins: (a: number, b: number) => boolean) =>
      part.reduce((best, point) => wins(point[1], best[1]) ? point : best);
    const ends = [by((a, b) => a < b), by((a, b) => a > b)].sort(([a], [b]) => a - b);
    points.push(...ends);
  }
  return points;
}

function band({ step_s, low_V, high_V }: PowerLine["voltage"], levels: Levels): string {
  const plot = new Plot(step_s * low_V.length, [...low_V, ...high_V], levels);
  const edge = (volts: readonly number[]) => volts.map((v, i) => plot.at((i + 0.5) * step_s, v));
  return plot.svg(
    `<polygon fill="#06c" stroke="#06c" fill-opacity=".35" points="${
      [...edge(high_V), ...edge(low_V).reverse()].join(" ")
    }"/>`,
  );
}

class Plot {
  readonly #bottom: number;
  readonly #top: number;

  constructor(
    readonly seconds: number,
    volts: readonly number[],
    readonly levels: Levels,
  ) {
    const all = [...volts, ...Object.values(levels)];
    const least = all.reduce((a, b) => Math.min(a, b)), most = all.reduce((a, b) => Math.max(a, b));
    const margin = 0.05 * (most - least);
    this.#bottom = least - margin;
    this.#top = most + margin;
  }

  at(seconds: number, volts: number): string {
    const x = LEFT + (WIDTH - LEFT) * seconds / this.seconds;
    return `${x.toFixed(1)},${this.#y(volts).toFixed(1)}`;
  }

  #y(volts: number): number {
    return (HEIGHT - BOTTOM) * (this.#top - volts) / (this.#top - this.#bottom);
  }

  svg(drawing: string): string {
    const lines = Object.entries(this.levels).map(([name, volts]) => {
      const y = this.#y(volts).toFixed(1);
      return `<path d="M${LEFT} ${y}H${WIDTH}" stroke="#c33" stroke-dasharray="4"/>` +
        `<text x="0" y="${y}" font-size="12">${name} ${volts} V</text>`;
    });
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) =>
      `<text x="${(LEFT + (WIDTH - LEFT) * share).toFixed(0)}" y="${HEIGHT - 8}" font-size="12"` +
      ` text-anchor="${share === 1 ? "end" : "middle"}">` +
      `${(share * this.seconds).toPrecision(3)} s</text>`
    );
    return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${lines.join("")}${
      ticks.join("")
    }${drawing}</svg>`;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
