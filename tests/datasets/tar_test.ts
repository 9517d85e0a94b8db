import fc from "fast-check";
import assert from "node:assert/strict";
import { createTarDecoder } from "modern-tar";
import { tarFiles, tarSource } from "../../datasets/tar.ts";
import { type Files, inTemporaryFolder } from "./har_layout.ts";
import { refused, tar, tarGz, text } from "./tools.ts";

const CONTENT: Files = new Map([
  ["./set/a.txt", text("first")],
  ["./set/b.bin", new Uint8Array(5000).map((_, i) => i)],
  ["empty", new Uint8Array(0)],
]);

async function contents(path: string): Promise<Record<string, string>> {
  const source = await tarSource(path);
  const found: Record<string, string> = {};
  for (const name of await source.list()) {
    found[name] = new TextDecoder("latin1").decode(await source.read(name));
  }
  return found;
}

Deno.test("tarSource() reads plain and gzipped archives alike, without leading ./", () =>
  inTemporaryFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.tar`, await tar(CONTENT));
    await Deno.writeFile(`${folder}/a.tar.gz`, await tarGz(CONTENT));
    const plain = await contents(`${folder}/a.tar`);
    assert.deepEqual(Object.keys(plain), ["empty", "set/a.txt", "set/b.bin"]);
    assert.equal(plain["set/a.txt"], "first");
    assert.equal(plain["set/b.bin"]!.length, 5000);
    assert.deepEqual(await contents(`${folder}/a.tar.gz`), plain);
  }));

Deno.test("tarFiles() refuses names that point outside of the archive", () =>
  inTemporaryFolder(async (folder) => {
    for (const name of ["../evil", "set/../../evil", "/etc/evil", "set\\..\\evil"]) {
      const bytes = await tar(new Map([["good", text("1")], [name, text("2")]]));
      // The archive itself does say so: the writer has not mended the name.
      const names: string[] = [];
      const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
      for await (const { header, body } of stream.pipeThrough(createTarDecoder())) {
        names.push(header.name);
        await body.cancel();
      }
      if (!names.includes(name)) continue;
      await Deno.writeFile(`${folder}/a.tar`, bytes);
      await refused(() => tarSource(`${folder}/a.tar`), /points outside of the archive/, /evil/);
    }
    for await (const entry of Deno.readDir(folder)) assert.equal(entry.name, "a.tar");
  }));

Deno.test("tarFiles() leaves links out", () =>
  inTemporaryFolder(async (folder) => {
    const link = {
      header: { name: "link", size: 0, type: "symlink" as const, linkname: "/etc/passwd" },
    };
    await Deno.writeFile(`${folder}/a.tar`, await tar(CONTENT, [link]));
    assert.ok(!Object.hasOwn(await contents(`${folder}/a.tar`), "link"));
  }));

Deno.test("tarSource() names an archive that was cut, wherever", () =>
  inTemporaryFolder(async (folder) => {
    const [plain, gz] = [await tar(CONTENT), await tarGz(CONTENT)];
    for (
      const [bytes, ends] of [[plain, [0, 100, 512, 700, 1024, 3000]], [gz, [1, 20, 60]]] as const
    ) {
      for (const end of ends) {
        await Deno.writeFile(`${folder}/cut`, bytes.subarray(0, end));
        await refused(() => tarSource(`${folder}/cut`), /cut(!.*)?: /);
      }
    }
    await Deno.writeFile(`${folder}/cut`, gz.subarray(0, gz.length - 4));
    await refused(() => tarSource(`${folder}/cut`), /cut(!.*)?: /);
  }));

Deno.test("tarSource() reads or refuses any bytes", () =>
  inTemporaryFolder(async (folder) => {
    const whole = await tar(CONTENT);
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
        .map((edits) => {
          const bytes = whole.slice();
          for (const [at, value] of edits) bytes[at] = value;
          return bytes;
        }),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (bytes) => {
        await Deno.writeFile(`${folder}/hostile`, bytes);
        try {
          await tarSource(`${folder}/hostile`);
        } catch (error) {
          await refused(() => Promise.reject(error), /hostile/);
        }
      }),
      { numRuns: 150 },
    );
  }));

Deno.test("tarFiles() can be left before its end", () =>
  inTemporaryFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.tar.gz`, await tarGz(CONTENT));
    for await (const file of tarFiles(`${folder}/a.tar.gz`)) {
      assert.equal(file.name, "set/a.txt");
      break;
    }
  }));
