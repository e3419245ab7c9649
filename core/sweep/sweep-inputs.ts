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
  /** Models whose files have been read. */
  private readonly compared = new Set<string>();

  /** Takes what a cell that is over has read. @throws PalimpsestError INPUTS_CHANGED where an earlier one read something else */
  take(cell: string, plugins: Composition, { model, data, files }: RecordedInputs): void {
    this.hold(modelKey(plugins), listed(model.sha256), cell);
    this.hold(benchmarkKey(plugins), hashed(data), cell);
    for (const { place, file } of namedFiles(plugins)) {
      const recorded = files[place.join('.')];
      if (recorded) this.hold(file, listed(recorded.sha256), cell);
    }
  }

  /**
   * Holds what there is now, for a cell that is to be run, against what others have read, and keeps it for those to come. A model is read
   * where there is something to hold it against, and once. @throws PalimpsestError INPUTS_CHANGED
   */
  async compare(cell: string, plugins: Composition, { data, model }: PresentInputs): Promise<void> {
    if (data) this.hold(benchmarkKey(plugins), hashed(data), cell);
    for (const { file } of namedFiles(plugins)) this.hold(file, listed(await hashesOf(file)), cell);
    const key = modelKey(plugins);
    if (!model || !this.known.has(key) || this.compared.has(key)) return;
    this.compared.add(key);
    this.hold(key, listed(await modelHashes(model)), cell);
  }

  private hold(key: string, files: readonly HashedFile[], cell: string): void {
    const known = this.known.get(key);
    if (!known) {
      this.known.set(key, { files, cell });
      return;
    }
    const [found] = lacking(files, known.files);
    const missing = lacking(known.files, files);
    const wanted = missing.find(({ name }) => name === found?.name) ?? missing[0];
    if (!found && !wanted) return;
    const written = (file: HashedFile | undefined, other: HashedFile) =>
      file ? `${file.name} of SHA-256 ${file.sha256.slice(0, 12)}..` : `no ${other.name}`;
    const expected = `${written(wanted, found)}, as for ${known.cell}`;
    throw problem('INPUTS_CHANGED', { where: cell, expected, got: written(found, wanted) });
  }
}

const modelKey = ({ backbone }: Composition) => `model ${backbone.options.model}`;

const benchmarkKey = ({ resolved }: Composition) => `data ${JSON.stringify(resolved.benchmark)}`;

const listed = (hashes: Hashes) => Object.entries(hashes).map(([name, sha256]) => ({ name, sha256 }));

const hashed = (data: readonly DataFile[]) =>
  data.map(({ path: file, sha256 }) => ({ name: path.basename(file), sha256 }));

/** Files of which the others have none that is equal. */
function lacking(files: readonly HashedFile[], others: readonly HashedFile[]): HashedFile[] {
  return files.filter((one) => !others.some(({ name, sha256 }) => name === one.name && sha256 === one.sha256));
}
