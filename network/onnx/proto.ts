/** The ONNX file format: what this project reads and writes of `onnx.proto`, by its field numbers. */
import protobuf from "protobufjs";

/** Fields of other numbers are skipped when read. */
const SCHEMA = `
  syntax = "proto2";
  message AttributeProto {
    optional string name = 1;
    optional float f = 2;
    optional int64 i = 3;
    optional bytes s = 4;
    optional TensorProto t = 5;
    repeated float floats = 7;
    repeated int64 ints = 8;
    optional int32 type = 20;
  }
  message NodeProto {
    repeated string input = 1;
    repeated string output = 2;
    optional string name = 3;
    optional string op_type = 4;
    repeated AttributeProto attribute = 5;
    optional string domain = 7;
  }
  message TensorProto {
    repeated int64 dims = 1;
    optional int32 data_type = 2;
    repeated float float_data = 4 [packed = true];
    repeated int32 int32_data = 5 [packed = true];
    repeated int64 int64_data = 7 [packed = true];
    optional string name = 8;
    optional bytes raw_data = 9;
    repeated double double_data = 10 [packed = true];
    optional int32 data_location = 14;
  }
  message Dimension {
    optional int64 dim_value = 1;
    optional string dim_param = 2;
  }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TensorTypeProto {
    optional int32 elem_type = 1;
    optional TensorShapeProto shape = 2;
  }
  message TypeProto { optional TensorTypeProto tensor_type = 1; }
  message ValueInfoProto {
    optional string name = 1;
    optional TypeProto type = 2;
  }
  message GraphProto {
    repeated NodeProto node = 1;
    optional string name = 2;
    repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11;
    repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto {
    optional string domain = 1;
    optional int64 version = 2;
  }
  message ModelProto {
    optional int64 ir_version = 1;
    optional string producer_name = 2;
    optional string producer_version = 3;
    optional GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8;
  }
`;

/** A 64-bit integer as the decoder gives it. */
export type Int64 = number | { toNumber(): number };

export interface AttributeProto {
  name: string;
  f: number;
  i: Int64;
  s: Uint8Array;
  t: TensorProto | null;
  floats: number[];
  ints: Int64[];
}

export interface NodeProto {
  input: string[];
  output: string[];
  name: string;
  op_type: string;
  attribute: AttributeProto[];
  domain: string;
}

export interface TensorProto {
  dims: Int64[];
  data_type: number;
  float_data: number[];
  int32_data: number[];
  int64_data: Int64[];
  double_data: number[];
  raw_data: Uint8Array;
  name: string;
  /** 1 where the numbers lie in another file. */
  data_location: number;
}

export interface ValueInfoProto {
  name: string;
  type: {
    tensor_type: {
      elem_type: number;
      shape: { dim: { dim_value: Int64; dim_param: string }[] } | null;
    } | null;
  } | null;
}

export interface GraphProto {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
}

export interface ModelProto {
  ir_version: Int64;
  producer_name: string;
  graph: GraphProto | null;
  opset_import: { domain: string; version: Int64 }[];
}

/** `TensorProto.DataType`. */
export const DataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  double: 11,
} as const;

/** `AttributeProto.AttributeType`. */
export const AttributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

const { root } = protobuf.parse(SCHEMA, { keepCase: true });
const model = root.lookupType("ModelProto");

/** @throws Error where the bytes are no such message */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return model.decode(bytes) as unknown as ModelProto;
}

/** Equal values give equal bytes: fields are written in the order of the schema. */
export function encodeModel(value: object): Uint8Array {
  return model.encode(model.fromObject(value)).finish();
}

/** @throws RangeError where it is no exact double */
export function toNumber(value: Int64): number {
  const number = typeof value === "number" ? value : value.toNumber();
  if (!Number.isSafeInteger(number)) throw new RangeError(`${number} is no exact integer`);
  return number;
}
