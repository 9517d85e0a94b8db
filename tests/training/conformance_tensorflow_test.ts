import { chooseBackend } from "../../training/backend_choice.ts";
import { conform } from "./conformance.ts";

const obstacle = await chooseBackend("tensorflow").then(() => undefined, (error: Error) => error);
if (obstacle === undefined) conform("tensorflow");
else console.error(`SKIPPED: conformance of tensorflow. ${obstacle.message}`);
