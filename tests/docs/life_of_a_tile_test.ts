import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../cli/root.ts";
import { sourceFiles } from "../../toolchain/tree.ts";

const PAGE = "docs/life-of-a-tile.md";

/** Words in backticks; prose's `code` and loops' letters are no names. */
function namesIn(page: string): string[] {
  const names = [...page.matchAll(/`([^`\s]+)`/g)].map(([, name]) => name!);
  return [...new Set(names)].filter((name) => name !== "code");
}

/** Names that no source has; a name with a slash or a suffix is a file. */
function unknown(names: readonly string[], files: ReadonlySet<string>, words: ReadonlySet<string>) {
  return names.filter((name) => !(/[/.]/.test(name) ? files.has(name) : words.has(name)));
}

async function sources(): Promise<{ files: Set<string>; words: Set<string> }> {
  const files = await sourceFiles(ROOT);
  const words = new Set<string>();
  for (const file of files) {
    if (
      !/^(runtime-c\/(core|kernels|ports|apps)|native|stages|network|cli)\/.*\.(c|h|cpp|ts)$/.test(
        file,
      )
    ) {
      continue;
    }
    const text = await Deno.readTextFile(join(ROOT, file));
    for (const [word] of text.matchAll(/\w+/g)) words.add(word);
  }
  return { files: new Set(files), words };
}

Deno.test("the life of a tile names only what exists", async () => {
  const page = await Deno.readTextFile(join(ROOT, PAGE));
  const names = namesIn(page);
  const { files, words } = await sources();
  assert.ok(names.length > 40, `${names.length} names`);
  assert.deepEqual(unknown(names, files, words), []);
});

Deno.test("a name that is gone from the sources is noticed", async () => {
  const { files, words } = await sources();
  const gone = ["bo_tile_" + "of_yesterday", "native/src/no_such.cpp"];
  assert.deepEqual(unknown(gone, files, words), gone);
});
