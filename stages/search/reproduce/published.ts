/** What iNAS (ACM TECS 2021) published of its comparison: requirements, boards, outcome. */
import { PUBLISHED_SPACES } from "../../../network/space.ts";

export type PublishedSet = keyof typeof PUBLISHED_SPACES;

export interface PublishedComparison {
  readonly title: string;
  /** Elements of an input; the requirements hold for no other. */
  readonly input: { readonly h: number; readonly w: number; readonly channels: number };
  /** TS1 to TS3, the harvester's resistance and the safe margin per capacitance in F. */
  readonly intermittent: ReadonlyMap<
    number,
    {
      readonly harvester_ohm: number;
      readonly safe_margin: number;
      readonly requirements_s: readonly number[];
    }
  >;
  /** TS1 to TS3 under continuous power. */
  readonly continuous_s: readonly number[];
}

/** Of the energy budget, what a power cycle may use; published for all boards. */
const SAFE_MARGIN = 0.55;
/** By which alone the published designs for KWS at 1 mF are safe. */
const SAFE_MARGIN_KWS_1mF = 0.7;

const capacitors = (rows: readonly [number, number, readonly number[], number?][]) =>
  new Map(rows.map(([capacitance_F, harvester_ohm, requirements_s, safe_margin = SAFE_MARGIN]) => [
    capacitance_F,
    { harvester_ohm, safe_margin, requirements_s },
  ]));

export const PUBLISHED: Readonly<Record<PublishedSet, PublishedComparison>> = {
  cifar10: {
    title: "CIFAR-10",
    input: { h: 32, w: 32, channels: 3 },
    intermittent: capacitors([
      [0.001, 52, [576.47, 965.05, 1590.98]],
      [0.005, 24, [194.86, 302.37, 477.5]],
      [0.01, 22, [191.78, 296.2, 457.75]],
    ]),
    continuous_s: [62.5, 99.8, 158.6],
  },
  har: {
    title: "HAR",
    input: { h: 128, w: 1, channels: 9 },
    intermittent: capacitors([
      [0.001, 62, [29.25, 54.17, 138.57]],
      [0.005, 41, [18.7, 28.9, 39.56]],
      [0.01, 28, [20.45, 31.49, 44.57]],
    ]),
    continuous_s: [2.9, 4.7, 8.5],
  },
  kws: {
    title: "KWS",
    input: { h: 25, w: 10, channels: 1 },
    intermittent: capacitors([
      [0.001, 62, [16.33, 21.43, 31.2], SAFE_MARGIN_KWS_1mF],
      [0.005, 44, [10.35, 16.24, 18.03]],
      [0.01, 35, [10.04, 14.6, 16.28]],
    ]),
    continuous_s: [2.0, 2.6, 3.8],
  },
};

/** Against those HW-NAS solutions that complete safely; mean over all. */
export const PUBLISHED_OUTCOME = { latency_lower: 0.6, search_longer: 0.07 };
