/**
 * What our runtime does, tile by tile, after docs/protocol-brownout.md: lists every tile of a layer in
 * loop order, cuts the list into batches, plays each batch from an empty VM and charges each step.
 * The slow, obvious twin of native/src/brownout_model.cpp; it shares no code with runtime-c.
 */
import type { Design } from "../../network/design.ts";
import type { ResolvedLayer } from "../../network/network.ts";
import type { Cost, Platform } from "../../network/platform.ts";
import { integratedRecharge_s } from "./capacitor.ts";
import { type Costed, NOTHING, of, sum, times } from "./cost.ts";

type Loop = "R" | "C" | "M" | "N";

/** A tile: where it lies in each dimension, [from, to). Of a pool R and C walk the input. */
type Tile = Record<Loop, { index: number; from: number; to: number }>;

const length = ({ from, to }: { from: number; to: number }) => to - from;
const isPool = (layer: ResolvedLayer) => layer.type === "global_avg_pool";
/** An output channel reads input channels of its own: the N loop makes one turn. */
const isChannelwise = ({ type }: ResolvedLayer) =>
  ["depthwise_conv", "max_pool", "avg_pool", "add", "concat"].includes(type);

function ranges(size: number, step: number) {
  return Array.from({ length: Math.ceil(size / step) }, (_, index) => ({
    index,
    from: index * step,
    to: Math.min(size, (index + 1) * step),
  }));
}

/** All tiles, sweep by sweep. A pool sweeps over its input, one channel tile at a time. */
function sweepsOf(
  layer: ResolvedLayer,
  d: Design,
): { sweeps: Tile[][]; inner: Loop[] } {
  const one = [{ index: 0, from: 0, to: 1 }];
  const space = isPool(layer) ? layer.input : layer.output;
  const spans = {
    R: ranges(space.h, d.Tr),
    C: ranges(space.w, d.Tc),
    M: ranges(layer.output.channels, d.Tm),
    N: isPool(layer) || isChannelwise(layer) ? one : ranges(layer.input.channels, d.Tn),
  };
  const order = (isPool(layer) ? "MNRC" : d.loop_order).split("") as Loop[];
  const spatial = (loop: Loop) => loop === "R" || loop === "C";
  const inner = spatial(order[3]!) && spatial(order[2]!) ? order.slice(2) : order.slice(3);
  const expand = (tiles: Partial<Tile>[], loop: Loop) =>
    tiles.flatMap((tile) => spans[loop].map((range) => ({ ...tile, [loop]: range })));
  const outer = order.slice(0, 4 - inner.length).reduce(
    expand,
    [{}] as Partial<Tile>[],
  );
  return {
    sweeps: outer.map((tile) => inner.reduce(expand, [tile]) as Tile[]),
    inner,
  };
}

interface Batch {
  tiles: Tile[];
  /** How often these output tiles were committed before. */
  visit: number;
  visits: number;
}

function batchesOf(
  layer: ResolvedLayer,
  d: Design,
): { batches: Batch[]; inner: Loop[] } {
  const { sweeps, inner } = sweepsOf(layer, d);
  const reduces = isPool(layer) || inner.includes("N");
  const nTrips = isPool(layer) || isChannelwise(layer) ? 1 : Math.ceil(layer.input.channels / d.Tn);
  const batches = sweeps.flatMap((tiles) => {
    const chunks = Math.ceil(tiles.length / d.S);
    return Array.from({ length: chunks }, (_, k): Batch => {
      const part = tiles.slice(k * d.S, (k + 1) * d.S);
      return reduces
        ? { tiles: part, visit: k, visits: chunks }
        : { tiles: part, visit: part[0]!.N.index, visits: nTrips };
    });
  });
  return { batches, inner };
}

/** Transfers of a box of a [rows][columns][channels] map: how many, and how many elements each. */
function transfers(
  box: [rows: number, columns: number, channels: number],
  map: [columns: number, channels: number],
  bufferColumns = box[1],
): [count: number, elements: number] {
  const [rows, columns, channels] = box;
  if (rows === 0 || columns === 0) return [0, 0];
  if (channels !== map[1]) return [rows * columns, channels];
  if (columns !== map[0] || bufferColumns !== columns) {
    return [rows, columns * channels];
  }
  return [1, rows * columns * channels];
}

