/** What is wrong with a workflow file, as far as it can be told without its server. */
import { parseDocument } from "yaml";
import { z } from "zod";

const step = z.looseObject({ uses: z.string().optional(), run: z.string().optional() }).refine(
  ({ uses, run }) => (uses === undefined) !== (run === undefined),
  "a step has either uses or run",
);
const job = z.looseObject({
  "runs-on": z.string(),
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  strategy: z.looseObject({ matrix: z.record(z.string(), z.unknown()) }).optional(),
  steps: z.array(step).min(1),
});
const workflow = z.looseObject({ on: z.unknown(), jobs: z.record(z.string(), job) });

/** Syntax, duplicate keys, shape of jobs and steps, and names that nothing defines. */
export function workflowProblems(text: string): string[] {
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  const syntax = [...document.errors, ...document.warnings].map(({ message }) => message);
  if (syntax.length > 0) return syntax;
  const parsed = workflow.safeParse(document.toJS());
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  }
  const { jobs } = parsed.data;
  return Object.entries(jobs).flatMap(([name, { needs = [], strategy, steps }]) => {
    const unknown = [needs].flat().filter((other) => jobs[other] === undefined)
      .map((other) => `jobs.${name}.needs: no job is called ${other}`);
    const axes = strategy?.matrix ?? {};
    const used = JSON.stringify(steps).matchAll(/\$\{\{ *matrix\.([\w-]+)/g);
    const undefinedAxes = [...used].map(([, axis]) => axis as string)
      .filter((axis) => axes[axis] === undefined && axes["include"] === undefined)
      .map((axis) => `jobs.${name}: matrix.${axis} is not defined`);
    return [...unknown, ...new Set(undefinedAxes)];
  });
}
