/** `platform.h`: what the port must know of the board as it was explored. */
import type { Platform } from "../../network/platform.ts";
import { cString } from "./emit_c.ts";

/** @param platform resolved, overrides applied */
export function platformH(platform: Platform, after_commit: "sleep" | "run_on"): string {
  return [
    "/*",
    ` * Platform ${platform.profile} as it was explored; overrides of pipeline.yaml are applied.`,
    " * Written by Brownout's dump stage; changes are lost with the next run.",
    " */",
    "#ifndef BROWNOUT_PLATFORM_H",
    "#define BROWNOUT_PLATFORM_H",
    "",
    `#define BO_PLATFORM_NAME ${cString(platform.profile)}`,
    "/** Of the CPU, in Hz. */",
    `#define BO_CLOCK_HZ ${platform.clock_Hz}ul`,
    "/** VM for tiles and NVM for image, maps and planes, in bytes. */",
    `#define BO_VM_BYTES ${platform.vm_bytes}u`,
    `#define BO_NVM_BYTES ${platform.nvm_bytes}ul`,
    "/** 1: after each commit the board switches off until the capacitor is full; 0: it runs on. */",
    `#define BO_AFTER_COMMIT_SLEEP ${after_commit === "sleep" ? 1 : 0}`,
    "/** The multiply-accumulate kernel that was costed. */",
    `#define BO_KERNEL_NAME ${cString(platform.kernel)}`,
    "/** Supply voltages at which the board starts and fails, in millivolts. */",
    `#define BO_V_ON_MV ${Math.round(1000 * platform.v_on)}u`,
    `#define BO_V_OFF_MV ${Math.round(1000 * platform.v_off)}u`,
    "",
    "#endif",
    "",
  ].join("\n");
}
