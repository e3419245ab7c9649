import { type FileHandle, open } from 'node:fs/promises';
import { type PalimpsestError, problem } from '../errors.js';
import type { BlockFormat } from './formats/format.js';

/** Bytes decoded at a time; a block of every format fits. */
const chunkBytes = 16 * 2 ** 20;

/** A file read at positions, so that its size does not matter. */
export class TensorFile {
  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    /** In bytes. */
    readonly size: number,
  ) {}

  /** @throws PalimpsestError MODEL_FILE */
  static async open(path: string): Promise<TensorFile> {
    const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      throw damaged(path, 'a file that can be read', error.code ?? error.message);
    });
    const info = await handle.stat();
    if (info.isFile()) return new TensorFile(path, handle, info.size);
    await handle.close();
    throw damaged(path, 'a file', 'something else');
  }

  /** @throws PalimpsestError MODEL_FILE where the file ends before `length` bytes are read */
  async bytes(position: number, length: number): Promise<Uint8Array> {
    const target = new Uint8Array(length);
    await this.fill(target, position);
    return target;
  }

  /** Decodes `count` values stored at a byte position. @throws PalimpsestError MODEL_FILE */
  async values(position: number, count: number, format: BlockFormat): Promise<Float32Array> {
    const out = new Float32Array(count);
    const blocks = Math.max(1, Math.floor(chunkBytes / format.bytes));
    const step = blocks * format.values;
    const buffer = new Uint8Array(Math.min(blocks, Math.ceil(count / format.values)) * format.bytes);
    for (let done = 0; done < count; done += step) {
      const part = out.subarray(done, Math.min(done + step, count));
      const bytes = buffer.subarray(0, (part.length / format.values) * format.bytes);
      await this.fill(bytes, position + (done / format.values) * format.bytes);
      format.decode(bytes, part);
    }
    return out;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async fill(target: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await this.handle.read(target, done, target.length - done, position + done);
      if (bytesRead === 0) {
        throw damaged(this.path, `${position + target.length} bytes`, `a file that ends at ${position + done}`);
      }
      done += bytesRead;
    }
  }
}

/** MODEL_FILE at a path, or at a tensor of it. */
export function damaged(where: string, expected: string, got: string): PalimpsestError {
  return problem('MODEL_FILE', { where, expected, got });
}
