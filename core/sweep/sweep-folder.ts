import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { problem } from '../errors.js';
import { RunDirectory } from '../run/run-directory.js';
import { aggregate, type BenchmarkTable } from './aggregate.js';
import type { Cell } from './cell.js';
import { type CellResult, readCellResult } from './cell-result.js';
import { frontierChart } from './frontier.js';
import type { Grid } from './grid.js';
import { takeLock, waitForLock } from './lock.js';
import { csvTable, latexTables, markdownTables } from './tables.js';

/** Seconds after which a cell's process on another machine that has not touched its lock is thought to be gone. */
const PATIENCE = 600;

/** The folder of a sweep: a run directory for each cell, `logs/`, and the tables. */
export class SweepFolder {
  private readonly directory: RunDirectory;

  /** @param folder absolute */
  constructor(readonly folder: string) {
    this.directory = new RunDirectory(folder);
  }

  /** The run directory of a cell. */
  of({ id }: Cell): string {
    return path.join(this.folder, ...id.split('/'));
  }

  /** Where cells share what the model scores before training. */
  get sharedScores(): string {
    return path.join(this.folder, 'init');
  }

  /** What a cell's process wrote, newest attempt last. */
  log({ id }: Cell): string {
    return path.join(this.folder, 'logs', `${id.replaceAll('/', '__')}.log`);
  }

  isOver(cell: Cell): boolean {
    return new RunDirectory(this.of(cell)).isOver();
  }

  /** Moves a run directory that is not to count into `refused/`, in place of what is there of the cell. */
  setAside(cell: Cell): void {
    if (!existsSync(this.of(cell))) return;
    const aside = path.join(this.folder, 'refused', ...cell.id.split('/'));
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(path.dirname(aside), { recursive: true });
    renameSync(this.of(cell), aside);
  }

  results({ cells, config }: Pick<Grid, 'cells' | 'config'>): CellResult[] {
    return cells.filter((cell) => this.isOver(cell)).map((cell) => readCellResult(cell, this.of(cell), config));
  }

  /** Writes table.md, table.csv, table.tex and table.json of the cells that are over. @throws PalimpsestError OUTPUT_WRITE */
  writeTables(grid: Pick<Grid, 'file' | 'cells' | 'config'>): BenchmarkTable[] {
    const results = this.results(grid);
    const tables = aggregate(grid, results);
    this.directory.writeText('table.md', markdownTables(tables));
    this.directory.writeText('table.csv', csvTable(tables));
    this.directory.writeText('table.tex', latexTables(tables));
    this.directory.writeJson('table.json', { grid: path.basename(grid.file), tables, cells: results });
    return tables;
  }

  /** Writes frontier-<benchmark>-<retention>.svg where two rows have a place in it. @throws PalimpsestError OUTPUT_WRITE */
  async drawFrontiers(tables: readonly BenchmarkTable[]): Promise<void> {
    for (const table of tables) {
      for (const retention of table.frontier.retention) {
        const drawn = await frontierChart(table, retention);
        if (drawn) this.directory.writeText(`frontier-${table.benchmark}-${retention}.svg`, drawn);
      }
    }
  }

  /** Makes what cells write beside their run directories. */
  prepare(): void {
    mkdirSync(path.join(this.folder, 'logs'), { recursive: true });
  }

  /** Keeps other sweeps out of the folder; gives what lets them in again. @throws PalimpsestError OUTPUT_EXISTS */
  lock(): () => void {
    this.prepare();
    const taken = takeLock(path.join(this.folder, 'sweep.lock'));
    if ('release' in taken) return taken.release;
    const { pid, host } = taken.holder;
    throw problem('OUTPUT_EXISTS', {
      where: this.folder,
      expected: 'a folder that no other sweep is writing',
      got: `the sweep of process ${pid} on ${host}`,
      remedy: 'Wait until it is over, or name another --out; if it is not there any more, remove sweep.lock.',
    });
  }

  /** Waits until no other process writes the cell's run directory; gives what lets others in again. */
  async lockCell(cell: Cell): Promise<() => void> {
    this.prepare();
    return waitForLock(`${this.log(cell)}.lock`, PATIENCE);
  }
}
