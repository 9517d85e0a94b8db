import assert from "node:assert/strict";
import fc from "fast-check";
import { ExitCode, UserError } from "../../base/errors.ts";
import { parseIntegers, parseNumberTable } from "../../datasets/number_table.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function refused(text: string, columns: number, wanted: RegExp, line?: number) {
  assert.throws(() => parseNumberTable(bytes(text), "f.txt", columns), (error) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, ExitCode.data);
    assert.match(error.message, wanted);
    assert.equal(error.problems[0]!.location?.file, "f.txt");
    if (line !== undefined) assert.equal(error.problems[0]!.location?.line, line);
    return true;
  });
}

const decimal = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }).map(String),
  fc.double({ noNaN: true, min: -100, max: 100 }).map((v) => v.toExponential(7)),
  fc.double({ noNaN: true, min: -100, max: 100 }).map((v) => v.toFixed(6)),
  fc.tuple(fc.stringMatching(/^[+-]?[0-9]{1,25}\.[0-9]{0,25}$/), fc.integer({ min: -9, max: 9 }))
    .map(([mantissa, power]) => `${mantissa}e${power < 0 ? "-" : "+"}00${Math.abs(power)}`),
);

/** Half-way between two neighbouring 32-bit floats: the last bit of a double decides the rounding. */
const halfway = fc.tuple(
  fc.integer({ min: 2 ** 23, max: 2 ** 24 - 1 }),
  fc.integer({ min: 8, max: 16 }),
)
  .map(([mantissa, shift]) => ((mantissa + 0.5) / 2 ** shift).toFixed(17).replace(/0+$/, ""));

Deno.test("parseNumberTable() rounds once, to the nearest float", () => {
  fc.assert(
    fc.property(halfway, (text) => {
      const { values } = parseNumberTable(bytes(`${text}\n`), "f.txt", 1);
      assert.equal(values[0], Math.fround(Number(text)));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseNumberTable() equals Math.fround(Number(text)) for every way to write a number", () => {
  const table = fc.integer({ min: 1, max: 5 }).chain((columns) =>
    fc.array(fc.array(decimal, { minLength: columns, maxLength: columns }), {
      minLength: 1,
      maxLength: 8,
    })
  );
  const gaps = fc.constantFrom(" ", "  ", "\t");
  fc.assert(
    fc.property(
      table,
      gaps,
      fc.constantFrom("\n", "\r\n"),
      fc.boolean(),
      (rows, gap, end, lead) => {
        const text = rows.map((row) => (lead ? gap : "") + row.join(gap) + end).join("");
        const { rows: count, values } = parseNumberTable(bytes(text), "f.txt", rows[0]!.length);
        assert.equal(count, rows.length);
        assert.deepEqual([...values], rows.flat().map((word) => Math.fround(Number(word))));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("parseNumberTable() parses or refuses any bytes, and never fails otherwise", () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.stringMatching(/^[0-9eE+\-. \n\r\tNaInf]{0,60}\n?$/).map(bytes),
  );
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 3 }), (content, columns) => {
      try {
        const { rows, values } = parseNumberTable(content, "f.txt", columns);
        assert.equal(values.length, rows * columns);
        assert.ok(values.every(Number.isFinite));
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("parseNumberTable() names the line and the count of a row that is cut or too long", () => {
  refused("1 2 3\n4 5\n7 8 9\n", 3, /has 2 values[\s\S]*expected: "?3 values/, 2);
  refused("1 2 3\n4 5 6 7\n", 3, /has 4 values/, 2);
  refused("1 2 3\n\n4 5 6\n", 3, /has 0 values/, 2);
});

Deno.test("parseNumberTable() refuses a file that was cut inside a line", () => {
  refused("1 2 3\n4 5 6", 3, /cut/);
  refused("", 3, /empty/);
});

Deno.test("parseNumberTable() names the line and the word that is no number", () => {
  for (
    const word of ["abc", "nan", "Infinity", "0x10", "1e", "1e+", "--1", ".", "1.2.3", "1,5", "-"]
  ) {
    refused(`1 2\n3 ${word}\n`, 2, /value 2 is not a number/, 2);
  }
  refused("1 1e39\n", 2, /too large/, 1);
  refused("<html>\n", 1, /not a number/, 1);
});

Deno.test("parseNumberTable() says which file expects another number of lines", () => {
  assert.throws(
    () => parseNumberTable(bytes("1\n2\n"), "f.txt", 1, { count: 3, said_by: "y.txt" }),
    /has 2 lines[\s\S]*3 lines, as y\.txt says/,
  );
});

Deno.test("parseIntegers() refuses fractions and numbers out of range", () => {
  const range = { low: 1, high: 6 };
  assert.deepEqual([...parseIntegers(bytes("1\n6\n"), "y.txt", range)], [1, 6]);
  for (const word of ["0", "7", "1.5", "-1"]) {
    assert.throws(() => parseIntegers(bytes(`1\n${word}\n`), "y.txt", range), /y\.txt:2/);
  }
});
