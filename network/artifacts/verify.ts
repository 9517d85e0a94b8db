/** `<platform>/verify.json`: what was run, under which power, and how it compares with the reference. */
import { z } from "zod";
import { Scheme } from "../design.ts";

const count = z.number().int().nonnegative();

export const Scenario = z.strictObject({
  name: z.enum([
    "uncut",
    "cuts before a write",
    "torn writes",
    "reordered writes",
    "cuts while provisioning",
    "a cut at every write",
    "simulator",
    "cuts between instructions",
    "capacitor",
    "capacitor, running on",
    "shipped image",
    "shipped image, random cuts",
    "shipped image, cuts within commits",
    "shipped image, cuts at writes",
    "shipped image, capacitor",
    "shipped image, capacitor, running on",
  ]),
  /** What executed the model: this machine, a simulator of the board, or ours of the whole board. */
  on: z.enum(["host", "qemu-system-arm", "mspdebug", "bo_sim"]),
  /** What the scenario does, for a reader. */
  what: z.string(),
  inferences: count,
  cuts: count,
  /** Starts of the program; absent where the board was never switched off. */
  boots: count.optional(),
  /** Progress records that reached NVM: all of them, or in campaigns those that ended a power cycle. */
  commits: count,
  mismatches: count,
  /** Of the first mismatch: what is wrong, and the id that repeats it. */
  failure: z.strictObject({ what: z.string(), replay: z.string().optional() }).nullable(),
  /** CRC-32 over all output codes in order, as they came out of a simulator. */
  outputs_crc: count.optional(),
  /** Of all runs, start of the program included. */
  instructions: count.optional(),
  /** Of the shipped image; approximate (docs/simulators.md). */
  cycles: count.optional(),
  /** Drawn from the capacitor. */
  energy_J: z.number().nonnegative().optional(),
  /** Until the last result was released, charging included. */
  total_s: z.number().nonnegative().optional(),
  /** Of the classic MSP430's timing, which the FR5994 does not have. */
  cycles_430: count.optional(),
});
export type Scenario = z.infer<typeof Scenario>;

/** Figures of the explorer's model beside those of the power simulation, for one inference. */
const Pair = z.strictObject({ modelled: z.number(), simulated: z.number() });

/** The compiled runtime on a simulated capacitor, off after each commit (docs/power.md). */
export const PowerSimulation = z.strictObject({
  /** What charges the capacitor. */
  source: z.string(),
  latency_s: Pair,
  /** Of the worst power cycle, and what a safe one may draw. */
  energy_max_J: z.number(),
  budget_J: z.number(),
  /** Layers of the runtime's table. */
  layers: z.array(z.strictObject({
    name: z.string(),
    latency_s: Pair,
    power_cycles: z.number(),
    energy_J: z.number(),
    energy_max_J: z.number(),
  })),
  /** Lowest and highest capacitor voltage in each stretch of `step_s`, over the whole run. */
  voltage: z.strictObject({
    step_s: z.number().positive(),
    low_V: z.array(z.number()),
    high_V: z.array(z.number()),
  }),
});
export type PowerSimulation = z.infer<typeof PowerSimulation>;

export const VerifyArtifact = z.strictObject({
  platform: z.string(),
  board: z.string(),
  network: z.string(),
  image_id: count,
  /** Golden vectors, all computed anew by network/integer. */
  golden_vectors: count,
  scenarios: z.array(Scenario),
  /** How progress is kept. */
  scheme: Scheme,
  /** The explorer's figures for one inference; under schemes other than tile power cycles are fractions. */
  modelled: z.strictObject({ latency_s: z.number(), power_cycles: z.number() }),
  /**
   * What the host run counted for one inference that is never cut: means over the golden vectors,
   * whole numbers that equal the model wherever verification has passed.
   */
  counted: z.strictObject({
    commits: z.number(),
    layers: z.array(z.strictObject({ name: z.string(), modelled: count, commits: z.number() })),
    start_and_delivery: z.number(),
  }),
  /** Absent where the simulation did not come to its end. */
  power: PowerSimulation.optional(),
  /** Simulator: what of the board it has, and what it lacks. */
  simulated: z.string(),
  not_simulated: z.array(z.string()),
});
export type VerifyArtifact = z.infer<typeof VerifyArtifact>;
