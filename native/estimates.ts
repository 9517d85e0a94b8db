/** Which figures of a profile are not known by measurement or data sheet: results built on them are neither. */
import type { PlatformChoice, PlatformProfile } from "../network/platform.ts";

/** Overrides of a choice, and the profile's figure that each replaces. */
const REPLACES: Partial<Record<keyof PlatformChoice, string>> = {
  capacitance_F: "power.capacitance",
  harvester_ohm: "power.harvester",
  v_on: "power.v_on",
  v_off: "power.v_off",
  v_supply: "power.v_supply",
  safe_margin: "power.safe_margin",
  vm_bytes: "vm",
  nvm_bytes: "nvm",
  element_bytes: "element",
};

/** Names of the figures, as paths of the profile, that are estimated or assumed and that count here. */
export function estimatedFigures(
  profile: PlatformProfile,
  choice: PlatformChoice,
): string[] {
  const replaced = new Set(
    Object.entries(REPLACES)
      .filter(([key]) => choice[key as keyof PlatformChoice] !== undefined)
      .map(([, path]) => path),
  );
  const kernel = choice.kernel ?? profile.kernel;
  const names: string[] = [];
  const visit = (value: unknown, path: string) => {
    if (value === null || typeof value !== "object" || replaced.has(path)) {
      return;
    }
    const { status } = value as { status?: unknown };
    if (status === "estimated" || status === "assumed") names.push(path);
    for (const [key, child] of Object.entries(value)) {
      visit(child, path === "" ? key : `${path}.${key}`);
    }
  };
  visit({ ...profile, mac: { [kernel]: profile.mac[kernel] } }, "");
  return names.sort();
}
