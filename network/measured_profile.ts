/** A platform profile from a micro-benchmark log: latencies as measured, the rest from a base profile. */
import { stringify } from "yaml";
import { ExitCode, UserError } from "../base/errors.ts";
import type { BenchLog, SingleOperation, SizedOperation, SizedPoint } from "./bench_log.ts";
import { PlatformProfile } from "./platform.ts";

/** cycles = fixed + per_element * elements, and how far the points lie from it. */
export interface Fit {
  fixed: number;
  per_element: number;
  /** Largest |measured - fitted| / measured, and of how many elements. */
  residual: { share: number; cycles: number; elements: number };
}

/**
 * Least squares of relative errors, so that short transfers count as much as long ones; neither
 * coefficient is negative.
 * @param points at least two sizes
 */
export function fitAffine(points: readonly SizedPoint[]): Fit {
  let w = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const { elements, cycles } of points) {
    const weight = 1 / cycles ** 2;
    w += weight;
    x += weight * elements;
    y += weight * cycles;
    xx += weight * elements * elements;
    xy += weight * elements * cycles;
  }
  let per_element = (w * xy - x * y) / (w * xx - x * x);
  let fixed = (y - per_element * x) / w;
  if (fixed < 0) [fixed, per_element] = [0, xy / xx];
  else if (per_element < 0) [fixed, per_element] = [y / w, 0];
  const residual = { share: 0, cycles: 0, elements: 0 };
  for (const { elements, cycles } of points) {
    const error = Math.abs(fixed + per_element * elements - cycles);
    if (error / cycles >= residual.share) {
      Object.assign(residual, { share: error / cycles, cycles: error, elements });
    }
  }
  return { fixed, per_element, residual };
}

/** Mean power in watts while the board does one kind of thing, measured with a probe. */
export interface Powers {
  cpu?: number;
  read?: number;
  write?: number;
  mac?: number;
  /** Energy of a reboot in joules. */
  reboot?: number;
}

export interface ProfileOptions {
  /** Of the new profile. */
  name: string;
  powers: Powers;
  /** From the supply's rise to the first instruction: no program can measure it. */
  wake_s: number | undefined;
}

const SCALARS = ["add", "multiply", "divide", "max", "requantise"] as const satisfies readonly (
  SingleOperation
)[];

const cycles = (value: number) => Number(value.toPrecision(6));
const joules = (value: number) => Number(value.toPrecision(6));
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

/**
 * YAML text of the profile.
 * @throws UserError where the log is of another board, or no energy is known of its kernel
 */
