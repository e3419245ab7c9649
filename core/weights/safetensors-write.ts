import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { problem } from '../errors.js';
import type { NamedArray } from './safetensors.js';

/**
 * Writes float32 tensors as a safetensors file, in the order given, through a temporary file beside it.
 * @throws PalimpsestError OUTPUT_WRITE, TENSOR_INVALID
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedArray[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const header = headerBytes(tensors, metadata);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await writeAll(file, header);
      for (const { values } of tensors) await writeAll(file, bytesOf(values));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw problem('OUTPUT_WRITE', { where: path, got: error instanceof Error ? error.message : String(error) });
  }
}

/** Length, JSON and blanks up to a multiple of 8 bytes. */
function headerBytes(tensors: readonly NamedArray[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const { name, shape, values } of tensors) {
    const count = shape.reduce((product, length) => product * length, 1);
    if (count !== values.length || name in header) {
      const got = `${values.length} values${name in header ? ', a second time' : ''}`;
      throw problem('TENSOR_INVALID', { where: name, expected: `[${shape.join(', ')}]`, got });
    }
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(32);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(json, 8);
  return bytes;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, Math.min(bytes.length - done, 2 ** 30))).bytesWritten;
  }
}
