/** A thread of a {@link Team}: computes what it is sent, on a backend of its own. */
import { selectBackend } from "./backend.ts";
import { OwnThread } from "./executor.ts";
import { emptyParameters, type Parameter } from "./parameters.ts";
import type { FromMember, ToMember } from "./team.ts";

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToMember>) => void;
  postMessage(message: FromMember, transfer?: Transferable[]): void;
};
let executor: OwnThread;
let shapes: readonly Parameter[];

thread.onmessage = async ({ data }) => {
  try {
    const { answer, transfer } = await answerTo(data);
    thread.postMessage(answer, transfer);
  } catch (error) {
    thread.postMessage({ type: "failed", message: (error as Error).stack ?? String(error) });
  }
};

async function answerTo(
  message: ToMember,
): Promise<{ answer: FromMember; transfer?: Transferable[] }> {
  if (message.type === "open") {
    await selectBackend(message.backend, { threads: 1 });
    executor = new OwnThread(message.network);
    shapes = emptyParameters(message.network);
    return { answer: { type: "ready" } };
  }
  const parameters = shapes.map((shape, k) => ({ ...shape, data: message.parameters[k]! }));
  if (message.type === "predict") {
    const prediction = await executor.predict(parameters, message.split, { grid: message.grid });
    return {
      answer: { type: "prediction", prediction },
      transfer: [prediction.logits.buffer as ArrayBuffer],
    };
  }
  const gradients = await executor.gradients(parameters, message.batch, message.options);
  return {
    answer: { type: "gradients", gradients },
    transfer: gradients.gradients.map(({ buffer }) => buffer as ArrayBuffer),
  };
}
