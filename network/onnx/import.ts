/**
 * An ONNX model as a network of ours with float weights.
 *
 * Read is what our layer types can say: Conv (depthwise too), Gemm, MatMul, pools, Add, Concat, ReLU,
 * constants per channel (BatchNormalization, bias, scaling) folded into weights, changes of layout that
 * move no element, a closing Softmax. Anything else is refused by operator and node.
 */
import { ExitCode, nearestName, UserError } from "../../base/errors.ts";
import type { FloatConstants } from "../float_constants.ts";
import type { Network, Shape } from "../network.ts";
import { NetworkBuilder } from "./builder.ts";
import { NodeContext, type Operator, type Value } from "./context.ts";
import { inputRoles } from "./input_roles.ts";
import { tidy } from "./layout.ts";
import { LAYOUT } from "./operators_layout.ts";
import { MAPS } from "./operators_maps.ts";
import { WEIGHTS } from "./operators_weights.ts";
import {
  DataType,
  decodeModel,
  type GraphProto,
  type ModelProto,
  toNumber,
  type ValueInfoProto,
} from "./proto.ts";
import { nodeTitle, refuse } from "./refusal.ts";
import { readTensor } from "./tensor.ts";

const operators: Record<string, Operator> = { ...WEIGHTS, ...MAPS, ...LAYOUT };

/** Before it, operands were broadcast by rules of their own. */
const OPSET_MIN = 7;

/** Operators that are read, sorted. */
export const ONNX_OPERATORS: readonly string[] = Object.keys(operators).sort();

export interface Imported {
  readonly network: Network;
  /** By layer name. */
  readonly constants: ReadonlyMap<string, FloatConstants>;
  /** What was left out or read in a certain way, for people. */
  readonly notes: readonly string[];
}

export interface ImportOptions {
  /** The file's name, for messages and for the network's. */
  readonly file: string;
  /** Shape of a sample of the data that the network is for; decides what the model leaves open. */
  readonly input?: Shape | undefined;
}

/** @throws UserError (exit code data) that names file, node and operator */
export function importOnnx(bytes: Uint8Array, options: ImportOptions): Imported {
  const { file } = options;
  const graph = graphOf(bytes, file);
  try {
    return new Importer(graph, options).run();
  } catch (error) {
    // Numbers that are no sizes: found by whoever first computes with them.
    if (error instanceof RangeError) refuse(file, "the graph", error.message);
    throw error;
  }
}

function graphOf(bytes: Uint8Array, file: string): GraphProto {
  let model: ModelProto;
  try {
    model = decodeModel(bytes);
  } catch (error) {
    throw new UserError({
      message: `is no ONNX model, or a cut or damaged one: ${(error as Error).message}`,
      location: { file },
    }, ExitCode.data);
  }
  if (model.graph === null || model.graph.node.length === 0) {
    throw new UserError({
      message: "is no ONNX model: it has no graph",
      location: { file },
      help: "An .onnx file is expected, e.g. of torch.onnx.export or tf2onnx.",
    }, ExitCode.data);
  }
  const { version } = model.opset_import.find(({ domain }) => domain === "") ?? {};
  if (version === undefined || toNumber(version) < OPSET_MIN) {
    throw new UserError({
      message: "is cut, or of an operator set that is not read",
      location: { file },
      field: "opset_import",
      value: version === undefined ? "none" : toNumber(version),
      expected: `${OPSET_MIN} or later of the standard operators`,
    }, ExitCode.data);
  }
  return model.graph;
}

class Importer {
  readonly #graph: GraphProto;
  readonly #file: string;
  readonly #wanted: Shape | undefined;
  readonly #values = new Map<string, Value>();
  readonly #readers = new Map<string, number>();
  readonly #notes: string[] = [];

  constructor(graph: GraphProto, { file, input }: ImportOptions) {
    this.#graph = graph;
    this.#file = file;
    this.#wanted = input;
    const names = [
      ...graph.node.flatMap(({ input }) => input),
      ...graph.output.map(({ name }) => name),
    ];
    for (const name of names) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
  }

