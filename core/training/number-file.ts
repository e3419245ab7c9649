import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { problem } from '../errors.js';

/** A file of float32 numbers that only grows; made when there is something to write. */
export class NumberFile {
  /** Bytes in use; what lies behind them is written over. */
  private end = 0;
  private descriptor?: number;

  /** @param file absolute */
  constructor(private readonly file: string) {}

  /** Adds values at the end; gives their first byte. @throws PalimpsestError OUTPUT_WRITE */
  append(values: Float32Array): number {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const position = this.end;
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.open(), bytes, done, bytes.length - done, position + done);
      }
    } catch (error) {
      throw problem('OUTPUT_WRITE', { where: this.file, got: (error as Error).message });
    }
    this.end += bytes.length;
    return position;
  }

  /** @param position first byte @throws PalimpsestError CHECKPOINT_INVALID where the file ends before */
  read(position: number, count: number): Float32Array {
    const values = new Float32Array(count);
    const bytes = new Uint8Array(values.buffer);
    for (let done = 0; done < bytes.length; ) {
      const got = readSync(this.open(), bytes, done, bytes.length - done, position + done);
      if (got === 0) throw this.tooShort(position + bytes.length, position + done);
      done += got;
    }
    return values;
  }

  /** Goes on behind the first `end` bytes; anything later is cut off. @throws PalimpsestError CHECKPOINT_INVALID where there are fewer */
  goOnFrom(end: number): void {
    const size = existsSync(this.file) ? fstatSync(this.open()).size : 0;
    if (size < end) throw this.tooShort(end, size);
    ftruncateSync(this.open(), end);
    this.end = end;
  }

  /** Brings what was added to the disk. */
  sync(): void {
    if (this.descriptor !== undefined) fsyncSync(this.descriptor);
  }

  close(): void {
    if (this.descriptor === undefined) return;
    closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  remove(): void {
    this.close();
    rmSync(this.file, { force: true });
  }

  private open(): number {
    if (this.descriptor === undefined) {
      mkdirSync(path.dirname(this.file), { recursive: true });
      this.descriptor = openSync(this.file, existsSync(this.file) ? 'r+' : 'w+');
    }
    return this.descriptor;
  }

  private tooShort(expected: number, got: number): Error {
    return problem('CHECKPOINT_INVALID', {
      where: this.file,
      expected: `${expected} bytes of kept passes`,
      got: String(got),
    });
  }
}
