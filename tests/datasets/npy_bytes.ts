/** `.npy` files as NumPy writes them, for tests. */
function npy(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  let header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  header = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + "\n";
  const bytes = new Uint8Array(10 + header.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(data, 10 + header.length);
  return bytes;
}

const raw = (data: ArrayBufferView) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

export const npyBytes = {
  any: npy,
  floats: (data: Float32Array, shape: readonly number[]) => npy("<f4", shape, raw(data)),
  doubles: (data: Float64Array, shape: readonly number[]) => npy("<f8", shape, raw(data)),
  bytes: (data: Uint8Array, shape: readonly number[]) => npy("|u1", shape, data),
  longs: (data: BigInt64Array, shape: readonly number[]) => npy("<i8", shape, raw(data)),
  texts(texts: readonly string[]): Uint8Array {
    const width = Math.max(1, ...texts.map((text) => text.length));
    const codes = new Uint32Array(width * texts.length);
    texts.forEach((text, i) => {
      for (let k = 0; k < text.length; k++) codes[i * width + k] = text.charCodeAt(k);
    });
    return npy(`<U${width}`, [texts.length], raw(codes));
  },
};
