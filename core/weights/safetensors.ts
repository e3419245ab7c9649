import { problem } from '../errors.js';
import type { BlockFormat } from './formats/format.js';
import { BF16, F16, F32 } from './formats/half.js';
import { readHeader } from './safetensors-header.js';
import type { TensorInfo } from './source.js';
import { TensorFile } from './tensor-file.js';

const readable: Readonly<Record<string, BlockFormat>> = { F32, F16, BF16 };

/** A float32 tensor on the host. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

/** An open safetensors file; tensors are read one at a time. */
export interface SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Values of an F32, F16 or BF16 tensor; the array belongs to the caller. @throws PalimpsestError TENSOR_INVALID, MODEL_FILE */
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** @throws PalimpsestError MODEL_FILE */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await TensorFile.open(path);
  try {
    const { metadata, tensors } = await readHeader(file);
    const read = async (name: string) => {
      const tensor = tensors.get(name);
      if (!tensor) throw problem('TENSOR_INVALID', { where: path, expected: `tensor ${name}`, got: 'none' });
      const format = readable[tensor.type];
      if (format) return file.values(tensor.position, tensor.count, format);
      const expected = Object.keys(readable).join(', ');
      throw problem('TENSOR_INVALID', { where: `${path}: ${name}`, expected, got: tensor.type });
    };
    return { path, metadata, tensors, read, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads every tensor of a small file. @throws PalimpsestError TENSOR_INVALID, MODEL_FILE */
export async function readSafetensors(
  path: string,
): Promise<{ metadata: Readonly<Record<string, string>>; tensors: ReadonlyMap<string, NamedArray> }> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, NamedArray>();
    for (const { name, shape } of file.tensors.values()) {
      tensors.set(name, { name, shape, values: await file.read(name) });
    }
    return { metadata: file.metadata, tensors };
  } finally {
    await file.close();
  }
}
