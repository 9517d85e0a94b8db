/** What a preservation scheme asks of designs and codes (docs/protocol-brownout.md, "Schemes"). */
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import { codeBits, keepsMarks } from "../../network/design.ts";
import type { DesignsArtifact } from "../../network/explore.ts";
import type { IntegerNetwork } from "../../network/integer/inference.ts";
import type { TableLayer } from "./layer_table.ts";

/**
 * The runtime refuses the same at its start; here it is said by name.
 * @throws UserError where the scheme cannot keep a layer's design or codes
 */
export function refuseForScheme(
  table: readonly TableLayer[],
  network: IntegerNetwork,
  { scheme, platform }: DesignsArtifact,
): void {
  const problems: Problem[] = [];
  const without = table.find(({ design: { b } }) => b < 1 || b > 65535);
  if (keepsMarks(scheme) && without !== undefined) {
    problems.push({
      message: `scheme ${scheme} sends outputs in groups, layer ${without.layer.name} has none`,
      field: "explore.b",
      value: without.design.b,
      expected: "1 to 65535 outputs a group",
    });
  }
  if (scheme === "stateful") {
    const limit = 2 ** (codeBits(network.element_bytes, scheme) - 1);
    const wide = ({ minimum, maximum }: { minimum: number; maximum: number }) =>
      minimum < -limit || maximum >= limit;
    const refuseCodes = (what: string, range: { minimum: number; maximum: number }) =>
      problems.push({
        message: `scheme stateful needs the top bit of each code; ${what} uses it`,
        field: `platforms.${platform.choice.profile}`,
        value: `${range.minimum}..${range.maximum}`,
        expected: `codes from ${-limit} to ${limit - 1}`,
        help: "Say the scheme once, for quantize too: --set params.scheme=stateful",
      });
    if (wide(network.input)) refuseCodes("the input", network.input);
    for (const { layer, requantisation, plane_bytes } of table) {
      if (wide(requantisation)) refuseCodes(`layer ${layer.name}`, requantisation);
      if (plane_bytes > 0) {
        problems.push({
          message: `scheme stateful keeps no partial sums, but the design of layer ${layer.name} ` +
            "visits its output tiles more than once",
          field: `platforms.${platform.choice.profile}`,
          expected: "N innermost with S over the whole sweep, or Tn = N",
        });
      }
    }
  }
  if (problems.length > 0) throw new UserError(problems, ExitCode.infeasible);
}
