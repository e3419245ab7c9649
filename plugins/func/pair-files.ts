import { join } from 'node:path';
import { type DataReader, type DataSource, type Pair, readPairs } from '../../core/index.js';
import { isPublished } from './published.js';
import { listsFor, makeFiles } from './recipes.js';
import type { FuncFile } from './tasks.js';

const LISTS = 'https://github.com/ericwtodd/function_vectors';

/** Where the pairs lie. */
export interface PairFolders {
  /** Of ready-made files. */
  readonly root?: string;
  /** Of the published lists that the others are made of. */
  readonly lists?: string;
}

/** The pairs of some files: each as it lies in `root`, else as the lists make it. */
export class PairFiles {
  private readonly ready: readonly FuncFile[];
  private readonly absent: readonly FuncFile[];
  private made: ReadonlyMap<FuncFile, Pair[]> = new Map();

  constructor(
    private readonly reader: DataReader,
    private readonly folders: PairFolders,
    files: readonly FuncFile[],
  ) {
    const { root, lists } = folders;
    const isReady = (file: FuncFile) => root !== undefined && (lists === undefined || reader.has(join(root, file)));
    this.ready = files.filter(isReady);
    this.absent = files.filter((file) => !isReady(file));
  }

  /** Every file that will be read. */
  sources(): DataSource[] {
    const { root, lists } = this.folders;
    const ready = { folder: root, files: this.ready, from: `the lists of ${LISTS}, which \`lists\` makes them of` };
    return [ready, { folder: lists, files: listsFor(this.absent), from: LISTS }];
  }

  /** The pairs of a file, and its name for errors. @throws PalimpsestError DATA_FILE, DATA_LINE, DATA_EMPTY */
  async read(file: FuncFile): Promise<{ pairs: Pair[]; where: string }> {
    const { root = '', lists = '' } = this.folders;
    if (this.ready.includes(file)) {
      const where = join(root, file);
      return { where, pairs: await readPairs(this.reader, where) };
    }
    if (this.made.size === 0) this.made = await makeFiles(this.reader, lists, this.absent);
    const pairs = this.made.get(file) ?? [];
    if (!isPublished(file, pairs)) {
      this.reader.notices.note(
        `${file} is not what the published lists make: those in ${lists} are others (docs/data.md)`,
      );
    }
    return { where: `${file} made of ${lists}`, pairs };
  }
}
