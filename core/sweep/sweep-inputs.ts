import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Composition } from '../container/compose.js';
import type { DataFile } from '../contracts/benchmark.js';
import { problem } from '../errors.js';
import { hashesOf, modelHashes } from '../run/environment.js';
import { namedFiles } from '../run/named-files.js';
import type { ModelFiles } from '../weights/model-files.js';

/** What a run's inputs.json holds. */
export interface RecordedInputs {
  readonly model: { readonly sha256: Hashes };
  readonly data: readonly DataFile[];
  readonly files: Readonly<Record<string, { readonly sha256: Hashes }>>;
}

/** SHA-256 by the name of a file. */
type Hashes = Readonly<Record<string, string>>;

interface HashedFile {
  readonly name: string;
  readonly sha256: string;
}

/** What there is now of the files that a cell is to read. */
export interface PresentInputs {
  readonly data?: readonly DataFile[];
  readonly model?: ModelFiles;
}

/**
 * What the cells of a sweep have read, by what their configs call it: a model, a benchmark, a file. Cells whose configs call it
 * alike must have read the same, wherever they ran.
 */
export class SweepInputs {
  private readonly known = new Map<string, { readonly files: readonly HashedFile[]; readonly cell: string }>();
  /** Models and named files that have been read. */
  private readonly compared = new Set<string>();

  /** Takes all that a cell that is over has read, or nothing. @throws PalimpsestError INPUTS_CHANGED where an earlier one read something else */
  take(cell: string, plugins: Composition, { model, data, files }: RecordedInputs): void {
    const read: [string, readonly HashedFile[]][] = [
      [modelKey(plugins), listed(model.sha256)],
      [benchmarkKey(plugins), hashed(data)],
    ];
    for (const { place, file } of namedFiles(plugins)) {
      const recorded = files[place.join('.')];
      if (recorded) read.push([file, listed(recorded.sha256)]);
    }
    for (const [key, files] of read) this.assertSame(key, files, cell);
    for (const [key, files] of read) this.keep(key, files, cell);
  }

  /**
   * Holds what there is now, for a cell that is to be run, against what others have read, and keeps it for those to come. Models and named
   * files are read once, a model only where there is something to hold it against. @throws PalimpsestError INPUTS_CHANGED
   */
  async compare(cell: string, plugins: Composition, { data, model }: PresentInputs): Promise<void> {
    if (data) this.hold(benchmarkKey(plugins), hashed(data), cell);
    for (const { file } of namedFiles(plugins)) {
      if (existsSync(file)) await this.compareOnce(file, cell, () => hashesOf(file));
    }
    const key = modelKey(plugins);
    if (model && this.known.has(key)) await this.compareOnce(key, cell, () => modelHashes(model));
  }

  private async compareOnce(key: string, cell: string, read: () => Promise<Hashes>): Promise<void> {
    if (this.compared.has(key)) return;
    this.compared.add(key);
    this.hold(key, listed(await read()), cell);
  }

  private hold(key: string, files: readonly HashedFile[], cell: string): void {
    this.assertSame(key, files, cell);
    this.keep(key, files, cell);
  }

  private keep(key: string, files: readonly HashedFile[], cell: string): void {
    if (!this.known.has(key)) this.known.set(key, { files, cell });
  }

  /** Equal configs read their files in the same order, wherever they lie. */
  private assertSame(key: string, files: readonly HashedFile[], cell: string): void {
    const known = this.known.get(key);
    if (!known) return;
    const count = Math.max(files.length, known.files.length);
    const at = Array.from({ length: count }, (_, i) => i).find((i) => files[i]?.sha256 !== known.files[i]?.sha256);
    if (at === undefined) return;
    const [wanted, found] = [known.files[at], files[at]];
    const written = (file?: HashedFile) => (file ? `${file.name} of SHA-256 ${file.sha256.slice(0, 12)}..` : 'no file');
    throw problem('INPUTS_CHANGED', {
      where: cell,
      expected: `${written(wanted)}, as for ${known.cell}`,
      got: written(found),
    });
  }
}

const modelKey = ({ backbone }: Composition) => `model ${backbone.options.model}`;

const benchmarkKey = ({ resolved }: Composition) => `data ${JSON.stringify(resolved.benchmark)}`;

const listed = (hashes: Hashes) => Object.entries(hashes).map(([name, sha256]) => ({ name, sha256 }));

/** Named by the folder too: many benchmarks have a file of one name for each task. */
const hashed = (data: readonly DataFile[]) =>
  data.map(({ path: file, sha256 }) => ({
    name: path.join(path.basename(path.dirname(file)), path.basename(file)),
    sha256,
  }));
