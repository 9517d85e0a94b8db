/** How progress is kept, as a request asks for it: defaults filled in, what does not fit refused. */
import { UserError } from "../base/errors.ts";
import { type AfterCommit, keepsMarks, type Scheme } from "../network/design.ts";
import type { ExploreRequest } from "../network/explore.ts";

export interface Preservation {
  scheme: Scheme;
  /** Outputs of a group; 0 where the scheme has none, or where each layer's own is to be found. */
  b: number;
  after_commit: AfterCommit;
}

/** @throws UserError on a B where none belongs, or a board that is to sleep where none asks it */
export function preservationOf(
  { name, scheme = "tile", b, after_commit }: Pick<
    ExploreRequest,
    "name" | "scheme" | "b" | "after_commit"
  >,
): Preservation {
  const refuse = (
    field: string,
    value: unknown,
    message: string,
    expected: string,
  ) => {
    throw new UserError({
      message: `${name}: ${message}`,
      field,
      value,
      expected,
    });
  };
  if (b !== undefined && !keepsMarks(scheme)) {
    refuse("b", b, `scheme ${scheme} sends no groups of outputs`, "no b");
  }
  if (scheme !== "tile" && after_commit === "sleep") {
    refuse(
      "after_commit",
      after_commit,
      `under scheme ${scheme} a power cycle lasts until power fails`,
      "run_on, or scheme tile",
    );
  }
  return {
    scheme,
    b: b ?? 0,
    after_commit: after_commit ?? (scheme === "tile" ? "sleep" : "run_on"),
  };
}
