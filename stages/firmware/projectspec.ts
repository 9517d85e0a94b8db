/**
 * `<platform>.projectspec` beside the Makefile: the same firmware as a project of Code Composer
 * Studio, by its GNU compiler. Files, options and linker script are what build.mk says of itself.
 */
import { XMLBuilder } from "fast-xml-parser";
import { dirname } from "node:path";

/** What `make describe` prints of firmware.elf, a word a line. */
export interface Description {
  /** Paths of what is compiled, relative to the Makefile. */
  source: string[];
  /** Options of the compiler, without folders of headers. */
  compile: string[];
  include: string[];
  /** The linker script. */
  script: string[];
  link: string[];
}

/** @throws Error where a line is none of its words */
export function readDescription(text: string): Description {
  const found: Description = { source: [], compile: [], include: [], script: [], link: [] };
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [kind = "", ...words] = line.split(" ");
    if (!(kind in found) || words.length !== 1) throw new Error(`make describe: ${line}`);
    const list = found[kind as keyof Description];
    if (!list.includes(words[0]!)) list.push(words[0]!);
  }
  return found;
}

export interface ProjectFacts {
  network: string;
  profile: string;
  /** As Code Composer Studio names it. */
  device: string;
  description: Description;
  /** All files below `src`, relative to the Makefile's folder. */
  files: readonly string[];
  /** Whether DSPLib's sources have to be added by hand. */
  needsDsplib: boolean;
}

/** Where the studio puts the project; paths in options start there. */
const ROOT = "${PROJECT_ROOT}";

/** What code includes, and nothing that is compiled by itself. */
const BESIDE = /\.(h|ld|bin)$/;

export function projectspec(facts: ProjectFacts): string {
  const { network, profile, device, description, files, needsDsplib } = facts;
  const sources = new Set(description.source);
  const used = files.filter((path) => sources.has(path) || BESIDE.test(path));
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    format: true,
    suppressEmptyNode: true,
    suppressBooleanAttributes: false,
  });
  return builder.build({
    "?xml": { "@version": "1.0", "@encoding": "UTF-8" },
    projectSpec: {
      project: {
        "@name": `brownout_${profile.replaceAll("-", "_")}`,
        "@title": `${network} on ${profile}`,
        "@description": `Inference that no power cut can spoil, as the Makefile builds it.` +
          (needsDsplib ? " Add TI's DSPLib to the project." : ""),
        "@device": device,
        "@toolChain": "GNU",
        "@outputType": "executable",
        "@configurations": "Release",
        "@ignoreDefaultDeviceSettings": "true",
        "@ignoreDefaultCCSSettings": "true",
        "@compilerBuildOptions": [
          ...description.compile,
          ...description.include.map((folder) => `-I${ROOT}/${folder}`),
        ].join(" "),
        "@linkerBuildOptions": [
          ...description.script.map((path) => `-T${ROOT}/${path}`),
          ...description.link.map((word) => word.replace(/^-L/, `-L${ROOT}/`)),
        ].join(" "),
        file: used.map((path) => ({
          "@path": path,
          "@targetDirectory": dirname(path),
          "@action": "copy",
          "@excludeFromBuild": String(!sources.has(path)),
        })),
      },
    },
  });
}
