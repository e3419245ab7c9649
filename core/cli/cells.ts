import path from 'node:path';
import type { Command } from 'commander';
import { PluginRegistry } from '../container/plugin-registry.js';
import { problem } from '../errors.js';
import { duration } from '../report/console.js';
import { prepareRun, runPrepared } from '../run/run.js';
import type { Cell } from '../sweep/cell.js';
import { CellCheck } from '../sweep/cell-check.js';
import { type CellEnd, endWithParent } from '../sweep/cell-process.js';
import type { Grid } from '../sweep/grid.js';
import { runCells } from '../sweep/run-cells.js';
import { SweepFolder } from '../sweep/sweep-folder.js';
import { interruptible } from './interruption.js';
import { collect, wholeNumber } from './model-options.js';
import { reporting } from './run.js';

/** Options of every command that runs the cells of a grid. */
export interface CellOptions {
  readonly out?: string;
  readonly set?: readonly string[];
  readonly engine?: string;
  readonly parallel?: number;
  readonly gpus?: string;
  readonly retries: number;
  readonly cell?: string;
}

/** Adds --out, --set, --engine, --parallel, --gpus, --retries and --cell. */
export function addCellOptions(command: Command): Command {
  return command
    .option('--out <directory>', "folder of the run directories and tables (default: runs/, and the file's name)")
    .option('--set <key=value>', 'override a value in every cell (repeatable)', collect)
    .option('--engine <engine>', 'auto, native, wasm or cpu')
    .option('--parallel <count>', 'cells at a time (default: 1, or the number of GPUs)', wholeNumber(1))
    .option('--gpus <numbers>', 'GPUs to share out, a cell each: 0,1,2')
    .option('--retries <count>', 'times that a cell whose process died is tried again', wholeNumber(0), 1)
    .option('--cell <name>', 'run this cell only, in this process');
}

/** The folder that --out names, or the one that is a file's by default. */
export function folderOf(file: string, { out }: Pick<CellOptions, 'out'>): SweepFolder {
  const name = path.basename(file, path.extname(file));
  return new SweepFolder(path.resolve(out ?? path.join('runs', name)));
}

/** The GPUs that --gpus names. */
export function gpusOf({ gpus }: Pick<CellOptions, 'gpus'>): string[] {
  return gpus?.split(',').map((gpu) => gpu.trim()) ?? [];
}

/** How many cells run at a time. */
export function parallelOf(options: Pick<CellOptions, 'gpus' | 'parallel'>): number {
  return options.parallel ?? Math.max(1, gpusOf(options).length);
}

/** Checks of a sweep's cells that tell on the console. */
export function cellCheck(folder: SweepFolder): CellCheck {
  return new CellCheck(folder, reporting().logger);
}

/** Runs one cell in this process, which another has started for it. @throws PalimpsestError USAGE where there is none of the name */
export async function runCell(grid: Grid, folder: SweepFolder, id: string): Promise<void> {
  endWithParent();
  const cell = grid.cells.find((one) => one.id === id);
  if (!cell) throw noCell('--cell', id);
  const release = await folder.lockCell(cell);
  process.once('exit', release);
  try {
    const { sharedScores } = folder;
    const request = { ...reporting(), loaded: grid.load(cell), folder: folder.of(cell), resume: true, sharedScores };
    const prepared = await prepareRun(request, new PluginRegistry());
    if (prepared.state !== 'over') await interruptible(prepared.directory.folder, () => runPrepared(prepared));
  } finally {
    release();
  }
}

/** Tells on what a queue waits. */
export function tellWaiting(message: string): void {
  process.stderr.write(`${message}\n`);
}

export const noCell = (where: string, got = 'none') =>
  problem('USAGE', {
    ...{ where, got },
    expected: 'a cell of the grid, or a part of its name (`palimpsest sweep --list` shows them)',
  });

/** How a cell ended, in words. */
export function outcomeOf({ ended, seconds, message }: CellEnd): string {
  if (ended === 'done') return `done in ${duration(seconds)}`;
  return message ? `${ended}: ${message}` : ended;
}

/** How cells are run beside this process. */
export interface CellsHere {
  readonly options: CellOptions;
  readonly folder: SweepFolder;
  readonly signal: AbortSignal;
  /** What `palimpsest` takes to find the cell in a grid: a command, its file and more. */
  start(cell: Cell): readonly string[];
  ended(cell: Cell, end: CellEnd, over: number): void | Promise<void>;
}

/** Runs cells on this machine, each in a process of its own. */
export function runHere(cells: readonly Cell[], here: CellsHere): Promise<void> {
  const { options, folder, signal, start, ended } = here;
  return runCells(cells, {
    ...{ parallel: parallelOf(options), gpus: gpusOf(options), retries: options.retries, signal, ended },
    again: ({ id }, end) => void process.stdout.write(`${id}  ${outcomeOf(end)}; trying it again\n`),
    command: (cell) => ({ args: cellArguments(start(cell), cell, options, folder), log: folder.log(cell) }),
  });
}

/** What has `palimpsest` run one cell and nothing else. */
export function cellArguments(
  start: readonly string[],
  { id }: Cell,
  { set = [], engine }: Pick<CellOptions, 'set' | 'engine'>,
  { folder }: SweepFolder,
): string[] {
  const sets = set.flatMap((one) => ['--set', one]);
  return [...start, '--cell', id, '--out', folder, ...sets, ...(engine ? ['--engine', engine] : [])];
}
