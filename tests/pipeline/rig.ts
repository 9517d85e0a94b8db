/**
 * A workplace in a temporary folder with stages that do what the test says: they write texts made of
 * their parameters and inputs, wait, fail, refuse to stop.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { loadConfiguration } from "../../pipeline/config.ts";
import type { RunEvent } from "../../pipeline/events.ts";
import type { Selection } from "../../pipeline/graph.ts";
import { parseSet } from "../../pipeline/overrides.ts";
import type { Workplace } from "../../pipeline/plan.ts";
import type { Registry } from "../../pipeline/registry.ts";
import { planPipeline, runPipeline, type StageResult } from "../../pipeline/run.ts";
import { defineStage, type StageDefinition } from "../../pipeline/stage.ts";

export const parameters = z.strictObject({
  /** Goes into the artifact. */
  text: z.string().default(""),
  /** Names of the stages whose artifacts it reads. */
  reads: z.array(z.string()).default([]),
  /** Number of different artifacts it can make; few make early cutoff likely. */
  variety: z.int().min(1).default(1_000_000),
  /** Steps that it takes, each kept in `work/`, so that it resumes. */
  steps: z.int().min(0).max(1000).default(0),
  step_ms: z.number().min(0).default(0),
  trouble: z.enum(["none", "deaf", "spin", "full-disk", "defect", "mistake"]).default("none"),
  platforms: z.array(z.strictObject({ profile: z.string(), capacitance_F: z.number() }))
    .default([]),
});
type Parameters = z.infer<typeof parameters>;

/** Sections of the rig's language. */
export const sections = {
  platforms: z.array(z.strictObject({ profile: z.string(), capacitance_F: z.number().positive() })),
};

/** A kind of stage whose module is `code/<name>.ts` of the rig. */
function kind(root: string, name: string, needs: readonly string[] = []): StageDefinition {
  return defineStage<Parameters>({
    name,
    summary: `${name} of the rig`,
    parameters: parameters as unknown as z.ZodType<Parameters>,
    needs,
    module: new URL(`file://${root}/code/${name}.ts`).href,
    sources: ["extra"],
    fingerprint: async () => ({
      compiler: await Deno.readTextFile(`${root}/compiler`).catch(() => "none"),
    }),
    preflight: ({ params }) =>
      Promise.resolve(
        params.text === "impossible"
          ? [{ message: "cannot be done", field: `${name}.text`, value: params.text }]
          : [],
      ),
    async run({ params, input, artifactDir, workDir, progress, signal }) {
      const parts = [params.text, JSON.stringify(params.platforms)];
      for (const read of params.reads) {
        parts.push(await Deno.readTextFile(`${input(read)}/out.txt`));
      }
      await Deno.writeTextFile(`${artifactDir}/early.txt`, "half\n");
      for (let step = 0; step < params.steps; step++) {
        const path = `${workDir}/step-${step}`;
        if (await Deno.stat(path).then(() => true, () => false)) continue;
        await new Promise((resolve) => setTimeout(resolve, params.step_ms));
        if (signal.aborted && params.trouble !== "deaf") throw new Error("stopped");
        await Deno.writeTextFile(path, "done");
        progress.update(`step ${step}`, step / params.steps);
      }
      if (params.trouble === "spin") { for (;;); }
      if (params.trouble === "defect") throw new TypeError("a defect");
      if (params.trouble === "mistake") throw new UserError("a mistake");
      if (params.trouble === "full-disk") await Deno.writeTextFile("/dev/full", "x");
      const digest = createHash("sha256").update(parts.join("\n")).digest();
      const value = digest.readUInt32LE(0) % params.variety;
      await Deno.mkdir(`${artifactDir}/sub`);
      await Deno.writeTextFile(`${artifactDir}/out.txt`, `${value}\n`);
      await Deno.writeTextFile(`${artifactDir}/sub/more.txt`, `${value * 2}\n`);
    },
    report: async (artifactDir) => [[
      "value",
      (await Deno.readTextFile(`${artifactDir}/out.txt`))
        .trim(),
    ]],
  });
}

