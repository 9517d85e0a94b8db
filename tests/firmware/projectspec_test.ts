/** The project for Code Composer Studio: its files and options build what the Makefile builds. */
import assert from "node:assert/strict";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { join } from "node:path";
import { readBoards } from "../../stages/firmware/board.ts";
import { readDescription } from "../../stages/firmware/projectspec.ts";
import { firmware } from "../../stages/firmware/run.ts";
import { command } from "../dump/support.ts";
import { BOARDS, ROOT, runStage, writeArtifacts } from "./fixture.ts";

interface Project {
  name: string;
  device: string;
  toolChain: string;
  compilerBuildOptions: string;
  linkerBuildOptions: string;
  file: { path: string; targetDirectory: string; action: string; excludeFromBuild: string }[];
}

/** Copies the project's files as the studio does; gives what is to be compiled. */
async function imported(project: Project, from: string, to: string): Promise<string[]> {
  for (const { path, targetDirectory } of project.file) {
    await Deno.mkdir(join(to, targetDirectory), { recursive: true });
    await Deno.copyFile(join(from, path), join(to, path));
  }
  return project.file.filter(({ excludeFromBuild }) => excludeFromBuild === "false")
    .map(({ path }) => path);
}

/** Options of a compile line that matter to the code: neither paths nor names of files. */
function options(line: string): string[] {
  const words = line.split(/\s+/).filter((word) => /^-(?!I|c$|o$|ffile-prefix-map)/.test(word));
  return [...new Set(words)].sort();
}

Deno.test("firmware.run() writes a project whose files exist and whose options are the Makefile's", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeArtifacts(folder);
    const { artifact } = await runStage(firmware, folder);
    const boards = await readBoards(ROOT);
    for (const profile of BOARDS) {
      const at = join(artifact, profile);
      const text = await Deno.readTextFile(join(at, `${profile}.projectspec`));
      assert.equal(XMLValidator.validate(text), true);
      const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" });
      const project = parser.parse(text).projectSpec.project as Project;
      const { studio, name } = boards.find(({ platforms }) => platforms.includes(profile))!;
      assert.equal(project.device, studio.device);
      assert.equal(project.toolChain, "GNU");

      // What the Makefile's recipe would call.
      const recipe = [
        "-f",
        "src/runtime-c/build.mk",
        "DUMP=src/model",
        "OUT=build/firmware",
        "VECTORS=src/model/vectors.firmware.bin",
      ];
      const dry = await command("make", [
        ...["-n", "-B", "-C", at, ...recipe, `BOARD=${name}`, "firmware", `CC=${studio.compiler}`],
      ]);
      const lines = new TextDecoder().decode(dry).split("\n");
      const compiled = lines.filter((line) => /^\S+gcc .* -c \S+\.c -o /.test(line));
      const sources = compiled.map((line) => line.match(/-c (\S+) -o/)![1]!);
      const assembled = lines.flatMap((line) =>
        line.match(/^\S+gcc .* -c (\S+\.S) -o /)?.[1] ?? []
      );
      const project_at = join(folder, "studio", profile);
      const own = await imported(project, at, project_at);
      assert.deepEqual(own.sort(), [...sources, ...assembled].sort());
      for (const line of compiled) {
        assert.deepEqual(options(project.compilerBuildOptions), options(line), line);
      }

      // The other board's compiler need not be here.
      if (profile !== "msp432p401r-spi") continue;
      const rooted = (words: string) => words.replaceAll("${PROJECT_ROOT}", project_at).split(" ");
      const objects = [];
      for (const path of own) {
        const object = join(project_at, `${path}.o`);
        const flags = rooted(project.compilerBuildOptions);
        await command(studio.compiler, [...flags, "-c", join(project_at, path), "-o", object]);
        objects.push(object);
      }
      const elf = join(project_at, "brownout.elf");
      // Libraries stand behind what needs them, as in the studio.
      const link = rooted(project.linkerBuildOptions);
      const libraries = link.filter((word) => word.startsWith("-l"));
      const rest = link.filter((word) => !word.startsWith("-l"));
      await command(studio.compiler, [...rest, ...objects, ...libraries, "-o", elf]);
      const made = join(project_at, "brownout.bin"), wanted = join(project_at, "firmware.bin");
      await command("arm-none-eabi-objcopy", ["-O", "binary", elf, made]);
      const flashed = join(at, "firmware.elf");
      await command("arm-none-eabi-objcopy", ["-O", "binary", flashed, wanted]);
      const [bytes, flash] = [await Deno.readFile(made), await Deno.readFile(wanted)];
      // Objects come in another order: the same functions, vectors and image, elsewhere.
      assert.equal(bytes.length, flash.length);
      const image = await Deno.readFile(join(at, "src", "model", "nvm.bin"));
      assert.ok(bytes.toHex().includes(image.toHex()), "nvm.bin is in the program");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readDescription() takes each word once and refuses what it does not know", () => {
  const text = "source a.c\ncompile -O2\ncompile -O2\ninclude src\nscript x.ld\nlink -lgcc\n";
  assert.deepEqual(readDescription(text), {
    source: ["a.c"],
    compile: ["-O2"],
    include: ["src"],
    script: ["x.ld"],
    link: ["-lgcc"],
  });
  assert.throws(() => readDescription("make: *** no rule\n"), /make describe/);
  assert.throws(() => readDescription("compile -D x\n"), /make describe/);
});
