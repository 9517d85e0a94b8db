/** A search in a process of its own, to be killed: says `trial` after each one that is recorded. */
import { canonicalJson, writeWhole } from "../../base/files.ts";
import { parameters, runSearch } from "./fixture.ts";

const [folder, workDir, result] = Deno.args as [string, string, string];
const { trials } = await runSearch({
  folder,
  workDir,
  params: parameters({ trials: 6, epochs: 40 }),
  threads: 2,
  onTrial: () => console.log("trial"),
});
await writeWhole(result, canonicalJson(trials));
