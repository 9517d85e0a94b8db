/** Constants of an ONNX file as plain arrays. */
import { DataType, type Int64, type TensorProto, toNumber } from "./proto.ts";

/** A constant: its numbers in C order, as doubles (every float32 and every index is one exactly). */
export interface Constant {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

/** Numbers that one constant may hold; a board's whole NVM has fewer. */
const ELEMENTS_MAX = 2 ** 26;

interface Typed {
  readonly bytes: number;
  read(view: DataView, at: number): number;
  /** The field that holds the numbers where `raw_data` does not. */
  field(tensor: TensorProto): readonly Int64[];
}

const typed: Record<number, Typed> = {
  [DataType.float]: {
    bytes: 4,
    read: (view, at) => view.getFloat32(at, true),
    field: ({ float_data }) => float_data,
  },
  [DataType.double]: {
    bytes: 8,
    read: (view, at) => view.getFloat64(at, true),
    field: ({ double_data }) => double_data,
  },
  [DataType.int32]: {
    bytes: 4,
    read: (view, at) => view.getInt32(at, true),
    field: ({ int32_data }) => int32_data,
  },
  [DataType.int64]: {
    bytes: 8,
    read: (view, at) => Number(view.getBigInt64(at, true)),
    field: ({ int64_data }) => int64_data,
  },
  [DataType.uint8]: {
    bytes: 1,
    read: (view, at) => view.getUint8(at),
    field: ({ int32_data }) => int32_data,
  },
  [DataType.int8]: {
    bytes: 1,
    read: (view, at) => view.getInt8(at),
    field: ({ int32_data }) => int32_data,
  },
};

/** @throws RangeError that says what is wrong with the tensor */
export function readTensor(tensor: TensorProto): Constant {
  const dims = tensor.dims.map(toNumber);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (dims.some((dim) => dim < 0) || !(size <= ELEMENTS_MAX)) {
    throw new RangeError(`has dimensions [${dims}], at most ${ELEMENTS_MAX} elements are read`);
  }
  const type = typed[tensor.data_type];
  if (type === undefined) {
    throw new RangeError(
      `has data type ${tensor.data_type}, known are float, double, int32, int64, uint8 and int8`,
    );
  }
  if (tensor.data_location === 1) throw new RangeError("keeps its numbers in another file");
  const { raw_data: raw } = tensor;
  if (raw.length === 0) {
    const values = type.field(tensor);
    if (values.length !== size) {
      throw new RangeError(`holds ${values.length} numbers, its dimensions [${dims}] say ${size}`);
    }
    return {
      dims,
      data: Float64Array.from(values, (v) => typeof v === "number" ? v : +toNumber(v)),
    };
  }
  if (raw.length !== size * type.bytes) {
    throw new RangeError(
      `holds ${raw.length} bytes, its dimensions [${dims}] say ${size * type.bytes}`,
    );
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return {
    dims,
    data: Float64Array.from({ length: size }, (_, i) => type.read(view, i * type.bytes)),
  };
}
