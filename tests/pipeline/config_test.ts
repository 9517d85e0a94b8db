import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../base/errors.ts";
import { type Configuration, loadConfiguration } from "../../pipeline/config.ts";
import { optionOverride, parseSet } from "../../pipeline/overrides.ts";
import { rigRegistry, YAML } from "./rig.ts";

const registry = rigRegistry("/nowhere");

function load(text: string, ...sets: string[]): Configuration {
  return loadConfiguration(text, "pipeline.yaml", registry, sets.map(parseSet));
}

/** The refusal, one entry per problem: `place: message`, details after it. */
function refusal(text: string, ...sets: string[]): UserError {
  try {
    load(text, ...sets);
  } catch (error) {
    assert.ok(error instanceof UserError, `not the user's mistake: ${error}`);
    return error;
  }
  assert.fail("was accepted");
}

function parametersOf(configuration: Configuration, stage: string): Record<string, unknown> {
  const node = configuration.stages.find(({ name }) => name === stage)!;
  return node.parameters as Record<string, unknown>;
}

function edit(from: string, to: string): string {
  assert.ok(YAML.includes(from), from);
  return YAML.replace(from, () => to);
}

Deno.test("loadConfiguration() interpolates, keeps types and orders stages by need", () => {
  const { stages, dataset, params } = load(YAML);
  assert.deepEqual(stages.map(({ name }) => name), ["one", "two", "three", "four"]);
  assert.equal(dataset, "plain");
  assert.deepEqual(params, { dataset: "plain", seed: 7, data_dir: null });
  const configuration = load(edit("text: seed ${params.seed}", "steps: ${params.seed}"));
  assert.equal(parametersOf(configuration, "one")["steps"], 7);
  assert.deepEqual(
    parametersOf(configuration, "two")["platforms"],
    [{ profile: "small-board", capacitance_F: 0.005 }, {
      profile: "big-board",
      capacitance_F: 0.01,
    }],
  );
  assert.equal(parametersOf(load(edit("seed ${", "$${x} ${")), "one")["text"], "${x} 7");
});

Deno.test("loadConfiguration() applies the preset of the data set below what --set says", () => {
  const chosen = load(YAML, "params.dataset=other");
  assert.equal(parametersOf(chosen, "one")["text"], "other");
  assert.equal(chosen.dataset, "other");
  const both = load(YAML, "params.dataset=other", "one.text=mine");
  assert.equal(parametersOf(both, "one")["text"], "mine");
  assert.deepEqual(both.overridden, ["--set params.dataset=other", "--set one.text=mine"]);
});

Deno.test("loadConfiguration() lets a preset choose boards of its own, and --set change one of them", () => {
  const text = edit(
    "    one: { text: other }",
    "    one: { text: other }\n    platforms: [{ profile: third-board, capacitance_F: 0.02 }]",
  );
  const platformsOf = (...sets: string[]) =>
    parametersOf(load(text, "params.dataset=other", ...sets), "four")["platforms"];
  assert.deepEqual(platformsOf(), [{ profile: "third-board", capacitance_F: 0.02 }]);
  assert.deepEqual(platformsOf("platforms.third-board.capacitance_F=0.5"), [{
    profile: "third-board",
    capacitance_F: 0.5,
  }]);
  assert.equal((parametersOf(load(text), "four")["platforms"] as unknown[]).length, 2);
});

Deno.test("loadConfiguration() sets one key of one platform for every stage that refers to it", () => {
  const configuration = load(YAML, "platforms.big-board.capacitance_F=0.2");
  for (const stage of ["two", "four"]) {
    assert.deepEqual(
      parametersOf(configuration, stage)["platforms"],
      [{ profile: "small-board", capacitance_F: 0.005 }, {
        profile: "big-board",
        capacitance_F: 0.2,
      }],
    );
  }
});