export const KINDS = ["one", "two", "three", "four", "free"] as const;

/** `two` reads `one`, `three` reads `two`, `four` reads `two`; `free` reads nothing. */
export function rigRegistry(root: string): Registry {
  return {
    stages: [
      kind(root, "one"),
      kind(root, "two", ["one"]),
      kind(root, "three", ["two"]),
      kind(root, "four", ["two"]),
      kind(root, "free"),
    ],
    sections,
  };
}

export const YAML = `version: 1
params:
  dataset: plain
  seed: 7
  data_dir: null
platforms:
  - profile: small-board
    capacitance_F: 0.005
  - profile: big-board
    capacitance_F: 0.01
presets:
  other:
    one: { text: other }
stages:
  one:
    with:
      text: seed \${params.seed}
  two:
    needs: [one]
    with:
      reads: [one]
      platforms: \${platforms}
  three:
    needs: [two]
    with:
      reads: [two]
  four:
    needs: [one, two]
    with:
      reads: [one, two]
      platforms: \${platforms}
`;

export class Rig implements AsyncDisposable {
  readonly root: string;
  readonly registry: Registry;
  yaml = YAML;
  readonly events: RunEvent[] = [];

  private constructor(root: string) {
    this.root = root;
    this.registry = rigRegistry(root);
  }

  static async create(): Promise<Rig> {
    const rig = new Rig(await Deno.makeTempDir({ prefix: "brownout-rig-" }));
    await Deno.mkdir(`${rig.root}/code`);
    await Deno.mkdir(`${rig.root}/extra`);
    await rig.write("code/shared.ts", "export const shared = 1;\n");
    for (const name of KINDS) {
      await rig.write(`code/${name}.ts`, `import "./shared.ts";\nexport const name = "${name}";\n`);
    }
    await rig.write("code/two.ts", 'import type { T } from "./types.ts";\nexport const two = 2;\n');
    await rig.write("code/types.ts", "export type T = 1;\n");
    await rig.write("extra/source.c", "int x;\n");
    await rig.write("deno.lock", "{}\n");
    await rig.write("pipeline.yaml", YAML);
    return rig;
  }

  async write(path: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.root}/${path}`, text);
  }

  workplace(sets: readonly string[] = []): Workplace {
    const configuration = loadConfiguration(
      this.yaml,
      "pipeline.yaml",
      this.registry,
      sets.map(parseSet),
    );
    const out = `${this.root}/out`;
    return {
      configuration,
      root: this.root,
      runDir: `${out}/${configuration.dataset}`,
      cacheDir: `${out}/.cache`,
    };
  }

  /** Action and reasons per stage, as `--plan` prints them. */
  async plan(sets: readonly string[] = [], selection: Selection = {}, force = false) {
    const { plan } = await planPipeline(this.workplace(sets), { selection, force });
    return plan.stages;
  }

  async run(
    sets: readonly string[] = [],
    selection: Selection = {},
    force = false,
    signal = new AbortController().signal,
  ): Promise<StageResult[]> {
    this.events.length = 0;
    return await runPipeline(this.workplace(sets), {
      selection,
      force,
      signal,
      threads: 1,
      observe: (event) => this.events.push(event),
    });
  }

  /** Runs the command line on this rig in a process of its own. */
  command(args: readonly string[], env: Record<string, string> = {}): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", new URL("./rig_main.ts", import.meta.url).pathname]
        .concat(args),
      env: { RIG_ROOT: this.root, INIT_CWD: this.root, BROWNOUT_DATA_DIR: "", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

/** Names of the stages that a run worked on. */
export function ran(results: readonly StageResult[]): string[] {
  return results.filter(({ action }) => action === "ran").map(({ stage }) => stage);
}

/** `{stage: "action: reason; reason"}`. */
export function told(
  stages: readonly { stage: string; action: string; reasons: readonly string[] }[],
): Record<string, string> {
  return Object.fromEntries(
    stages.map(({ stage, action, reasons }) => [
      stage,
      reasons.length > 0 ? `${action}: ${reasons.join("; ")}` : action,
    ]),
  );
}
