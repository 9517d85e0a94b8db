import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ExitCode, UserError } from "../../base/errors.ts";
import type { OfficialFile } from "../../datasets/dataset.ts";
import { download } from "../../datasets/download.ts";
import { inTemporaryFolder } from "./har_layout.ts";

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251);
const sha256 = createHash("sha256").update(content).digest("hex");

interface Server {
  readonly file: OfficialFile;
  /** `range` headers, in the order asked; null where none was sent. */
  readonly asked: (string | null)[];
}

/** Serves by `answer` while `body` runs. */
async function served(
  answer: (range: string | null, request: number) => Response,
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const asked: (string | null)[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    asked.push(request.headers.get("range"));
    return answer(request.headers.get("range"), asked.length);
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}/set.zip`;
    await body({
      file: { name: "set.zip", url, checksum: { algorithm: "sha256", hex: sha256 } },
      asked,
    });
  } finally {
    await server.shutdown();
  }
}

function ranged(range: string | null, bytes: Uint8Array<ArrayBuffer> = content): Response {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  return new Response(bytes.subarray(start), { status: range === null ? 200 : 206 });
}

function options(help = "name a folder", signal = new AbortController().signal) {
  const fractions: number[] = [];
  const progress = {
    update: (_: string, fraction?: number) => void fractions.push(fraction ?? -1),
    note() {},
    warn() {},
  };
  return { progress, signal, help, fractions, pause_ms: 0 };
}

Deno.test("download() brings a file with progress, and asks no more when it is there", () =>
  inTemporaryFolder((folder) =>
    served((range) => ranged(range), async ({ file, asked }) => {
      const path = `${folder}/sub/set.zip`;
      const told = options();
      await download(file, path, told);
      assert.deepEqual(await Deno.readFile(path), content);
      assert.equal(told.fractions.at(-1), 1);
      await download(file, path, options());
      assert.deepEqual(asked, [null]);
    })
  ));

Deno.test("download() goes on where it was cut", () =>
  inTemporaryFolder((folder) =>
    served((range) => ranged(range), async ({ file, asked }) => {
      await Deno.writeFile(`${folder}/set.zip.part`, content.subarray(0, 123_456));
      await download(file, `${folder}/set.zip`, options());
      assert.deepEqual(await Deno.readFile(`${folder}/set.zip`), content);
      assert.deepEqual(asked, ["bytes=123456-"]);
    })
  ));

Deno.test("download() starts over where the part is of another file", () =>
  inTemporaryFolder((folder) =>
    served((range) => ranged(range), async ({ file, asked }) => {
      await Deno.writeFile(`${folder}/set.zip.part`, new Uint8Array(1000));
      await download(file, `${folder}/set.zip`, options());
      assert.deepEqual(await Deno.readFile(`${folder}/set.zip`), content);
      assert.deepEqual(asked, ["bytes=1000-", null]);
    })
  ));

Deno.test("download() takes a server that knows no ranges, and a part that is whole", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/set.zip`;
    await served(() => ranged(null), async ({ file }) => {
      await Deno.writeFile(`${path}.part`, content.subarray(0, 10));
      await download(file, path, options());
      assert.deepEqual(await Deno.readFile(path), content);
    });
    await Deno.rename(path, `${path}.part`);
    await served(() => new Response(null, { status: 416 }), async ({ file }) => {
      await download(file, path, options());
      assert.deepEqual(await Deno.readFile(path), content);
    });
  }));

Deno.test("download() tries again after an error of the server", () =>
  inTemporaryFolder((folder) =>
    served(
      (range, request) => request < 3 ? new Response("busy", { status: 503 }) : ranged(range),
      async ({ file, asked }) => {
        await download(file, `${folder}/set.zip`, options());
        assert.equal(asked.length, 3);
      },
    )
  ));

Deno.test("download() checks by MD5 where no other checksum is published", () =>
  inTemporaryFolder((folder) =>
    served((range) => ranged(range), async ({ file }) => {
      const hex = createHash("md5").update(content).digest("hex");
      const known = { ...file, checksum: { algorithm: "md5" as const, hex } };
      await download(known, `${folder}/set.zip`, options());
      const wrong = { ...known, checksum: { algorithm: "md5" as const, hex: "0".repeat(32) } };
      await assert.rejects(
        download(wrong, `${folder}/other.zip`, options()),
        /not the file that was published[\s\S]*md5/,
      );
    })
  ));

Deno.test("download() never puts a wrong file in the place of what is there", () =>
  inTemporaryFolder((folder) =>
    served((range) => ranged(range, content.toReversed()), async ({ file }) => {
      const path = `${folder}/set.zip`;
      await Deno.writeTextFile(path, "something else");
      await assert.rejects(download(file, path, options()), (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.exitCode, ExitCode.data);
        assert.match(error.message, /not the file that was published/);
        assert.match(error.message, new RegExp(sha256));
        return true;
      });
      assert.equal(await Deno.readTextFile(path), "something else");
      const left = [...Deno.readDirSync(folder)].map((entry) => entry.name);
      assert.deepEqual(left, ["set.zip"]);
    })
  ));

Deno.test("download() says what to do without a network", () =>
  inTemporaryFolder(async (folder) => {
    // A port that was just given back: nothing listens there.
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const url = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/set.zip`;
    listener.close();
    const wanted = download(
      { name: "set.zip", url, checksum: { algorithm: "sha256", hex: sha256 } },
      `${folder}/set.zip`,
      options(),
    );
    await assert.rejects(wanted, (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /cannot be downloaded[\s\S]*name a folder/);
      return true;
    });
  }));

Deno.test("download() stops when it is aborted and keeps what it has", () =>
  inTemporaryFolder((folder) => {
    const controller = new AbortController();
    const endless = () =>
      new Response(
        new ReadableStream({
          async pull(stream) {
            stream.enqueue(content.subarray(0, 1000));
            await new Promise((resolve) => setTimeout(resolve, 1));
          },
        }),
      );
    return served(endless, async ({ file, asked }) => {
      const told = options("", controller.signal);
      let updates = 0;
      told.progress.update = () => {
        if (++updates === 5) controller.abort();
      };
      await assert.rejects(download(file, `${folder}/set.zip`, told), { name: "AbortError" });
      assert.equal(asked.length, 1);
      assert.ok((await Deno.stat(`${folder}/set.zip.part`)).size >= 4000);
    });
  }));
