/**
 * The published performance model (iNAS, ACM TECS 2021), written down from its formulas one by one.
 * The slow, obvious twin of native/src/inas2021.cpp.
 */
import type { Design } from "../../network/design.ts";
import type { ResolvedLayer } from "../../network/network.ts";
import { type Cost, energyBudget_J, type Platform } from "../../network/platform.ts";
import { type Costed, NOTHING, of, sum, times } from "./cost.ts";

const isPool = (layer: ResolvedLayer) => layer.type === "global_avg_pool";

/** Seconds to charge back after a cycle that used `spent_J`. */
export function publishedRecharge_s(p: Platform, spent_J: number): number {
  const { safe_J } = energyBudget_J(p);
  const V = Math.sqrt(2 * (safe_J - spent_J) / p.capacitance_F + p.v_off ** 2);
  return -p.harvester_ohm * p.capacitance_F *
    Math.log((p.v_on - p.v_supply) / (V - p.v_supply));
}

export function publishedVm_bytes(
  p: Platform,
  layer: ResolvedLayer,
  d: Design,
): number {
  const { Tr, Tc, Tm, Tn, S } = d;
  if (isPool(layer)) return (Tr * Tc * Tm + Tm * S) * p.element_bytes;
  const { h: Kh, w: Kw } = layer.kernel;
  const Tri = layer.stride.h * Tr + Kh - layer.stride.h;
  const Tci = layer.stride.w * Tc + Kw - layer.stride.w;
  const out = Tr * Tc * Tm * (d.loop_order === "O" ? 1 : S);
  return (Tri * Tci * Tn + Kh * Kw * Tm * Tn + out) * p.element_bytes;
}

/** One design under intermittent power. `d.loop_order` is I, W or O; tile sizes divide the layer's. */
export function publishedIntermittent(
  p: Platform,
  layer: ResolvedLayer,
  d: Design,
): Costed {
  const { Tr, Tc, Tm, Tn, S } = d;
  const reuse = d.loop_order as "I" | "W" | "O";
  const o = p.overheads;
  const read = (n: number) => of(p.nvm_read, n);
  const write = (n: number) => of(p.nvm_write, n);
  const always = sum(read(4), write(4), p.reboot);
  const vm_bytes = publishedVm_bytes(p, layer, d);
  const cycle = (c: Cost) => c.latency_s + publishedRecharge_s(p, c.energy_J);

  if (isPool(layer)) {
    const cost = sum(
      times(S * Tr * Tc, sum(read(Tm), o.fetch_input)),
      sum(read(Tm), o.fetch_output_O),
      times(S * Tr * Tc * Tm, sum(p.max, o.pool)),
      sum(write(Tm), o.backup_output_O),
      always,
    );
    const { h, w, channels } = layer.input;
    const power_cycles = (h / Tr) * (w / Tc) * (channels / Tm) / S;
    return {
      latency_s: power_cycles * cycle(cost),
      energy_max_J: cost.energy_J,
      energy_min_J: cost.energy_J,
      energy_J: power_cycles * cost.energy_J,
      power_cycles,
      vm_bytes,
    };
  }

  const { h: Kh, w: Kw } = layer.kernel;
  const nI = (layer.stride.h * Tr + Kh - layer.stride.h) *
    (layer.stride.w * Tc + Kw - layer.stride.w);
  const nW = Kh * Kw * Tm;
  const nO = Tr * Tc;
  const fetchI = times(nI, sum(read(Tn), o.fetch_input));
  const fetchW = times(nW, sum(read(Tn), o.fetch_weights));
  const fetchO = times(nO, sum(read(Tm), o[`fetch_output_${reuse}`]));
  const fetch = {
    I: [sum(times(S, fetchW), fetchI), times(S, fetchO)],
    W: [sum(times(S, fetchI), fetchW), times(S, fetchO)],
    O: [times(S, sum(fetchI, fetchW)), fetchO],
  }[reuse] as [Cost, Cost];
  const compute = times(
    S * Kh * Kw * Tr * Tc * Tm,
    sum(of(p.mac, Tn), p.add, o.partial_sum, o.accumulate),
  );
  const backup = {
    I: times(nO, sum(write(S * Tm), o.backup_output_I)),
    W: times(S * nO, sum(write(Tm), o.backup_output_W)),
    O: times(nO, sum(write(Tm), o.backup_output_O)),
  }[reuse];
  const least = sum(fetch[0], compute, backup, always);
  const most = sum(least, fetch[1]);
  const { h: R, w: C, channels: M } = layer.output;
  const N = layer.input.channels;
  const outputs = (R / Tr) * (C / Tc) * (M / Tm);
  const cycles = outputs * (N / Tn) / S;
  const firsts = reuse === "O" ? outputs : outputs / S;
  const later = cycles - firsts;
  return {
    latency_s: firsts * cycle(least) + (later > 0 ? later * cycle(most) : 0),
    energy_max_J: later > 0 ? most.energy_J : least.energy_J,
    energy_min_J: least.energy_J,
    energy_J: firsts * least.energy_J + later * most.energy_J,
    power_cycles: cycles,
    vm_bytes,
  };
}