/** Size of the plane: dimensions outside the N loop are finished tile by tile. */
function planeOf(
  layer: ResolvedLayer,
  d: Design,
): [rows: number, columns: number, channels: number] {
  if (isPool(layer)) return [1, 1, d.Tm];
  const outside = (loop: Loop) => d.loop_order.indexOf(loop) < d.loop_order.indexOf("N");
  const { h, w, channels } = layer.output;
  return [
    outside("R") ? d.Tr : h,
    outside("C") ? d.Tc : w,
    outside("M") ? d.Tm : channels,
  ];
}

const isProduct = ({ type }: ResolvedLayer) => ["conv", "fc", "depthwise_conv"].includes(type);

/** Of every input map: channels that a tile reads of it, and all that it has. */
function inputParts(
  layer: ResolvedLayer,
  M: Tile["M"],
  N: Tile["N"],
): [channels: number, of: number][] {
  const { input, output } = layer;
  if (layer.type === "concat") {
    const before = (end: number) => Math.min(end, input.channels);
    const first = before(M.to) - before(M.from);
    return [[first, input.channels], [
      length(M) - first,
      output.channels - input.channels,
    ]];
  }
  if (layer.type === "add") {
    return [1, 2].map(() => [length(M), output.channels]);
  }
  return [[isChannelwise(layer) ? length(M) : length(N), input.channels]];
}

/** Whether output pixel r, c has input row or column i of its window inside the map. */
const insideMap = (
  at: number,
  i: number,
  stride: number,
  pad: number,
  size: number,
) => {
  const position = at * stride - pad + i;
  return position >= 0 && position < size;
};

/** Input elements that a tile without products looks at, one by one. */
function takenIn(
  layer: ResolvedLayer,
  R: Tile["R"],
  C: Tile["C"],
  M: Tile["M"],
): number {
  const outputs = length(R) * length(C) * length(M);
  if (layer.type === "global_avg_pool" || layer.type === "concat") {
    return outputs;
  }
  if (layer.type === "add") return 2 * outputs;
  const { kernel, stride, padding, input } = layer;
  let elements = 0;
  for (let r = R.from; r < R.to; r++) {
    for (let c = C.from; c < C.to; c++) {
      for (let i = 0; i < kernel.h; i++) {
        for (let j = 0; j < kernel.w; j++) {
          if (
            insideMap(r, i, stride.h, padding.top, input.h) &&
            insideMap(c, j, stride.w, padding.left, input.w)
          ) elements++;
        }
      }
    }
  }
  return elements * length(M);
}

/** Whether sums of cut windows are divided by what they are of: any window leaves the map. */
function isDivided(layer: ResolvedLayer): boolean {
  if (layer.type !== "avg_pool") return false;
  const { kernel, stride, padding, input, output } = layer;
  const corners = (
    at: number,
    k: number,
    s: number,
    pad: number,
    size: number,
  ) => !insideMap(at, 0, s, pad, size) || !insideMap(at, k - 1, s, pad, size);
  return [0, output.h - 1].some((r) => corners(r, kernel.h, stride.h, padding.top, input.h)) ||
    [0, output.w - 1].some((c) => corners(c, kernel.w, stride.w, padding.left, input.w));
}

