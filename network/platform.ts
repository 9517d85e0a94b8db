/**
 * Platform profiles: `platforms/<board>-<memory>.yaml`, where every coefficient has unit, status and
 * source, and their resolution into SI units with the user's overrides applied.
 */
import { z } from "zod";
import { LineCounter, parseDocument } from "yaml";
import { ExitCode, nearestName, type Problem, UserError } from "../base/errors.ts";

/** How a figure came to be. `estimated` and `assumed` ones are marked wherever they matter. */
export const Status = z.enum(["measured", "published", "datasheet", "estimated", "assumed"]);

const provenance = { status: Status, source: z.string().min(1) };
const finite = z.number().nonnegative();

const Quantity = <U extends string>(unit: U) =>
  z.strictObject({ value: z.number().positive(), unit: z.literal(unit), ...provenance });

/** energy = fixed + per_element * n; latency alike, in clock cycles. */
const AffineCost = z.strictObject({
  energy: z.strictObject({ fixed: finite, per_element: finite, unit: z.literal("J") }),
  latency: z.strictObject({ fixed: finite, per_element: finite, unit: z.literal("cycles") }),
  ...provenance,
});
const ScalarCost = z.strictObject({
  energy: z.strictObject({ value: finite, unit: z.literal("J") }),
  latency: z.strictObject({ value: finite, unit: z.enum(["cycles", "s"]) }),
  ...provenance,
});
const MacKernel = z.strictObject({
  ...AffineCost.shape,
  /** Lengths must be multiples of this (2 for LEA). */
  length_multiple: z.literal([1, 2]),
});
/** Adds and multiplies that address one transfer or operation. */
const Overhead = z.strictObject({
  energy: z.tuple([finite, finite]),
  latency: z.tuple([finite, finite]),
  ...provenance,
});

export const OVERHEADS = [
  "fetch_input",
  "fetch_weights",
  "fetch_output_I",
  "fetch_output_W",
  "fetch_output_O",
  "backup_output_I",
  "backup_output_W",
  "backup_output_O",
  "partial_sum",
  "accumulate",
  "pool",
] as const;
export type OverheadName = (typeof OVERHEADS)[number];

export const Protocol = z.enum(["inas2021", "brownout"]);
export type Protocol = z.infer<typeof Protocol>;

export const PlatformProfile = z.strictObject({
  name: z.string(),
  title: z.string(),
  /** Folder of `runtime-c/ports` that runs it; absent where nothing is flashed. */
  board: z.string().optional(),
  /** The default protocol. */
  protocol: Protocol,
  clock: Quantity("Hz"),
  element: Quantity("byte"),
  vm: Quantity("byte"),
  nvm: Quantity("byte"),
  power: z.strictObject({
    capacitance: Quantity("F"),
    harvester: Quantity("ohm"),
    v_on: Quantity("V"),
    v_off: Quantity("V"),
    v_supply: Quantity("V"),
    safe_margin: Quantity("1"),
  }),
  costs: z.strictObject({
    nvm_read: AffineCost,
    nvm_write: AffineCost,
    add: ScalarCost,
    multiply: ScalarCost,
    divide: ScalarCost,
    max: ScalarCost,
    /** One 32-bit sum to one output code. */
    requantise: ScalarCost,
    /** What a commit takes beside the write of its record, such as the record's CRC; left out: none. */
    commit: ScalarCost.optional(),
    reboot: ScalarCost,
  }),
  /** Vector multiply-accumulate, by kernel. */
  mac: z.record(z.string(), MacKernel),
  /** The kernel that the firmware uses. */
  kernel: z.string(),
  overheads: z.strictObject(
    Object.fromEntries(OVERHEADS.map((name) => [name, Overhead])) as Record<
      OverheadName,
      typeof Overhead
    >,
  ),
  /** Defects of published figures that a profile reproduces on purpose. */
  defects: z.strictObject({
    /** Overheads whose latency is built from energy coefficients: joules used as seconds. */
    latency_from_energy: z.array(z.enum(OVERHEADS)).default([]),
    /** Under continuous power a global pool's input tile is computed as a convolution's. */
    continuous_pool_window: z.boolean().default(false),
  }).prefault({}),
});
export type PlatformProfile = z.infer<typeof PlatformProfile>;