/** One design under continuous power: energy and latency of the whole layer. */
export function publishedContinuous(
  p: Platform,
  layer: ResolvedLayer,
  d: Design,
): Cost {
  const { Tr, Tc, Tm, Tn } = d;
  const o = p.overheads;
  const read = (n: number) => of(p.nvm_read, n);
  const write = (n: number) => of(p.nvm_write, n);
  const { h: Kh, w: Kw } = layer.kernel;
  if (isPool(layer)) {
    const tiles = (layer.input.h / Tr) * (layer.input.w / Tc) *
      (layer.input.channels / Tm);
    const nI = p.continuous_pool_window ? (Tr + Kh - 1) * (Tc + Kw - 1) : Tr * Tc;
    const element = p.continuous_pool_window ? p.max : p.add;
    const finish = p.continuous_pool_window ? NOTHING : times(layer.input.channels, p.divide);
    const tile = sum(
      times(nI, sum(read(Tm), o.fetch_input)),
      sum(read(Tm), o.fetch_output_O),
      times(Tr * Tc * Tm, sum(element, o.pool)),
      sum(write(Tm), o.backup_output_O),
    );
    return sum(times(tiles, tile), finish);
  }
  const reuse = d.loop_order as "I" | "W" | "O";
  const rc = (layer.output.h / Tr) * (layer.output.w / Tc);
  const mTiles = layer.output.channels / Tm, nTiles = layer.input.channels / Tn;
  const tiles = rc * mTiles * nTiles;
  const later = tiles - rc * mTiles;
  const nI = (layer.stride.h * (Tr - 1) + Kh) *
    (layer.stride.w * (Tc - 1) + Kw);
  const inputs = times(nI, sum(read(Tn), o.fetch_input));
  const weights = times(Kh * Kw * Tm, sum(read(Tn), o.fetch_weights));
  const sums = times(Tr * Tc, sum(read(Tm), o[`fetch_output_${reuse}`]));
  const fetch = {
    I: sum(
      times(rc * nTiles, inputs),
      times(tiles, weights),
      times(later, sums),
    ),
    W: sum(
      times(tiles, inputs),
      times(mTiles * nTiles, weights),
      times(later, sums),
    ),
    O: times(tiles, sum(inputs, weights)),
  }[reuse];
  const compute = times(
    tiles * Kh * Kw * Tr * Tc * Tm,
    sum(of(p.mac, Tn), p.add, o.partial_sum, o.accumulate),
  );
  const backup = times(
    tiles * Tr * Tc,
    sum(write(Tm), o[`backup_output_${reuse}`]),
  );
  return sum(fetch, compute, backup);
}