export function measuredProfile(
  log: BenchLog,
  base: PlatformProfile,
  { name, powers, wake_s }: ProfileOptions,
): string {
  if (base.board !== log.board) {
    throw new UserError({
      message: `the log is of board ${log.board}, profile ${base.name} of another`,
      field: "base",
      value: base.board ?? null,
      expected: log.board,
    }, ExitCode.data);
  }
  const source = "micro-benchmark of the board (runtime-c/apps/microbench)";
  const notes: string[] = [];
  const cycle_s = 1 / log.clock_Hz;
  const profile = structuredClone(base);
  profile.name = name;
  profile.title = `${base.title}, measured`;
  profile.clock = { value: log.clock_Hz, unit: "Hz", status: "measured", source };

  /** What a line says of itself: measured when latency and energy are. */
  const provenance = (watt: number | undefined, was: { source: string }) =>
    watt === undefined
      ? { status: "estimated" as const, source: `latency: ${source}; energy: ${was.source}` }
      : { status: "measured" as const, source: `${source}, ${watt} W` };
  const affine = (what: SizedOperation, watt: number | undefined, was: Affine | undefined) => {
    const fit = fitAffine(log.sized[what]);
    const { residual } = fit;
    notes.push(
      `${what}: ${cycles(fit.fixed)} + ${cycles(fit.per_element)} n cycles; largest residual ` +
        `${percent(residual.share)} (${
          residual.cycles.toFixed(1)
        } cycles) at n = ${residual.elements}`,
    );
    if (watt === undefined && was === undefined) {
      throw new UserError({
        message: `profile ${base.name} knows no energy of kernel ${log.kernel}`,
        field: "energy",
        expected: "--energy mac=<watt>",
      });
    }
    const energy = watt === undefined ? was!.energy : {
      fixed: joules(fit.fixed * cycle_s * watt),
      per_element: joules(fit.per_element * cycle_s * watt),
      unit: "J" as const,
    };
    const latency = {
      fixed: cycles(fit.fixed),
      per_element: cycles(fit.per_element),
      unit: "cycles" as const,
    };
    return { energy, latency, ...provenance(watt, was ?? { source: "" }) };
  };
  const { costs } = profile;
  costs.nvm_read = affine("nvm_read", powers.read ?? powers.cpu, base.costs.nvm_read);
  costs.nvm_write = affine("nvm_write", powers.write ?? powers.cpu, base.costs.nvm_write);
  const kernel = base.mac[log.kernel];
  profile.mac = {
    ...base.mac,
    [log.kernel]: {
      ...affine("mac", powers.mac ?? powers.cpu, kernel),
      length_multiple: kernel?.length_multiple ?? (log.kernel === "lea" ? 2 : 1),
    },
  };
  profile.kernel = log.kernel;
  for (const what of SCALARS) {
    const value = cycles(log.single[what]);
    const watt = powers.cpu;
    costs[what] = {
      energy: watt === undefined
        ? base.costs[what].energy
        : { value: joules(value * cycle_s * watt), unit: "J" },
      latency: { value, unit: "cycles" },
      ...provenance(watt, base.costs[what]),
    };
    notes.push(`${what}: ${value} cycles`);
  }
  const { boot, commit } = log.single;
  const write = costs.nvm_write.latency;
  const beside = cycles(Math.max(0, commit - write.fixed - 8 * write.per_element));
  costs.commit = {
    energy: powers.cpu === undefined
      ? base.costs.commit?.energy ?? { value: 0, unit: "J" }
      : { value: joules(beside * cycle_s * powers.cpu), unit: "J" },
    latency: { value: beside, unit: "cycles" },
    ...provenance(powers.cpu, base.costs.commit ?? { source: "none known, none charged" }),
  };
  const boot_s = boot * cycle_s;
  const energy = powers.reboot;
  if (wake_s !== undefined || energy !== undefined) {
    costs.reboot = {
      energy: { value: energy ?? base.costs.reboot.energy.value, unit: "J" },
      latency: wake_s === undefined
        ? base.costs.reboot.latency
        : { value: joules(wake_s + boot_s), unit: "s" },
      ...(wake_s !== undefined && energy !== undefined
        ? { status: "measured" as const, source: `${source}, ${wake_s} s to the first instruction` }
        : {
          status: "estimated" as const,
          source: `latency: ${
            wake_s === undefined ? base.costs.reboot.source : `${source}, ${wake_s} s of waking`
          }; energy: ${energy === undefined ? base.costs.reboot.source : `${energy} J, probe`}`,
        }),
    };
  }
  notes.push(
    `boot: ${cycles(boot)} cycles (${joules(boot_s)} s) from main() to the records read; ` +
      (wake_s === undefined
        ? "how long the supply takes before it is not known (--wake), so reboot is the base's"
        : `${wake_s} s before it`),
    `a tile of a conv: ${
      log.sized.conv.map(({ elements, cycles }) =>
        `${(cycles / (48 * elements)).toFixed(2)} cycles a MAC in spans of ${elements}`
      ).join(", ")
    }`,
    `commit: ${cycles(commit)} cycles, of which nvm_write of 8 elements is ` +
      `${cycles(write.fixed + 8 * write.per_element)}`,
  );
  const checked = PlatformProfile.parse(profile);
  const header = [
    `Measured by the micro-benchmark firmware on board ${log.board}; written by deno task profile.`,
    `Not measured, and so as in ${base.name}: memories, energy buffer, overheads${
      Object.keys(powers).length === 0 ? ", energies" : ""
    }.`,
    ...notes,
  ];
  return header.map((line) => `# ${line}\n`).join("") +
    stringify({ ...checked, defects: undefined }, {
      lineWidth: 0,
      aliasDuplicateObjects: false,
      keepUndefined: false,
    });
}

type Affine = PlatformProfile["costs"]["nvm_read"];
