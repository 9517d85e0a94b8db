/** `platform.h`: sizes and choices that the port is compiled with (runtime-c/README.md). */
import type { AfterCommit } from "../../network/design.ts";
import type { Platform } from "../../network/platform.ts";
import { cString } from "./emit_c.ts";
import type { RunOn } from "./run_on.ts";
import { SCHEMES } from "./layer_table.ts";
import { hasChannelwise, hasScales, HEADER_BYTES, type Model } from "./image.ts";

/**
 * @param platform resolved, overrides applied
 * @param run_on of scheme tile with after_commit run_on
 */
export function platformH(
  platform: Platform,
  model: Model,
  after_commit: AfterCommit,
  run_on?: RunOn,
): string {
  return [
    "/*",
    ` * Platform ${platform.profile} as it was explored; overrides of pipeline.yaml are applied.`,
    " * Written by Brownout's dump stage; changes are lost with the next run.",
    " */",
    "#ifndef BROWNOUT_PLATFORM_H",
    "#define BROWNOUT_PLATFORM_H",
    "",
    `#define BO_PLATFORM_NAME ${cString(platform.profile)}`,
    "/** Of the CPU. */",
    `#define BO_CLOCK_HZ ${platform.clock_Hz}ul`,
    `/** VM for tiles; this network uses ${model.vm_bytes} bytes of it. */`,
    `#define BO_VM_BYTES ${usableVm_bytes(platform.vm_bytes)}u`,
    "/** End of the last NVM region, and bytes of nvm.bin. */",
    `#define BO_NVM_BYTES ${model.nvm_bytes}ul`,
    `#define BO_IMAGE_BYTES ${model.header + HEADER_BYTES + model.constants_bytes}ul`,
    "/** Elements of the network's input and output maps; layers of the runtime's table. */",
    `#define BO_INPUTS ${model.inputs}u`,
    `#define BO_OUTPUTS ${model.outputs}u`,
    `#define BO_LAYERS ${model.table.length}u`,
    "/** 0: no depthwise conv, max or average pool, add or concat; build.mk leaves their code out. */",
    `#define BO_HAS_CHANNELWISE ${hasChannelwise(model) ? 1 : 0}`,
    "/** Bytes of one code, and whether output channels have scales of their own; build.mk. */",
    `#define BO_USES_SCHEME ${Object.keys(SCHEMES).indexOf(model.scheme)}`,
    `#define BO_HAS_ELEMENT_BYTES ${model.element_bytes}`,
    `#define BO_HAS_PER_CHANNEL ${hasScales(model) ? 1 : 0}`,
    "/** 1: after each commit the board switches off until the capacitor is full; 0: it runs on. */",
    `#define BO_AFTER_COMMIT_SLEEP ${after_commit === "sleep" ? 1 : 0}`,
    ...(run_on === undefined ? [] : [
      "/** .. while the capacitor has this voltage or more; below, it switches off. */",
      `#define BO_RUN_ON_MILLIVOLTS ${run_on.threshold_mV}`,
    ]),
    "/** The multiply-accumulate kernel that was costed. */",
    `#define BO_KERNEL_NAME ${cString(platform.kernel)}`,
    "",
    "#endif",
    "",
  ].join("\n");
}

/** The runtime's VM is an array of 32-bit words. */
export function usableVm_bytes(vm_bytes: number): number {
  return vm_bytes - vm_bytes % 4;
}