/** One scale for all weights of a layer, or one for each output channel. */
export const WeightScales = z.enum(["per_layer", "per_channel"]);
export type WeightScales = z.infer<typeof WeightScales>;

/** What a user may override beside `profile`, in pipeline.yaml and in explore requests. */
export const PlatformOverrides = z.strictObject({
  capacitance_F: z.number().positive().optional(),
  harvester_ohm: z.number().positive().optional(),
  v_on: z.number().positive().optional(),
  v_off: z.number().positive().optional(),
  v_supply: z.number().positive().optional(),
  safe_margin: z.number().positive().max(1).optional(),
  vm_bytes: z.number().int().positive().optional(),
  nvm_bytes: z.number().int().positive().optional(),
  element_bytes: z.literal([1, 2]).optional(),
  weight_scales: WeightScales.optional(),
  kernel: z.string().optional(),
});
export type PlatformOverrides = z.infer<typeof PlatformOverrides>;

/** An item of pipeline.yaml's `platforms:` and the `platform` of an explore request. */
export const PlatformChoice = z.strictObject({ profile: z.string(), ...PlatformOverrides.shape });
export type PlatformChoice = z.infer<typeof PlatformChoice>;

export interface Affine {
  energy_fixed_J: number;
  energy_per_element_J: number;
  latency_fixed_s: number;
  latency_per_element_s: number;
}
export interface Cost {
  energy_J: number;
  latency_s: number;
}

/** A profile with overrides applied, in SI units: what model, simulator and dump take. */
export interface Platform {
  profile: string;
  board: string | null;
  protocol: Protocol;
  clock_Hz: number;
  /** Of codes: 1 (int8) or 2 (int16). */
  element_bytes: 1 | 2;
  weight_scales: WeightScales;
  vm_bytes: number;
  nvm_bytes: number;
  capacitance_F: number;
  harvester_ohm: number;
  v_on: number;
  v_off: number;
  v_supply: number;
  safe_margin: number;
  kernel: string;
  length_multiple: 1 | 2;
  nvm_read: Affine;
  nvm_write: Affine;
  mac: Affine;
  add: Cost;
  multiply: Cost;
  divide: Cost;
  max: Cost;
  requantise: Cost;
  commit: Cost;
  reboot: Cost;
  overheads: Record<OverheadName, Cost>;
  continuous_pool_window: boolean;
}

/** Energy of a full capacitor's swing from v_on to v_off, and the share of it that is called safe. */
export function energyBudget_J(platform: Platform): { full_J: number; safe_J: number } {
  const full_J = 0.5 * platform.capacitance_F * (platform.v_on ** 2 - platform.v_off ** 2);
  return { full_J, safe_J: full_J * platform.safe_margin };
}

