/** `deno task bench [name...]`: runs benchmarks; without a name the explorer's. */
import { nearestName, UserError } from "../base/errors.ts";

/** Each module writes its own section of bench/RESULTS.md. */
const BENCHMARKS: Record<string, () => Promise<void>> = {
  explorer: async () => await (await import("./explorer.ts")).run(),
  kernels: async () => await (await import("./kernels.ts")).run(),
  power: async () => await (await import("./power.ts")).run(),
  runtime: async () => await (await import("./runtime.ts")).run(),
  schemes: async () => await (await import("./schemes.ts")).run(),
  search: async () => await (await import("./search.ts")).run(),
  training: async () => await (await import("./training.ts")).run(),
};

if (import.meta.main) {
  try {
    const names = Deno.args.length > 0 ? Deno.args : ["explorer"];
    for (const name of names) {
      const benchmark = BENCHMARKS[name];
      if (benchmark === undefined) {
        const known = Object.keys(BENCHMARKS);
        throw new UserError({
          message: `no benchmark "${name}"`,
          value: name,
          expected: known.join(", "),
          nearest: nearestName(name, known),
        });
      }
      await benchmark();
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    Deno.exit(error.exitCode);
  }
}
