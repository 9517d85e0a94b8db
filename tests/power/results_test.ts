import assert from "node:assert/strict";
import { replaceSection } from "../../bench/results.ts";

Deno.test("replaceSection() puts a section where it was, or at the end, and leaves the others", () => {
  const one = replaceSection("# Results\n", "## Power\n\nold\n");
  assert.equal(one, "# Results\n\n## Power\n\nold\n");
  const two = replaceSection(one, "## Power of two\n\nother\n");
  const three = replaceSection(two, "## Power\n\nnew\n");
  assert.equal(three, "# Results\n\n## Power\n\nnew\n\n## Power of two\n\nother\n");
  assert.equal(replaceSection(three, "## Power\n\nnew\n"), three);
});