/** Applies overrides and converts to SI. @throws UserError where the values contradict each other */
export function resolvePlatform(
  profile: PlatformProfile,
  overrides: PlatformOverrides = {},
): Platform {
  const cycle_s = 1 / profile.clock.value;
  const { costs, power } = profile;
  const affine = (cost: z.infer<typeof AffineCost>): Affine => ({
    energy_fixed_J: cost.energy.fixed,
    energy_per_element_J: cost.energy.per_element,
    latency_fixed_s: cost.latency.fixed * cycle_s,
    latency_per_element_s: cost.latency.per_element * cycle_s,
  });
  const scalar = (cost: z.infer<typeof ScalarCost>): Cost => ({
    energy_J: cost.energy.value,
    latency_s: cost.latency.unit === "s" ? cost.latency.value : cost.latency.value * cycle_s,
  });
  const add = scalar(costs.add);
  const multiply = scalar(costs.multiply);
  const overheads = Object.fromEntries(OVERHEADS.map((name): [OverheadName, Cost] => {
    const { energy, latency } = profile.overheads[name];
    const wrong = profile.defects.latency_from_energy.includes(name);
    return [name, {
      energy_J: energy[0] * add.energy_J + energy[1] * multiply.energy_J,
      latency_s: wrong
        ? latency[0] * add.energy_J + latency[1] * multiply.energy_J
        : latency[0] * add.latency_s + latency[1] * multiply.latency_s,
    }];
  })) as Record<OverheadName, Cost>;

  const kernelName = overrides.kernel ?? profile.kernel;
  const kernel = profile.mac[kernelName];
  if (kernel === undefined) {
    throw new UserError({
      message: `platform ${profile.name} has no MAC kernel "${kernelName}"`,
      field: `platforms.${profile.name}.kernel`,
      expected: Object.keys(profile.mac).join(", "),
      nearest: nearestName(kernelName, Object.keys(profile.mac)),
    });
  }
  const platform: Platform = {
    profile: profile.name,
    board: profile.board ?? null,
    protocol: profile.protocol,
    clock_Hz: profile.clock.value,
    element_bytes: overrides.element_bytes ?? (profile.element.value as 1 | 2),
    weight_scales: overrides.weight_scales ?? "per_layer",
    vm_bytes: overrides.vm_bytes ?? profile.vm.value,
    nvm_bytes: overrides.nvm_bytes ?? profile.nvm.value,
    capacitance_F: overrides.capacitance_F ?? power.capacitance.value,
    harvester_ohm: overrides.harvester_ohm ?? power.harvester.value,
    v_on: overrides.v_on ?? power.v_on.value,
    v_off: overrides.v_off ?? power.v_off.value,
    v_supply: overrides.v_supply ?? power.v_supply.value,
    safe_margin: overrides.safe_margin ?? power.safe_margin.value,
    kernel: kernelName,
    length_multiple: kernel.length_multiple,
    nvm_read: affine(costs.nvm_read),
    nvm_write: affine(costs.nvm_write),
    mac: affine(kernel),
    add,
    multiply,
    divide: scalar(costs.divide),
    max: scalar(costs.max),
    requantise: scalar(costs.requantise),
    commit: costs.commit === undefined ? { energy_J: 0, latency_s: 0 } : scalar(costs.commit),
    reboot: scalar(costs.reboot),
    overheads,
    continuous_pool_window: profile.defects.continuous_pool_window,
  };
  const { v_on, v_off, v_supply } = platform;
  if (!(v_off < v_on && v_on < v_supply)) {
    throw new UserError({
      message: `platform ${profile.name}: voltages must rise from v_off over v_on to v_supply`,
      field: `platforms.${profile.name}`,
      value: { v_off, v_on, v_supply },
      expected: "v_off < v_on < v_supply",
      help: "A capacitor charged towards v_supply never reaches a v_on at or above it.",
    });
  }
  return platform;
}

/** Names of the profiles in a folder, sorted. */
export async function profileNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.endsWith(".yaml")) names.push(entry.name.slice(0, -".yaml".length));
  }
  return names.sort();
}

/** Reads `<folder>/<name>.yaml`. @throws UserError naming file, line, column and field */
export async function readProfile(folder: string, name: string): Promise<PlatformProfile> {
  const names = await profileNames(folder);
  if (!names.includes(name)) {
    throw new UserError({
      message: `no platform profile "${name}"`,
      field: "profile",
      value: name,
      expected: names.join(", "),
      nearest: nearestName(name, names),
    });
  }
  const file = `${folder}/${name}.yaml`;
  const lines = new LineCounter();
  const document = parseDocument(await Deno.readTextFile(file), { lineCounter: lines });
  const at = (offset: number | undefined) => {
    const position = offset === undefined ? undefined : lines.linePos(offset);
    return { file, line: position?.line, column: position?.col };
  };
  const problems: Problem[] = document.errors.map((error) => ({
    message: error.message,
    location: at(error.pos[0]),
  }));
  if (problems.length === 0) {
    const result = PlatformProfile.safeParse(document.toJS());
    if (result.success && result.data.name === name) return result.data;
    if (result.success) {
      problems.push({
        message: `calls itself "${result.data.name}"`,
        location: at(0),
        expected: name,
      });
    } else {
      for (const issue of result.error.issues) {
        let path = issue.path as (string | number)[];
        while (path.length > 0 && !document.hasIn(path)) path = path.slice(0, -1);
        const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
        problems.push({
          message: issue.message,
          location: at(node?.range?.[0]),
          field: issue.path.join("."),
        });
      }
    }
  }
  throw new UserError(problems, ExitCode.data);
}
