import assert from "node:assert/strict";
import { ExitCode, UserError } from "../../base/errors.ts";
import { ensureTensorflow } from "../../toolchain/tensorflow.ts";
import { changedBinding, THREADS_VARIABLE } from "../../toolchain/tensorflow_binding.ts";
import { libraryIn, waysToFetch } from "../../toolchain/tensorflow_library.ts";
import {
  readTensorflow,
  recordFile,
  tensorflowPlace,
  type TensorflowRecord,
} from "../../toolchain/tensorflow_place.ts";

async function folderWith(...files: string[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (const file of files) {
    await Deno.mkdir(`${folder}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${file}`, "");
  }
  return folder;
}

const record: TensorflowRecord = {
  version: "2.21.0",
  source: "here",
  cuda: false,
  request: "r",
  package: "package",
  binding: "binding/tfjs_binding.node",
};

Deno.test("libraryIn() takes the layouts of the archive and of the Python package", async () => {
  const archive = await folderWith(
    "lib/libtensorflow.so.2",
    "lib/libtensorflow_framework.so.2",
    "include/tensorflow/c/c_api.h",
  );
  const fromArchive = await libraryIn(archive, "a");
  assert.equal(fromArchive.folder, `${archive}/lib`);
  assert.deepEqual(fromArchive.names, ["libtensorflow.so.2", "libtensorflow_framework.so.2"]);
  const python = await folderWith(
    "libtensorflow_cc.so.2",
    "libtensorflow_framework.so.2",
    "include/tensorflow/c/c_api.h",
  );
  const fromPython = await libraryIn(python, "p");
  assert.equal(fromPython.folder, python);
  assert.deepEqual(fromPython.names, ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]);
});

for (
  const [what, files] of [
    ["nothing", []],
    ["libraries without headers", ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]],
    ["one of two libraries", ["libtensorflow_cc.so.2", "include/tensorflow/c/c_api.h"]],
  ] as const
) {
  Deno.test(`ensureTensorflow() refuses a folder with ${what}, and leaves what was there`, async () => {
    const root = await Deno.makeTempDir();
    const place = tensorflowPlace(root);
    await Deno.mkdir(`${place}/binding`, { recursive: true });
    await Deno.writeTextFile(`${place}/${record.binding}`, "");
    await Deno.writeTextFile(recordFile(place), JSON.stringify(record));
    const given = await folderWith(...files);
    await assert.rejects(ensureTensorflow({ root, given }), (error: UserError) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exitCode, ExitCode.toolchain);
      assert.ok(error.message.includes(given));
      return true;
    });
    assert.deepEqual(await readTensorflow(place), record);
  });
}

Deno.test("readTensorflow() takes nothing half-done for a whole setup", async () => {
  const place = await Deno.makeTempDir();
  assert.equal(await readTensorflow(place), undefined);
  for (const text of ["", "{", "{}", JSON.stringify(record)]) {
    await Deno.writeTextFile(recordFile(place), text);
    assert.equal(await readTensorflow(place), undefined, `taken: ${text}`);
  }
  await Deno.mkdir(`${place}/binding`);
  await Deno.writeTextFile(`${place}/${record.binding}`, "");
  assert.deepEqual(await readTensorflow(place), record);
});

Deno.test("waysToFetch() ends with the package's own download, each with what to type", async () => {
  for (const gpu of [false, true]) {
    const ways = await waysToFetch(gpu);
    assert.match(ways.at(-1)!.name, /archive of libtensorflow/);
    for (const { byHand } of ways) assert.match(byHand, /TENSORFLOW_DIR=.*setup --tensorflow/);
    assert.equal(ways.some(({ name }) => name.includes("tensorflow-cpu")), !gpu && ways.length > 1);
  }
});

Deno.test("changedBinding() changes each place once, and refuses a source that lacks one", () => {
  const source = `
static std::set<std::string> ATTR_NAME_SET;
  TFE_ContextOptions *tfe_options = TFE_NewContextOptions();
      std::string str_value;
      nstatus = GetStringParam(env, js_value, str_value);
      TF_DataType tf_data_type;
      nstatus = napi_get_value_int32(`;
  const changed = changedBinding("tfjs_backend.cc", source);
  for (
    const call of [
      "thread_local",
      THREADS_VARIABLE,
      "TFE_ContextOptionsSetConfig",
      "TFE_OpSetAttrStringList",
      "TFE_OpSetAttrTypeList",
    ]
  ) assert.equal(changed.split(call).length, 2, call);
  assert.equal(changedBinding("utils.h", source), source);
  for (const line of source.trim().split("\n")) {
    const torn = source.replace(line, "");
    assert.throws(() => changedBinding("tfjs_backend.cc", torn), RangeError, line);
  }
  assert.throws(() => changedBinding("tfjs_backend.cc", source + source), RangeError);
});
