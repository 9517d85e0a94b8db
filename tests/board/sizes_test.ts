/** The table of code sizes and stacks in runtime-c/README.md is what is linked and simulated today. */
import assert from "node:assert/strict";
import { measureSizes, readSizeTable, sizeTable } from "../../bench/runtime_sizes.ts";
import { ROOT } from "../dump/support.ts";

/** A compiler's patch release moves some instructions; anything more is written anew. */
const PROGRAM = 0.03, STACK_BYTES = 32;

Deno.test("runtime-c/README.md states code size and stack of every board and scheme", async () => {
  const stated = readSizeTable(await Deno.readTextFile(`${ROOT}runtime-c/README.md`));
  const measured = await measureSizes();
  assert.deepEqual(readSizeTable(sizeTable(measured)), measured);
  assert.equal(stated.length, measured.length, "a row per board and scheme");
  for (const [i, { board, scheme, ...now }] of measured.entries()) {
    const said = stated[i]!;
    const help = "deno run -A bench/runtime_sizes.ts prints the table";
    assert.deepEqual([said.board, said.scheme], [board, scheme], help);
    const program = Math.abs(said.program_bytes - now.program_bytes) / now.program_bytes;
    assert.ok(program <= PROGRAM, `${board} ${scheme}: program ${now.program_bytes}; ${help}`);
    const stack = Math.abs(said.stack_bytes - now.stack_bytes);
    assert.ok(stack <= STACK_BYTES, `${board} ${scheme}: stack ${now.stack_bytes}; ${help}`);
    assert.equal(said.stack_reserved_bytes, now.stack_reserved_bytes);
    assert.ok(now.stack_bytes + STACK_BYTES <= now.stack_reserved_bytes, `${board} ${scheme}`);
  }
});
