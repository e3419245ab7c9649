import type { BlockFormat } from './format.js';

/** Value of an IEEE 754 binary16 given by its 16 bits. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let table: Float32Array | undefined;

/** Every binary16 value by its bits [65536]. */
export function halfTable(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  return table;
}

export const F16: BlockFormat = {
  name: 'F16',
  values: 1,
  bytes: 2,
  decode(bytes, out) {
    const half = halfTable();
    for (let i = 0; i < out.length; i++) out[i] = half[bytes[2 * i] | (bytes[2 * i + 1] << 8)];
  },
};

/** The upper half of a float32. */
export const BF16: BlockFormat = {
  name: 'BF16',
  values: 1,
  bytes: 2,
  decode(bytes, out) {
    const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let i = 0; i < out.length; i++) words[i] = ((bytes[2 * i] << 16) | (bytes[2 * i + 1] << 24)) >>> 0;
  },
};

/** Little-endian float32, copied. */
export const F32: BlockFormat = {
  name: 'F32',
  values: 1,
  bytes: 4,
  decode(bytes, out) {
    new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes.subarray(0, out.byteLength));
  },
};
