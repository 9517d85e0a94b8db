/** Execution and preservation designs: how one layer is tiled, ordered and committed. */
import { z } from "zod";

const positive = z.number().int().positive();

/** The reused buffer of the published space, or the four tile loops outer to inner (`RCMN`). */
export const LoopOrder = z.union([
  z.enum(["I", "W", "O"]),
  z.string().regex(/^(?=.*R)(?=.*C)(?=.*M)(?=.*N)[RCMN]{4}$/, "four letters of R, C, M, N"),
]);
export type LoopOrder = z.infer<typeof LoopOrder>;

/** The published nests as four-letter orders (inas.md 3.7). */
export const PUBLISHED_ORDERS = { I: "RCNM", W: "MNRC", O: "RCMN" } as const;

/** How many multiply-accumulates one kernel call spans: Tn, Kw*Tn or Kh*Kw*Tn. */
export const MacSpan = z.enum(["channel", "row", "window"]);
export type MacSpan = z.infer<typeof MacSpan>;

/** How progress is kept (DESIGN.md section 2); one for a whole network. */
export const Scheme = z.enum(["tile", "hawaii", "stateful", "checkpoint", "ideal"]);
export type Scheme = z.infer<typeof Scheme>;

/** Whether outputs are sent in groups of B, the smallest progress that is kept. */
export const keepsMarks = (scheme: Scheme): boolean => scheme === "hawaii" || scheme === "stateful";

/** Bits of a code of `element_bytes`: all, or under stateful all but the one that is its state. */
export const codeBits = (element_bytes: 1 | 2, scheme: Scheme): number =>
  8 * element_bytes - (scheme === "stateful" ? 1 : 0);

/** What the board does after a commit: switch off until V_on, or go on while there is energy. */
export const AfterCommit = z.enum(["sleep", "run_on"]);
export type AfterCommit = z.infer<typeof AfterCommit>;

export const Design = z.strictObject({
  Tr: positive,
  Tc: positive,
  Tm: positive,
  Tn: positive,
  loop_order: LoopOrder,
  mac_span: MacSpan.default("channel"),
  /** Tiles of a batch: of scheme tile between two commits. */
  S: positive,
  /** Outputs of a group, of the schemes that send groups. */
  B: positive.optional(),
});
export type Design = z.infer<typeof Design>;
