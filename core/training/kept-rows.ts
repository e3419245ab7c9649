import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { problem } from '../errors.js';

/** How much may be kept, in bytes. */
export interface KeepBounds {
  readonly memory: number;
  /** Beyond the memory; 0 for none. */
  readonly disk: number;
}

/** Where in the file an entry stands: its key, its first byte, and its number of values. */
export type KeptEntry = readonly [key: string, position: number, count: number];

interface Held {
  readonly count: number;
  values?: Float32Array;
  /** First byte in the file, once it is there. */
  position?: number;
}

/**
 * Numbers by key: the first ones in memory, those beyond its bound in a file, and none beyond the bound of the file. The
 * file only grows, so that what a checkpoint knows of it stays true.
 */
export class KeptRows {
  private readonly held = new Map<string, Held>();
  private inMemory = 0;
  private inFile = 0;
  private end = 0;
  private descriptor?: number;
  /** Whether a checkpoint relies on the file. */
  private pledged = false;

  /** @param file absolute; without one nothing goes to disk */
  constructor(
    private readonly bounds: KeepBounds,
    private readonly file?: string,
  ) {}

  has(key: string): boolean {
    return this.held.has(key);
  }

  get(key: string): Float32Array | undefined {
    const held = this.held.get(key);
    return held && (held.values ?? this.read(held));
  }

  /** Keeps a copy, unless it is there already or there is no room. */
  put(key: string, values: Float32Array): void {
    if (this.held.has(key)) return;
    if (this.inMemory + values.byteLength <= this.bounds.memory) {
      this.inMemory += values.byteLength;
      this.held.set(key, { count: values.length, values: values.slice() });
    } else if (this.file && this.inFile + values.byteLength <= this.bounds.disk) {
      this.inFile += values.byteLength;
      this.held.set(key, { count: values.length, position: this.append(values) });
    }
  }

  /** Brings everything into the file and tells where it stands there. */
  flush(): KeptEntry[] {
    if (!this.file) return [];
    this.pledged ||= this.held.size > 0;
    return [...this.held].map(([key, held]) => {
      held.position ??= this.append(held.values as Float32Array);
      return [key, held.position, held.count];
    });
  }

  /** Goes on from what `flush` told; anything later in the file is cut off. @throws PalimpsestError CHECKPOINT_INVALID */
  restore(entries: readonly KeptEntry[]): void {
    for (const [key, position, count] of entries) {
      const held: Held = { count, position };
      this.end = Math.max(this.end, position + count * Float32Array.BYTES_PER_ELEMENT);
      this.held.set(key, held);
      const bytes = count * Float32Array.BYTES_PER_ELEMENT;
      if (this.inMemory + bytes <= this.bounds.memory) {
        this.inMemory += bytes;
        held.values = this.read(held);
      } else this.inFile += bytes;
    }
    if (entries.length === 0) return;
    this.pledged = true;
    ftruncateSync(this.open(), this.end);
  }

  /** Frees everything; the file stays only where a checkpoint relies on it. */
  dispose(): void {
    this.held.clear();
    if (this.descriptor === undefined) return;
    closeSync(this.descriptor);
    this.descriptor = undefined;
    if (!this.pledged) rmSync(this.file as string, { force: true });
  }

  private read({ position, count }: Held): Float32Array {
    const values = new Float32Array(count);
    const bytes = new Uint8Array(values.buffer);
    for (let done = 0; done < bytes.length; ) {
      const got = readSync(this.open(), bytes, done, bytes.length - done, (position as number) + done);
      if (got === 0) {
        const expected = `${(position as number) + bytes.length} bytes of kept passes`;
        throw problem('CHECKPOINT_INVALID', { where: this.file, expected, got: `${(position as number) + done}` });
      }
      done += got;
    }
    return values;
  }

  private append(values: Float32Array): number {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const position = this.end;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.open(), bytes, done, bytes.length - done, position + done);
    }
    this.end += bytes.length;
    return position;
  }

  private open(): number {
    const file = this.file as string;
    if (this.descriptor === undefined) {
      mkdirSync(path.dirname(file), { recursive: true });
      this.descriptor = openSync(file, existsSync(file) ? 'r+' : 'w+');
    }
    return this.descriptor;
  }
}
