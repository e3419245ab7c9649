/** A metadata value with GGUF's number of its type. */
export type GgufValue =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly u64: number }
  | { readonly text: string }
  | { readonly texts: readonly string[] };

export interface GgufTensor {
  readonly name: string;
  /** Hugging Face's order: rows first. */
  readonly shape: readonly number[];
  /** ggml's number of the type: 0 F32, 1 F16, 3 Q4_1. */
  readonly type: number;
  readonly data: Uint8Array;
}

/** F32 tensor of these values. */
export function f32(name: string, shape: readonly number[], values: readonly number[]): GgufTensor {
  return { name, shape, type: 0, data: new Uint8Array(Float32Array.from(values).buffer) };
}

/** A GGUF file of version 3, little-endian, aligned to 32 bytes. */
export function ggufFile(metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Buffer {
  let end = 0;
  const infos = tensors.map(({ name, shape, type, data }) => {
    const offset = end;
    end += padded(data.length);
    return Buffer.concat([text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(type), u64(offset)]);
  });
  const values = Object.entries(metadata).map(([key, value]) => Buffer.concat([text(key), valueBytes(value)]));
  const start = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(values.length)];
  return Buffer.concat([Buffer.concat([...start, ...values, ...infos]), ...tensors.map(({ data }) => data)].map(pad));
}

function valueBytes(value: GgufValue): Buffer {
  if ('u32' in value) return Buffer.concat([u32(4), u32(value.u32)]);
  if ('u64' in value) return Buffer.concat([u32(10), u64(value.u64)]);
  if ('text' in value) return Buffer.concat([u32(8), text(value.text)]);
  if ('texts' in value) return Buffer.concat([u32(9), u32(8), u64(value.texts.length), ...value.texts.map(text)]);
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value.f32);
  return Buffer.concat([u32(6), bytes]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / 32) * 32;
}

function pad(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes], padded(bytes.length));
}
