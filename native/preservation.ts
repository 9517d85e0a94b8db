/** How progress is kept, as a request asks for it: defaults filled in, what cannot be explored refused. */
import { UserError } from "../base/errors.ts";
import type { AfterCommit, Scheme } from "../network/design.ts";
import type { ExploreRequest } from "../network/explore.ts";

export interface Preservation {
  scheme: Scheme;
  /** Output values between two progress marks; 0 where the scheme has none. */
  b: number;
  after_commit: AfterCommit;
}

/** Schemes that keep marks within a batch. */
const MARKED: readonly Scheme[] = ["hawaii", "stateful"];
/** What the model charges so far. */
const EXPLORED: readonly Scheme[] = ["tile"];

/** @throws UserError on a scheme that is not explored, or a B where none belongs */
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
  if (!EXPLORED.includes(scheme)) {
    refuse(
      "scheme",
      scheme,
      "the explorer cannot charge this scheme yet",
      EXPLORED.join(", "),
    );
  }
  if (b !== undefined && !MARKED.includes(scheme)) {
    refuse("b", b, `scheme ${scheme} sets no marks between commits`, "no b");
  }
  return { scheme, b: b ?? 0, after_commit: after_commit ?? "sleep" };
}