/** What is written wrong, and what the refusal has to say. */
const MISTAKES: readonly [name: string, text: string, sets: string[], expected: RegExp[]][] = [
  ["unknown key", edit("      text: seed", "      txt: seed"), [], [
    /^pipeline\.yaml:17:7: unknown key "txt"/m,
    /field: {4}one\.txt/,
    /did you mean: text/,
  ]],
  ["unknown top-level key", edit("platforms:\n", "platform:\n"), [], [
    /^pipeline\.yaml:6:1: unknown key "platform"/m,
    /did you mean: platforms/,
  ]],
  ["unknown key of a stage", edit("    needs: [one]\n", "    need: [one]\n"), [], [
    /^pipeline\.yaml:19:5: unknown key "need"/m,
    /did you mean: needs/,
    /two lacks its input "one"/,
  ]],
  ["wrong type", edit("text: seed ${params.seed}", "steps: many"), [], [
    /^pipeline\.yaml:17:14: .*expected number/m,
    /field: {4}one\.steps/,
    /value: {4}"many"/,
    /expected: number/,
  ]],
  ["wrong choice", edit("text: seed ${params.seed}", "trouble: spinn"), [], [
    /^pipeline\.yaml:17:16: /m,
    /expected: one of none, deaf, spin/,
    /did you mean: spin/,
  ]],
  ["missing key in a section", edit("    capacitance_F: 0.01\n", ""), [], [
    /^pipeline\.yaml:9:5: is missing/m,
    /field: {4}platforms\.1\.capacitance_F/,
  ]],
  ["cycle", edit("  one:\n    with:", "  one:\n    needs: [four]\n    with:"), [], [
    /^pipeline\.yaml:\d+:\d+: stages need each other in a circle: one -> four -> one/m,
    /one -> four -> two -> one/,
  ]],
  ["stage that needs itself", edit("needs: [two]", "needs: [two, three]"), [], [
    /^pipeline\.yaml:24:18: .*circle: three -> three/m,
  ]],
  ["unknown need", edit("needs: [two]", "needs: [twoo]"), [], [
    /^pipeline\.yaml:24:13: there is no stage "twoo"/m,
    /did you mean: two/,
  ]],
  ["missing input", edit("needs: [two]", "needs: []"), [], [
    /^pipeline\.yaml:24:12: three lacks its input "two"/m,
    /expected: two among its needs/,
  ]],
  ["unknown kind", edit("  three:\n", "  three:\n    uses: thre\n"), [], [
    /^pipeline\.yaml:24:11: there is no stage of kind "thre"/m,
    /did you mean: three/,
  ]],
  ["need twice", edit("needs: [two]", "needs: [two, two]"), [], [
    /^pipeline\.yaml:24:18: "two" stands twice/m,
  ]],
  ["unknown reference", edit("${params.seed}", "${params.sede}"), [], [
    /^pipeline\.yaml:17:13: unknown reference "\$\{params\.sede\}"/m,
    /did you mean: \$\{params\.seed\}/,
  ]],
  ["reference to a list in a text", edit("seed ${params.seed}", "x ${platforms}"), [], [
    /^pipeline\.yaml:17:13: .*cannot stand inside a text/m,
  ]],
  ["open reference", edit("${params.seed}", "${params.seed"), [], [/is not closed/]],
  ["reference in a parameter", edit("seed: 7", "seed: ${params.x}"), [], [
    /^pipeline\.yaml:4:9: a parameter cannot refer/m,
  ]],
  ["mistake in a preset that is not chosen", edit("{ text: other }", "{ text: 5 }"), [], [
    /^pipeline\.yaml:13:18: .*expected string/m,
  ]],
  ["preset of no stage", edit("    one: { text", "    on: { text"), [], [
    /^pipeline\.yaml:13:5: there is no stage or section "on"/m,
    /did you mean: one/,
  ]],
  ["wrong version", edit("version: 1", "version: 2"), [], [/^pipeline\.yaml:1:10: /m]],
  [
    "boards of a preset that are none",
    edit("    one: { text: other }", "    platforms: [{ profil: x }]"),
    [],
    [/^pipeline\.yaml:13:\d+: unknown key "profil"/m],
  ],
  ["no stages", "version: 1\nparams: {dataset: a}\n", [], [/stages/]],
  ["not YAML", "version: [1\n", [], [/^pipeline\.yaml:\d+:\d+: is not YAML/m]],
  ["key twice", edit("  seed: 7", "  seed: 7\n  seed: 8"), [], [
    /^pipeline\.yaml:5:3: key stands twice/m,
  ]],
  ["not finite", edit("seed: 7", "seed: .inf"), [], [/^pipeline\.yaml:4:9: is not a finite/m]],
  ["empty file", "", [], [/pipeline\.yaml:1:1/]],
  ["data set that names no folder", edit("dataset: plain", "dataset: ../x"), [], [
    /^pipeline\.yaml:3:12: cannot name a folder/m,
  ]],
  ["--set of no stage", YAML, ["tow.steps=1"], [
    /^--set tow\.steps=1: nothing is called "tow"/m,
    /did you mean: two/,
  ]],
  ["--set of no key", YAML, ["two.stpes=1"], [
    /^--set two\.stpes=1: unknown key "stpes"/m,
    /did you mean: steps/,
  ]],
  ["--set of a wrong type", YAML, ["two.steps=few"], [
    /^--set two\.steps=few: /m,
    /value: {4}"few"/,
    /expected: number/,
  ]],
  ["--set of no platform", YAML, ["platforms.smal-board.capacitance_F=1"], [
    /^--set platforms\.smal-board\.capacitance_F=1: platforms has no item "smal-board"/m,
    /did you mean: small-board/,
  ]],
  ["--set of no key of a platform", YAML, ["platforms.small-board.capacitance=1"], [
    /^--set platforms\.small-board\.capacitance=1: unknown key "capacitance"/m,
    /did you mean: capacitance_F/,
  ]],
  ["--set below a reference", YAML, ["two.platforms.small-board.capacitance_F=1"], [
    /two\.platforms is "\$\{platforms\}"/,
    /--set platforms\.KEY=VALUE/,
  ]],
  ["--set of no parameter", YAML, ["params.sede=1"], [
    /^--set params\.sede=1: there is no parameter "sede"/m,
    /did you mean: seed/,
  ]],
];

