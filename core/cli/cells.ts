import path from 'node:path';
import type { Command } from 'commander';
import { PluginRegistry } from '../container/plugin-registry.js';
import { problem } from '../errors.js';
import { duration } from '../report/console.js';
import { prepareRun, runPrepared } from '../run/run.js';
import type { Cell } from '../sweep/cell.js';
import { CellCheck } from '../sweep/cell-check.js';
import { type CellEnd, endWithParent } from '../sweep/cell-process.js';
import { readInputs } from '../sweep/cell-result.js';
import type { Grid } from '../sweep/grid.js';
import { startOf } from '../sweep/job.js';
import { runCells } from '../sweep/run-cells.js';
import { runQueued } from '../sweep/run-queued.js';
import type { TrialValues } from '../sweep/search-file.js';
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
  readonly redis?: string;
  readonly root: string;
}

/** Adds --out, --set, --engine, --parallel, --gpus, --retries, --redis, --root and --cell. */
export function addCellOptions(command: Command): Command {
  return command
    .option('--out <directory>', "folder of the run directories and tables (default: runs/, and the file's name)")
    .option('--set <key=value>', 'override a value in every cell (repeatable)', collect)
    .option('--engine <engine>', 'auto, native, wasm or cpu')
    .option('--parallel <count>', 'cells at a time (default: 1, or the number of GPUs)', wholeNumber(1))
    .option('--gpus <numbers>', 'GPUs to share out, a cell each: 0,1,2')
    .option('--retries <count>', 'times that a cell whose process died is tried again', wholeNumber(0), 1)
    .option('--redis <url>', 'have workers run the cells, through the queue of this Redis server')
    .option('--root <directory>', 'with --redis: the folder that workers see as theirs', '.')
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
    expected: 'a cell of the grid, or a part of its name (`--list` of a sweep shows them)',
  });

/** How a cell ended, in words. */
export function outcomeOf({ ended, seconds, message }: CellEnd): string {
  if (ended === 'done') return `done in ${duration(seconds)}`;
  return message ? `${ended}: ${message}` : ended;
}

/** How cells are run beside this process: on this machine, or by the workers of a queue. */
export interface HowCellsRun {
  /** The grid or search file. */
  readonly file: string;
  readonly options: CellOptions;
  readonly folder: SweepFolder;
  readonly check: CellCheck;
  readonly signal: AbortSignal;
  gridOf(cell: Cell): Grid;
  /** Of a repetition: its name. */
  readonly anew?: string;
  /** Of a search: the values of a cell's options. */
  trialOf?(cell: Cell): TrialValues;
  ended(cell: Cell, end: CellEnd, over: number): Promise<void>;
}

/** Runs cells, each in a process of its own, where the options say. @throws PalimpsestError QUEUE_UNREACHABLE, QUEUE_JOB */
export async function runWhereAsked(cells: readonly Cell[], how: HowCellsRun): Promise<void> {
  const { options, folder, signal } = how;
  const { redis, retries } = options;
  if (redis) {
    await runQueued(cells, { ...how, url: redis, root: path.resolve(options.root), retries, tell: tellWaiting });
    return;
  }
  const ended = async (cell: Cell, end: CellEnd, over: number) => {
    if (end.ended === 'done') await accept(cell, how);
    await how.ended(cell, end, over);
  };
  const start = (cell: Cell) => startOf({ trial: how.trialOf?.(cell) }, how.file);
  await runCells(cells, {
    ...{ parallel: parallelOf(options), gpus: gpusOf(options), retries, signal, ended },
    again: ({ id }, end) => void process.stdout.write(`${id}  ${outcomeOf(end)}; trying it again\n`),
    command: (cell) => ({ args: cellArguments(start(cell), cell, options, folder), log: folder.log(cell) }),
  });
}

/** @throws PalimpsestError INPUTS_CHANGED, and what is refused is set aside */
async function accept(cell: Cell, { check, gridOf, folder }: HowCellsRun): Promise<void> {
  try {
    await check.accept(cell, gridOf(cell), readInputs(folder.of(cell)));
  } catch (error) {
    folder.setAside(cell);
    throw error;
  }
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
