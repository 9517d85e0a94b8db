/** A node's attributes by name, with ONNX' defaults left to the caller. */
import { type AttributeProto, type NodeProto, toNumber } from "./proto.ts";
import { type Constant, readTensor } from "./tensor.ts";

export class Attributes {
  readonly #byName: Map<string, AttributeProto>;

  constructor({ attribute }: NodeProto) {
    this.#byName = new Map(attribute.map((one) => [one.name, one]));
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  int(name: string, absent: number): number {
    const found = this.#byName.get(name);
    return found === undefined ? absent : toNumber(found.i);
  }

  float(name: string, absent: number): number {
    return this.#byName.get(name)?.f ?? absent;
  }

  ints(name: string): number[] | undefined {
    return this.#byName.get(name)?.ints.map(toNumber);
  }

  text(name: string, absent: string): string {
    const found = this.#byName.get(name);
    return found === undefined ? absent : new TextDecoder().decode(found.s);
  }

  /** Of a Constant node: its value, whichever attribute holds it. */
  constant(): Constant | undefined {
    const tensor = this.#byName.get("value")?.t;
    if (tensor != null) return readTensor(tensor);
    for (const [name, attribute] of this.#byName) {
      switch (name) {
        case "value_int":
          return { dims: [], data: Float64Array.of(toNumber(attribute.i)) };
        case "value_float":
          return { dims: [], data: Float64Array.of(attribute.f) };
        case "value_ints":
          return {
            dims: [attribute.ints.length],
            data: Float64Array.from(attribute.ints, toNumber),
          };
        case "value_floats":
          return { dims: [attribute.floats.length], data: Float64Array.from(attribute.floats) };
      }
    }
    return undefined;
  }
}
