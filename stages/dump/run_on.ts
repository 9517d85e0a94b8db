/** Boards that run on after a commit: the voltage from which their supply monitor lets them. */
import { ExitCode, UserError } from "../../base/errors.ts";
import type { DesignsArtifact } from "../../network/explore.ts";

export interface RunOn {
  /** BO_RUN_ON_MILLIVOLTS: what the explorer asks for, rounded up. */
  threshold_mV: number;
  /** Where the monitor switches: the next tap of its ladder. */
  level_V: number;
}

/** The ladder's upper ends at the capacitor (runtime-c/ports/common/supply_comp_e.c), and its taps. */
const TOPS_mV = [4000, 5000];
const TAPS = 32;

/** The lowest tap that is no lower than `threshold_mV`; undefined beyond the ladder. */
export function monitorLevel_V(threshold_mV: number): number | undefined {
  const levels = TOPS_mV.flatMap((top) => {
    const tap = Math.ceil(threshold_mV * TAPS / top);
    return tap <= TAPS ? [top * tap / TAPS / 1000] : [];
  });
  return levels.length === 0 ? undefined : Math.min(...levels);
}

/**
 * Undefined where no commit asks the monitor: the board switches off after each one, or its scheme
 * lets it run until power fails.
 * @throws UserError where the explorer did not say from which voltage on, or the monitor cannot
 */
export function runOnOf(designs: DesignsArtifact): RunOn | undefined {
  if (designs.after_commit !== "run_on" || designs.scheme !== "tile") return undefined;
  const { profile } = designs.platform.choice;
  const above_V = designs.answer.run_on?.above_V;
  if (above_V === undefined) {
    throw new UserError({
      message: `platform ${profile} was not explored for running on after commits`,
      field: "explore.after_commit",
      help: "Run the stages from explore on again: --force --from explore.",
    }, ExitCode.data);
  }
  const threshold_mV = Math.ceil(1000 * above_V);
  const level_V = monitorLevel_V(threshold_mV);
  if (level_V === undefined) {
    throw new UserError({
      message: `the supply monitor of ${profile} cannot tell ${above_V} V`,
      field: `platforms.${profile}.v_on`,
      value: above_V,
      expected: `at most ${Math.max(...TOPS_mV) / 1000} V`,
    }, ExitCode.infeasible);
  }
  return { threshold_mV, level_V };
}
