/** The search stage where the user brings the network: is it right for the data, can every board run it. */
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import { writeJson } from "../../base/files.ts";
import { ArchitectureArtifact } from "../../network/artifacts/architecture.ts";
import type { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import type { ExploreRequest } from "../../network/explore.ts";
import { explorePrepared, prepareRequest } from "../../native/mod.ts";
import { advise } from "../../native/advice.ts";
import type { Network } from "../../network/network.ts";
import type { PlatformChoice } from "../../network/platform.ts";
import type { StageContext } from "../../pipeline/stage.ts";
import { toTensors } from "../../training/backward.ts";
import { readSplit } from "../../training/data.ts";
import { evaluate } from "../../training/evaluate.ts";
import { buildGraph } from "../../training/forward.ts";
import { fromConstants, writeParameters } from "../../training/parameters.ts";
import { readImported } from "./imported.ts";
import type { SearchParameters } from "./schema.ts";

/**
 * Writes `architecture.json` and the weights.
 * @param ask the question to the explorer, as for searched networks
 * @throws UserError where the model does not fit the data (exit code 3) or a board (5)
 */
export async function takeImported(
  context: StageContext<SearchParameters>,
  dataset: DatasetArtifact,
  ask: (network: Network, platform: PlatformChoice) => ExploreRequest,
): Promise<void> {
  const { params, artifactDir, progress, signal, threads, root } = context;
  const { network, constants, notes, sha256 } = await readImported(
    root,
    params.onnx!,
    dataset.input,
  );
  const file = params.onnx!.split(/[/\\]/).at(-1)!;
  for (const note of notes) progress.note(`${file}: ${note}`);
  const parameters = fromConstants(network, constants);
  const graph = buildGraph(network, parameters);
  const classes = graph.layers.at(-1)!.output.channels;
  if (classes !== dataset.classes.length) {
    throw new UserError({
      message: `${file} tells ${classes} classes apart, the data set has ${dataset.classes.length}`,
      field: "search.onnx",
      value: params.onnx,
      expected: `${dataset.classes.length} classes: ${dataset.classes.join(", ")}`,
    }, ExitCode.data);
  }

  progress.update(`asking the explorer about ${network.name}`);
  const prepared: Awaited<ReturnType<typeof prepareRequest>>[] = [];
  for (const platform of params.platforms) {
    prepared.push(await prepareRequest(ask(network, platform), root));
  }
  const answers = await explorePrepared(prepared, { signal, threads, root });
  const problems: Problem[] = answers.flatMap((answer, i) =>
    answer.feasible ? [] : [{
      message: `${network.name} has no safe design on ${params.platforms[i]!.profile}`,
      field: `platforms.${params.platforms[i]!.profile}`,
      help: advise(answer, prepared[i]!.platform, params.scheme).join("\n  "),
    }]
  );
  if (problems.length > 0) throw new UserError(problems, ExitCode.infeasible);

  progress.update(`scoring ${network.name} on the validation split`);
  const tensors = toTensors(parameters);
  const val = await readSplit(context.input("dataset"), "val", dataset.input);
  const { accuracy } = await evaluate(graph, tensors, val, signal);
  for (const tensor of tensors) tensor.dispose();
  await writeParameters(artifactDir, parameters);
  await writeJson(`${artifactDir}/architecture.json`, ArchitectureArtifact, {
    network,
    classes: dataset.classes,
    rule: `brought by the user: ${file}`,
    trial: 0,
    val_accuracy: accuracy,
    platform: params.platforms[0]!.profile,
    latency_s: answers[0]!.latency_s!,
    requirement_s: null,
    scheme: params.scheme,
    imported: { file, sha256, notes: [...notes] },
  });
}
