import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { BenchmarkData, DataFile } from '../contracts/benchmark.js';
import { type DataLine, type DataText, jsonDocument, jsonItems, jsonLines, readDataFile } from './data-file.js';
import { DataNotices } from './data-notices.js';
import { assertThere, type DataSource } from './data-source.js';

/** Reads a benchmark's data files, each of them once, and knows afterwards what it has read and what is to be said of it. */
export class DataReader {
  /** What a user should know of the data: a benchmark notes it while it makes tasks of them. */
  readonly notices = new DataNotices();
  private readonly read = new Map<string, { readonly file: DataFile; readonly lines: DataLine[] }>();

  /** @param folder what names are relative to */
  constructor(private readonly folder: string) {}

  /** Every file that was read, in order. */
  files(): DataFile[] {
    return [...this.read.values()].map(({ file }) => file);
  }

  /** The parts of a benchmark's data that tell of its files: those that were read, and what was noticed. */
  findings(): Pick<BenchmarkData, 'files' | 'notices'> {
    return { files: this.files(), notices: this.notices.lines() };
  }

  /** Whether there is a file or folder of that name. */
  has(name: string): boolean {
    return existsSync(resolve(this.folder, name));
  }

  /** Refuses files that are not there, all of them in one error, before any of them is read. @throws PalimpsestError DATA_FILE */
  demand(...sources: readonly DataSource[]): void {
    assertThere(this.folder, sources);
  }

  /** The lines of a JSONL file. @throws PalimpsestError DATA_FILE, DATA_LINE, DATA_EMPTY */
  lines(name: string): Promise<DataLine[]> {
    return this.once(name, 'lines', jsonLines);
  }

  /** The items of a JSON list. @throws PalimpsestError DATA_FILE, DATA_LINE, DATA_EMPTY */
  items(name: string): Promise<DataLine[]> {
    return this.once(name, 'items', jsonItems);
  }

  /** The whole of a JSON file. @throws PalimpsestError DATA_FILE, DATA_LINE */
  async document(name: string): Promise<DataLine> {
    const [document] = await this.once(name, 'document', (data) => [{ where: data.path, value: jsonDocument(data) }]);
    return document;
  }

  /** @param kind how it is parsed: a file that is read in two ways is read twice */
  private async once(name: string, kind: string, parse: (data: DataText) => DataLine[]): Promise<DataLine[]> {
    const known = this.read.get(`${kind} ${resolve(this.folder, name)}`);
    if (known) return known.lines;
    const data = await readDataFile(this.folder, name);
    const lines = parse(data);
    this.read.set(`${kind} ${data.path}`, {
      lines,
      file: { path: data.path, sha256: data.sha256, items: lines.length },
    });
    return lines;
  }
}
