/** The line that the power simulation prints (docs/power.md). */
import { z } from "zod";

const figure = z.number();

const Deed = z.strictObject({
  count: figure,
  elements: figure,
  energy_J: figure,
  latency_s: figure,
});

/** Of one layer, or of start and delivery (last): sums over the inferences that were measured. */
export const PowerAccount = z.strictObject({
  name: z.string(),
  latency_s: figure,
  on_s: figure,
  off_s: figure,
  energy_J: figure,
  energy_max_J: figure,
  energy_min_J: figure,
  power_cycles: figure,
  deaths: figure,
  over_budget: figure,
  lost_J: figure,
  lost_max_J: figure,
  deeds: z.record(z.string(), Deed),
});
export type PowerAccount = z.infer<typeof PowerAccount>;

export const PowerLine = z.strictObject({
  after_commit: z.enum(["sleep", "run_on"]),
  inferences: figure,
  measured: figure,
  mismatches: figure,
  failure: z.string().nullable(),
  all: z.strictObject({ time_s: figure, power_cycles: figure, deaths: figure, commits: figure }),
  latency_s: figure,
  energy_J: figure,
  harvested_J: figure,
  power_cycles: figure,
  deaths: figure,
  commits: figure,
  energy_max_J: figure,
  over_budget: figure,
  budget_J: figure,
  full_J: figure,
  layers: z.array(PowerAccount),
  voltage: z.strictObject({
    step_s: figure,
    low_V: z.array(figure),
    high_V: z.array(figure),
    detail: z.array(z.tuple([figure, figure])),
  }),
});
export type PowerLine = z.infer<typeof PowerLine>;
