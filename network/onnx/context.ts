/** What the operators of a graph work with: values by name, and the network that grows. */
import { UserError } from "../../base/errors.ts";
import type { FloatConstants } from "../float_constants.ts";
import type { Layer, Padding, Shape } from "../network.ts";
import { Attributes } from "./attributes.ts";
import type { NetworkBuilder } from "./builder.ts";
import { dimsOf, type Layout, tidy } from "./layout.ts";
import type { NodeProto } from "./proto.ts";
import { nodeTitle, type Reason, refuse } from "./refusal.ts";
import type { Constant } from "./tensor.ts";

/** A layer's map as a node sees it. */
export interface MapValue {
  readonly kind: "map";
  /** -1: the network's input. */
  readonly layer: number;
  readonly layout: Layout;
  /** Zeros that a Pad put around it; a conv or pool takes them over. */
  readonly padding?: Padding;
}

export type Value = MapValue | { readonly kind: "constant"; readonly constant: Constant };

/** One node while it is read. */
export class NodeContext {
  readonly attributes: Attributes;
  readonly #title: string;

  constructor(
    readonly file: string,
    readonly node: NodeProto,
    index: number,
    readonly builder: NetworkBuilder,
    readonly values: ReadonlyMap<string, Value>,
    /** Whether the node gives the graph's output. */
    readonly last: boolean,
    /** What the names of all nodes begin with: left out of layer names. */
    readonly prefix: string,
  ) {
    this.attributes = new Attributes(node);
    this.#title = nodeTitle(node, index);
  }

  refuse(message: string, reason: Reason = {}): never {
    return refuse(this.file, this.#title, message, reason);
  }

  /** @throws UserError where the node has no such input */
  value(position: number): Value {
    const name = this.node.input[position];
    if (name === undefined || name === "") this.refuse(`has no input ${position}`);
    const value = this.values.get(name);
    if (value === undefined) {
      this.refuse("reads a value that no earlier node gives", { value: name });
    }
    return value;
  }

  has(position: number): boolean {
    return (this.node.input[position] ?? "") !== "";
  }

  /** A map without zeros around it. */
  map(position: number): MapValue {
    const value = this.paddedMap(position);
    if (value.padding !== undefined) {
      this.refuse("reads a padded map; only Conv, MaxPool and AveragePool may");
    }
    return value;
  }

  paddedMap(position: number): MapValue {
    const value = this.value(position);
    if (value.kind !== "map") this.refuse(`input ${position} must depend on the network's input`);
    return value;
  }

  constant(position: number): Constant {
    const value = this.value(position);
    if (value.kind !== "constant") {
      this.refuse(`input ${position} must be a constant`, { value: this.node.input[position] });
    }
    return value.constant;
  }

  shapeOf({ layer }: MapValue): Shape {
    return this.builder.shapeOf(layer);
  }

  /** Sizes of a map's dimensions, the batch's first, as 1. */
  dims(map: MapValue): number[] {
    return dimsOf(map.layout, this.shapeOf(map));
  }

  /** Adds a layer; its map in this layout, without axes of size 1. */
  add(
    inputs: readonly MapValue[],
    layer: Partial<Layer> & Pick<Layer, "type">,
    layout: Layout,
    constants?: FloatConstants,
  ): MapValue {
    const name = this.node.name.slice(this.prefix.length) ||
      `${this.node.op_type}_${this.builder.layers.length}`;
    try {
      const index = this.builder.add(name, inputs.map((map) => map.layer), layer, constants);
      return { kind: "map", layer: index, layout: tidy(layout, this.builder.shapeOf(index)) };
    } catch (error) {
      if (error instanceof RangeError) this.refuse(error.message);
      if (!(error instanceof UserError)) throw error;
      const { message, value, expected } = error.problems[0]!;
      this.refuse(message, { value, ...(expected === undefined ? {} : { expected }) });
    }
  }

  /** The position of an axis counted from the end where it is negative. */
  axis(axis: number, rank: number): number {
    const position = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(position) || position < 0 || position >= rank) {
      this.refuse("has an axis outside of its input", { value: axis, expected: `below ${rank}` });
    }
    return position;
  }

  /** Axes, of an attribute in old operator sets, of an input in new ones; undefined where absent. */
  axes(position: number, rank: number): number[] | undefined {
    const axes = this.attributes.ints("axes") ??
      (this.has(position) ? [...this.constant(position).data] : undefined);
    return axes?.map((axis) => this.axis(axis, rank));
  }
}

export type Operator = (context: NodeContext) => Value;
