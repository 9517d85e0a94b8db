/** What an ONNX file holds that no network of ours can be, told by file, node and operator. */
import { ExitCode, UserError } from "../../base/errors.ts";
import type { NodeProto } from "./proto.ts";

export interface Reason {
  value?: unknown;
  expected?: string;
  nearest?: string | undefined;
  help?: string;
}

/** `Conv "conv1/BiasAdd" (node 3)`. */
export function nodeTitle(node: NodeProto, index: number): string {
  return `${node.op_type || "a node without operator"} "${node.name}" (node ${index})`;
}

/** @throws UserError, always */
export function refuse(file: string, where: string, message: string, reason: Reason = {}): never {
  throw new UserError(
    { message: `${where}: ${message}`, location: { file }, ...reason },
    ExitCode.data,
  );
}