/** Cost of one power cycle. */
function batchCost(
  p: Platform,
  layer: ResolvedLayer,
  d: Design,
  batch: Batch,
  inner: Loop[],
): Cost {
  const pool = isPool(layer), channelwise = isChannelwise(layer);
  const reuse = pool || inner.includes("N") ? "O" : inner.includes("M") ? "I" : "W";
  const plane = planeOf(layer, d);
  const o = p.overheads;
  const steps: Cost[] = [p.reboot, times(2, of(p.nvm_read, 8))];
  const read = (count: number, n: number, overhead: Cost) =>
    steps.push(times(count, sum(of(p.nvm_read, n), overhead)));
  const vm = { input: "", weights: "", bias: "", output: "" };
  const enter = (buffer: keyof typeof vm, key: string) => {
    if (vm[buffer] === key) return false;
    vm[buffer] = key;
    return true;
  };
  const writes: Cost[] = [];

  for (const { R, C, M, N } of batch.tiles) {
    const outputKey = pool ? `${M.index}` : `${R.index} ${C.index} ${M.index}`;
    const rows = pool ? 1 : length(R), columns = pool ? 1 : length(C);
    const own = pool || channelwise ? M.index : "";
    if (enter("input", `${R.index} ${C.index} ${N.index} ${own}`)) {
      if (pool) {
        const box: [number, number, number] = [length(R), length(C), length(M)];
        const [count, n] = transfers(box, [
          layer.input.w,
          layer.input.channels,
        ]);
        read(count, n, o.fetch_input);
      } else {
        const { stride, padding, kernel, input } = layer;
        const inside = (
          from: number,
          to: number,
          s: number,
          pad: number,
          k: number,
          size: number,
        ) => {
          const begin = from * s - pad, end = (to - 1) * s - pad + k;
          return Math.max(0, Math.min(end, size) - Math.max(begin, 0));
        };
        const h = inside(
          R.from,
          R.to,
          stride.h,
          padding.top,
          kernel.h,
          input.h,
        );
        const w = inside(
          C.from,
          C.to,
          stride.w,
          padding.left,
          kernel.w,
          input.w,
        );
        const window = (columns - 1) * stride.w + kernel.w;
        for (const [channels, of] of inputParts(layer, M, N)) {
          if (channels === 0) continue;
          const [count, n] = transfers([h, w, channels], [input.w, of], window);
          read(count, n, o.fetch_input);
        }
      }
    }
    const weights = layer.type === "depthwise_conv" ? length(M) : length(M) * length(N);
    if (isProduct(layer) && enter("weights", `${M.index} ${N.index}`)) {
      read(1, layer.kernel.h * layer.kernel.w * weights, o.fetch_weights);
    }
    const firstVisit = N.index === 0 && batch.visit === 0;
    if (layer.bias && firstVisit && enter("bias", `${M.index}`)) {
      read(1, 2 * length(M), o.fetch_weights);
    }
    const sums = transfers([rows, columns, length(M)], [plane[1], plane[2]]);
    const fresh = enter("output", outputKey);
    if (fresh && batch.visit > 0) {
      read(sums[0], 2 * sums[1], o[`fetch_output_${reuse}`]);
    }

    const outputs = rows * columns * length(M);
    const call = (n: number) => sum(of(p.mac, n), p.add, o.partial_sum, o.accumulate);
    if (!isProduct(layer)) {
      steps.push(times(takenIn(layer, R, C, M), sum(p.add, o.pool)));
    } else if (channelwise) {
      steps.push(times(outputs * layer.kernel.h, call(layer.kernel.w)));
    } else {
      const { h: Kh, w: Kw } = layer.kernel;
      const window = (columns - 1) * layer.stride.w + Kw;
      const span = d.mac_span === "window" && window !== Kw ? "row" : d.mac_span;
      const [perOutput, n] = {
        channel: [Kh * Kw, 1],
        row: [Kh, Kw],
        window: [1, Kh * Kw],
      }[span] as [number, number];
      steps.push(times(outputs * perOutput, call(n * length(N))));
    }
    if (fresh) {
      const put = ([count, n]: [number, number]) =>
        times(count, sum(of(p.nvm_write, n), o[`backup_output_${reuse}`]));
      if (batch.visit + 1 === batch.visits) {
        writes.push(times(outputs * (isDivided(layer) ? 2 : 1), p.requantise));
        const { w, channels } = layer.output;
        writes.push(put(transfers([rows, columns, length(M)], [w, channels])));
      } else {
        writes.push(put([sums[0], 2 * sums[1]]));
      }
    }
  }
  return sum(...steps, ...writes, of(p.nvm_write, 8), p.commit);
}

