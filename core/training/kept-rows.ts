import { NumberFile } from './number-file.js';

/** How much may be kept, in bytes. */
export interface KeepBounds {
  readonly memory: number;
  /** In a file, beyond the memory; 0 for none. */
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
 * Numbers by key: the first ones in memory, those beyond its bound in a file, and none beyond the bound of the file. A checkpoint
 * brings into the file what is in memory only, so the file has at most the bytes of both bounds. It only grows, so that what a
 * checkpoint knows of it stays true.
 */
export class KeptRows {
  private readonly held = new Map<string, Held>();
  private readonly file?: NumberFile;
  private inMemory = 0;
  private spilt = 0;
  /** Whether a checkpoint relies on the file. */
  private pledged = false;

  /** @param file absolute; without one nothing goes to disk */
  constructor(
    private readonly bounds: KeepBounds,
    file?: string,
  ) {
    this.file = file === undefined ? undefined : new NumberFile(file);
  }

  has(key: string): boolean {
    return this.held.has(key);
  }

  get(key: string): Float32Array | undefined {
    const held = this.held.get(key);
    return held && (held.values ?? this.file?.read(held.position as number, held.count));
  }

  /** Keeps a copy, unless it is there already or there is no room. @throws PalimpsestError OUTPUT_WRITE */
  put(key: string, values: Float32Array): void {
    if (this.held.has(key)) return;
    if (this.fits(values.byteLength)) this.held.set(key, { count: values.length, values: values.slice() });
    else if (this.file && this.spilt + values.byteLength <= this.bounds.disk) {
      this.spilt += values.byteLength;
      this.held.set(key, { count: values.length, position: this.file.append(values) });
    }
  }

  /** Brings everything into the file and tells where it stands there. @throws PalimpsestError OUTPUT_WRITE */
  flush(): KeptEntry[] {
    const { file } = this;
    if (!file) return [];
    this.pledged ||= this.held.size > 0;
    const entries = [...this.held].map(([key, held]): KeptEntry => {
      held.position ??= file.append(held.values as Float32Array);
      return [key, held.position, held.count];
    });
    file.sync();
    return entries;
  }

  /** Goes on from what `flush` told. @throws PalimpsestError CHECKPOINT_INVALID where the file has not all of it */
  restore(entries: readonly KeptEntry[]): void {
    const { file } = this;
    if (!file || entries.length === 0) return;
    this.pledged = true;
    const bytes = (count: number) => count * Float32Array.BYTES_PER_ELEMENT;
    file.goOnFrom(Math.max(...entries.map(([, position, count]) => position + bytes(count))));
    for (const [key, position, count] of entries) {
      const values = this.fits(bytes(count)) ? file.read(position, count) : undefined;
      if (!values) this.spilt += bytes(count);
      this.held.set(key, { count, position, values });
    }
  }

  /** Frees everything; the file stays only where a checkpoint relies on it. */
  dispose(): void {
    this.held.clear();
    if (this.pledged) this.file?.close();
    else this.file?.remove();
  }

  /** Whether so many bytes have room in memory, which they take. */
  private fits(bytes: number): boolean {
    if (this.inMemory + bytes > this.bounds.memory) return false;
    this.inMemory += bytes;
    return true;
  }
}
