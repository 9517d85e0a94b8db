import { conform } from "./conformance.ts";

for (const test of conform("wasm")) Deno.test(test);
