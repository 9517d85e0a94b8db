import { conform } from "./conformance.ts";

conform("wasm");