  run(): Imported {
    this.#readConstants();
    const builder = this.#readInput();
    const output = this.#outputName();
    const prefix = commonFolder(this.#graph.node.map(({ name }) => name));
    this.#graph.node.forEach((node, index) => {
      const context = new NodeContext(
        this.#file,
        node,
        index,
        builder,
        this.#values,
        node.output.includes(output),
        prefix,
      );
      this.#note(context, index, this.#perform(context));
    });
    const value = this.#values.get(output);
    if (value?.kind !== "map" || value.layer < 0) {
      refuse(this.#file, `output "${output}"`, "does not depend on the input");
    }
    const { h, w, channels } = builder.shapeOf(value.layer);
    if (h * w !== 1 || value.padding !== undefined) {
      refuse(this.#file, `output "${output}"`, "is not one value per class", {
        value: [h, w, channels],
        expected: "[1, 1, classes]",
      });
    }
    return this.#finish(builder, value.layer);
  }

  #readConstants(): void {
    for (const tensor of this.#graph.initializer) {
      try {
        this.#values.set(tensor.name, { kind: "constant", constant: readTensor(tensor) });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        refuse(this.#file, `constant "${tensor.name}"`, error.message);
      }
    }
  }

  #readInput(): NetworkBuilder {
    const inputs = this.#graph.input.filter(({ name }) => !this.#values.has(name));
    if (inputs.length !== 1) {
      refuse(this.#file, "the graph", "must have one input", {
        value: inputs.map(({ name }) => name),
      });
    }
    const [input] = inputs as [ValueInfoProto];
    const where = `input "${input.name}"`;
    const tensor = input.type?.tensor_type;
    const dims = tensor?.shape?.dim;
    if (tensor == null || dims === undefined || tensor.elem_type !== DataType.float) {
      refuse(this.#file, where, "must be a tensor of float32 with a shape");
    }
    const sizes = dims.slice(1).map(({ dim_value }) => toNumber(dim_value));
    if (sizes.length < 1 || sizes.length > 3 || sizes.some((size) => size < 1)) {
      refuse(this.#file, where, "must be a batch of vectors, series or images of fixed size", {
        value: dims.map(({ dim_value, dim_param }) => dim_param || toNumber(dim_value)),
        expected: "[batch, channels, rows, columns] or fewer dimensions",
      });
    }
    const { shape, layout } = inputRoles(this.#graph, input.name, sizes, this.#wanted);
    const builder = new NetworkBuilder(shape);
    this.#values.set(input.name, { kind: "map", layer: -1, layout: tidy(layout, shape) });
    return builder;
  }

  #outputName(): string {
    const { output } = this.#graph;
    if (output.length !== 1) {
      refuse(this.#file, "the graph", "must have one output", {
        value: output.map(({ name }) => name),
      });
    }
    return output[0]!.name;
  }

  #perform(context: NodeContext): Value {
    const { op_type, domain } = context.node;
    const operator = Object.hasOwn(operators, op_type) ? operators[op_type] : undefined;
    if (operator === undefined || (domain !== "" && domain !== "ai.onnx")) {
      context.refuse(`operator ${domain === "" ? "" : `${domain}.`}${op_type} has no layer here`, {
        expected: ONNX_OPERATORS.join(", "),
        nearest: nearestName(op_type, ONNX_OPERATORS),
      });
    }
    return operator(context);
  }

  /** Makes a node's value known. */
  #note(context: NodeContext, index: number, value: Value): void {
    const { node } = context;
    const [name, ...others] = node.output;
    if (name === undefined) context.refuse("has no output");
    const read = others.find((other) => other !== "" && this.#readers.has(other));
    if (read !== undefined) context.refuse("gives a second output, which is read", { value: read });
    if (this.#values.has(name)) {
      context.refuse("gives a value that exists already", { value: name });
    }
    this.#values.set(name, value);
    if (value.kind === "map" && (this.#readers.get(name) ?? 0) > 1) {
      context.builder.share(value.layer);
    }
    if (node.op_type === "Softmax" || node.op_type === "LogSoftmax") {
      this.#notes.push(`${nodeTitle(node, index)} is left out: it does not change the class`);
    }
  }

  #finish(builder: NetworkBuilder, output: number): Imported {
    const name = this.#file.split(/[/\\]/).at(-1)!.replace(/\.onnx$/i, "") || "onnx";
    const built = builder.network(name, output);
    const network = this.#fitInput(built);
    const unread = builder.layers.length - network.layers.length;
    if (unread > 0) this.#notes.push(`${unread} layers that the output does not read are left out`);
    const constants = new Map(
      network.layers.flatMap((layer) => {
        const found = builder.constants.get(layer.name);
        return found === undefined ? [] : [[layer.name, found] as const];
      }),
    );
    for (const [layer, { weights, bias }] of constants) {
      if (![...weights, ...bias ?? []].every(Number.isFinite)) {
        refuse(this.#file, `layer ${layer}`, "has weights that are not finite");
      }
    }
    return { network, constants, notes: this.#notes };
  }

  /** Where only fc layers read the input, its elements may be given in any shape of the same order. */
  #fitInput(network: Network): Network {
    const wanted = this.#wanted;
    if (wanted === undefined) return network;
    const readers = network.layers.filter((layer) => layer.inputs!.includes("input"));
    const size = (shape: Shape) => shape.h * shape.w * shape.channels;
    const free = readers.every(({ type }) => type === "fc") && size(wanted) === size(network.input);
    return free ? { ...network, input: wanted } : network;
  }
}

/** The folders that all names (but empty ones) share: `model/` of `model/conv1/Conv` and `model/fc/Add`. */
function commonFolder(names: readonly string[]): string {
  const paths = names.filter((name) => name !== "").map((name) => name.split("/").slice(0, -1));
  const [first = []] = paths;
  const differs = first.findIndex((folder, i) => paths.some((path) => path[i] !== folder));
  const shared = differs < 0 ? first : first.slice(0, differs);
  return shared.map((folder) => `${folder}/`).join("");
}