/** Bytes of VM: buffers of full tiles, each from an address divisible by 4. */
export function runtimeVm_bytes(layer: ResolvedLayer, d: Design): number {
  const pad = (bytes: number) => Math.ceil(bytes / 4) * 4;
  const { sweeps, inner } = sweepsOf(layer, d);
  const Tm = Math.min(d.Tm, layer.output.channels);
  const bias = layer.bias ? 4 * Tm : 0;
  if (isPool(layer)) {
    const Tr = Math.min(d.Tr, layer.input.h),
      Tc = Math.min(d.Tc, layer.input.w);
    return pad(2 * Tr * Tc * Tm) + bias + 4 * Tm;
  }
  const Tr = Math.min(d.Tr, layer.output.h),
    Tc = Math.min(d.Tc, layer.output.w);
  const Tn = Math.min(d.Tn, layer.input.channels);
  const { kernel, stride } = layer;
  const window = ((Tr - 1) * stride.h + kernel.h) *
    ((Tc - 1) * stride.w + kernel.w);
  const depth = layer.type === "add" ? 2 * Tm : isChannelwise(layer) ? Tm : Tn;
  const taps = !isProduct(layer) ? 0 : kernel.h * kernel.w * Tm * (isChannelwise(layer) ? 1 : Tn);
  const held = inner.includes("N") ? 1 : Math.min(d.S, sweeps[0]!.length);
  return pad(2 * window * depth) + pad(2 * taps) + bias +
    4 * Tr * Tc * Tm * held;
}

/** One design; `d.loop_order` is four letters. */
export function runtimeCost(
  p: Platform,
  layer: ResolvedLayer,
  d: Design,
): Costed {
  const { batches, inner } = batchesOf(layer, d);
  const known = new Map<string, number>();
  let latency_s = 0, energy_J = 0, energy_max_J = 0, energy_min_J = Infinity;
  for (const batch of batches) {
    const cost = batch.tiles.length === 0 ? NOTHING : batchCost(p, layer, d, batch, inner);
    // Batches that are alike are integrated once.
    const key = `${cost.energy_J.toPrecision(13)} ${cost.latency_s.toPrecision(13)}`;
    const recharge_s = known.get(key) ?? integratedRecharge_s(p, cost);
    known.set(key, recharge_s);
    latency_s += cost.latency_s + recharge_s;
    energy_J += cost.energy_J;
    energy_max_J = Math.max(energy_max_J, cost.energy_J);
    energy_min_J = Math.min(energy_min_J, cost.energy_J);
  }
  return {
    latency_s,
    energy_J,
    energy_max_J,
    energy_min_J,
    power_cycles: batches.length,
    vm_bytes: runtimeVm_bytes(layer, d),
  };
}

/** The first and the last power cycle of an inference, each with its charging. */
export function runtimeDelivery(
  p: Platform,
  inputs: number,
  outputs: number,
): { energy_max_J: number; latency_s: number } {
  const read = (n: number) => of(p.nvm_read, n);
  const write = (n: number) => of(p.nvm_write, n);
  const boot = sum(p.reboot, read(8), read(8));
  const handOut = sum(read(4), read(outputs), write(4));
  const pieces = ranges(inputs, 16384).map((piece) =>
    sum(write(length(piece)), p.overheads.backup_output_O)
  );
  const start = sum(
    boot,
    read(4),
    read(4),
    handOut,
    read(16),
    ...pieces,
    write(8),
    p.commit,
  );
  const deliver = sum(
    boot,
    read(outputs),
    p.overheads.fetch_output_O,
    write(4 + outputs),
    p.overheads.backup_output_O,
    write(8),
    p.commit,
  );
  return {
    energy_max_J: Math.max(start.energy_J, deliver.energy_J),
    latency_s: start.latency_s + integratedRecharge_s(p, start) +
      deliver.latency_s +
      integratedRecharge_s(p, deliver),
  };
}
