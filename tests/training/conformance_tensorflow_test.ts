import { chooseBackend } from "../../training/backend_choice.ts";
import { conform } from "./conformance.ts";

const obstacle = await chooseBackend("tensorflow").then(() => undefined, (error: Error) => error);
if (obstacle === undefined) { for (const test of conform("tensorflow")) Deno.test(test); }
else {
  console.error(`SKIPPED: conformance of tensorflow. ${obstacle.message}`);
  Deno.test({ name: "tensorflow: conformance", ignore: true, fn: () => {} });
}