for (const [name, text, sets, expected] of MISTAKES) {
  Deno.test(`loadConfiguration() refuses: ${name}`, () => {
    const { message } = refusal(text, ...sets);
    for (const pattern of expected) assert.match(message, pattern);
  });
}

Deno.test("loadConfiguration() reports several problems at once", () => {
  const text = edit("text: seed", "txt: seed").replace("needs: [two]", "needs: [twoo]")
    .replace("dataset: plain", "dataset: 5");
  const { problems } = refusal(text, "four.steps=x", "thre.steps=1");
  const messages = problems.map(({ message }) => message).join("\n");
  for (const part of ["folder", '"txt"', '"twoo"', "expected number", '"thre"']) {
    assert.ok(messages.includes(part), `${part} in:\n${messages}`);
  }
});

Deno.test("loadConfiguration() reports a mistake in a shared section once, where it is written", () => {
  const { problems } = refusal(edit("capacitance_F: 0.01", "capacitance_F: small"));
  assert.equal(problems.length, 1);
  assert.deepEqual(problems[0]!.location, { file: "pipeline.yaml", line: 10, column: 20 });
});

Deno.test("loadConfiguration() leaves out an environment variable that the file has no use for", () => {
  const text = edit("  data_dir: null\n", "");
  const override = optionOverride("BROWNOUT_DATA_DIR=/x", ["params", "data_dir"], "/x");
  const loaded = loadConfiguration(text, "p", registry, [{ ...override, optional: true }]);
  assert.deepEqual(loaded.overridden, []);
  assert.throws(() => loadConfiguration(text, "p", registry, [override]), UserError);
});

Deno.test("parseSet() refuses what is not NAME.KEY=VALUE", () => {
  for (const text of ["", "=", "a", "a=1", "a.=1", ".a=1", "a.b", "a.b=[1", "a.b=.nan"]) {
    assert.throws(() => parseSet(text), UserError, text);
  }
  assert.deepEqual(parseSet("a.b=").node.kind, "scalar");
  assert.equal(parseSet("a.b=x=y").path.join(), "a,b");
});

/** Whatever the file holds, the answer is a configuration or a refusal with a place. */
function neverBreaks(text: string): void {
  try {
    load(text);
  } catch (error) {
    assert.ok(error instanceof UserError, `${(error as Error).stack}\nfor ${JSON.stringify(text)}`);
    for (const { location } of error.problems) assert.ok(location, error.message);
  }
}

Deno.test("loadConfiguration() never breaks on random bytes", () => {
  const decoder = new TextDecoder();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => neverBreaks(decoder.decode(bytes))),
    { numRuns: 300 },
  );
});

Deno.test("loadConfiguration() never breaks on a mutated file", () => {
  const pieces = [
    "\n",
    "  ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "<<: ",
    "? ",
    "!!binary ",
    "${",
    "}",
    "'",
    '"',
    "__proto__: 1",
    "|",
    "0x",
    "~",
    ".nan",
    "%YAML 1.1\n---\n",
    "---\n",
    "\u0000",
    "\ud800",
    "constructor",
    "!!set ",
    "2001-01-01",
  ];
  const mutation = fc.tuple(
    fc.nat(YAML.length),
    fc.nat(12),
    fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6 })),
  );
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      let text = YAML;
      for (const [at, cut, piece] of mutations) {
        text = text.slice(0, at) + piece + text.slice(at + cut);
      }
      neverBreaks(text);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("loadConfiguration() survives nesting and aliases meant to exhaust it", () => {
  neverBreaks("[".repeat(100_000));
  neverBreaks("version: 1\nparams: " + "{a: ".repeat(5000) + "1" + "}".repeat(5000));
  const bomb = ["a0: &a0 [x, x]"];
  for (let i = 1; i < 40; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`);
  neverBreaks(bomb.join("\n"));
  neverBreaks("version: &a [*a]\n");
});
