import path from 'node:path';
import { Command } from 'commander';
import { commandLine } from '../config/load.js';
import { problem } from '../errors.js';
import { FAILED, INTERRUPTED } from '../exit-status.js';
import { duration } from '../report/console.js';
import type { Cell } from '../sweep/cell.js';
import type { CellCheck } from '../sweep/cell-check.js';
import type { CellEnd } from '../sweep/cell-process.js';
import { readCellResult } from '../sweep/cell-result.js';
import { assertKind } from '../sweep/config-kind.js';
import { Grid } from '../sweep/grid.js';
import { differences, drawnCells } from '../sweep/repeat.js';
import { beginAnew, REPEATED } from '../sweep/repeated-folder.js';
import { SweepFolder } from '../sweep/sweep-folder.js';
import { markdownTables } from '../sweep/tables.js';
import {
  addCellOptions,
  type CellOptions,
  cellCheck,
  folderOf,
  noCell,
  outcomeOf,
  runCell,
  runWhereAsked,
} from './cells.js';
import { downloadProgress } from './download-progress.js';
import { stoppable } from './interruption.js';
import { collect, wholeNumber } from './model-options.js';

interface SweepOptions extends CellOptions {
  readonly only?: readonly string[];
  readonly list?: boolean;
  readonly repeat?: number;
}

/** What the cells that `--repeat` takes are drawn from. */
const REPEAT_SEED = 1;

/** `palimpsest sweep`: every combination of a grid, each once. */
export function sweepCommand(): Command {
  const command = new Command('sweep')
    .description('Run every combination of a grid file that is missing in --out, and write one table of all of them.')
    .argument('<grid>', 'YAML or JSON file; docs/commands/sweep.md has its form');
  return addCellOptions(command)
    .option('--only <text>', 'cells whose name holds this text, where * stands for anything (repeatable)', collect)
    .option('--list', 'list the cells and what has been done of them, and run nothing')
    .option(
      '--repeat <count>',
      'run so many done cells again, drawn by seed, and compare their figures',
      wholeNumber(1),
    )
    .action(sweep);
}

async function sweep(file: string, options: SweepOptions): Promise<void> {
  const { set, engine, only } = options;
  assertKind(file, 'grid');
  const grid = new Grid(file, commandLine({ set, engine }));
  const folder = folderOf(file, options);
  if (options.cell !== undefined) return runCell(grid, folder, options.cell);
  const wanted = grid.cells.filter(({ id }) => !only || only.some((text) => holds(id, text)));
  if (wanted.length === 0) throw noCell('--only', only?.join(', '));
  if (options.list) return list(wanted, folder);
  const check = cellCheck(folder);
  if (options.repeat !== undefined) return repeat(wanted, options.repeat, { file, options, grid, folder, check });
  const told = grid.cells.filter((cell) => wanted.includes(cell) || folder.isOver(cell));
  await check.cells({ grid, cells: told });
  const missing = wanted.filter((cell) => !folder.isOver(cell));
  await checkFiles(missing, { grid, options, check });
  const done = wanted.length - missing.length;
  process.stdout.write(`${wanted.length} cells, ${done} done already, written to ${folder.folder}\n`);
  await runMissing(missing, { file, options, grid, folder, check });
  const tables = folder.writeTables(grid);
  await folder.drawFrontiers(tables);
  process.stdout.write(`\n${markdownTables(tables)}`);
}

/** Whether a name holds a text, in which a star stands for anything. */
function holds(name: string, text: string): boolean {
  let at = 0;
  return text.split('*').every((part) => {
    const found = name.indexOf(part, at);
    at = found + part.length;
    return found >= 0;
  });
}

function list(cells: readonly Cell[], folder: SweepFolder): void {
  for (const cell of cells) process.stdout.write(`${folder.isOver(cell) ? 'done   ' : 'missing'}  ${cell.id}\n`);
}

/** Runs done cells anew, in a folder within theirs, and tells what differs; exit status 1 where anything does. */
async function repeat(wanted: readonly Cell[], count: number, sweep: Sweep): Promise<void> {
  const { grid, folder, check } = sweep;
  const done = wanted.filter((cell) => folder.isOver(cell));
  if (done.length === 0) throw noneDone(folder);
  const cells = drawnCells(done, count, REPEAT_SEED);
  await check.cells({ grid, cells });
  await checkFiles(cells, sweep);
  const again = new SweepFolder(path.join(folder.folder, REPEATED));
  const anew = new Date().toISOString();
  await runMissing(cells, { ...sweep, folder: again, anew });
  const compared = cells.filter((cell) => again.isOver(cell));
  const read = (from: SweepFolder, cell: Cell) => readCellResult(cell, from.of(cell), grid.config);
  const found = compared.flatMap((cell) => differences(read(folder, cell), read(again, cell)));
  const names = compared.map(({ id }) => id).join(', ');
  const equal = names ? [`repeated with equal figures: ${names}`] : [];
  for (const line of found.length > 0 ? found : equal) process.stdout.write(`${line}\n`);
  if (found.length > 0) process.exitCode = FAILED;
}

const noneDone = ({ folder }: SweepFolder) =>
  problem('USAGE', {
    ...{ where: '--repeat', expected: `done cells in ${folder}`, got: 'none' },
    remedy: 'Run the sweep without --repeat first, or name its --out.',
  });

interface Sweep {
  readonly file: string;
  readonly options: SweepOptions;
  readonly grid: Grid;
  readonly folder: SweepFolder;
  readonly check: CellCheck;
  /** Of a repetition: its name. */
  readonly anew?: string;
}

/** Data, figures, models and named files of cells that are to be run; a queue's workers find their models themselves. */
async function checkFiles(
  cells: readonly Cell[],
  { grid, options, check }: Pick<Sweep, 'grid' | 'options' | 'check'>,
): Promise<void> {
  const scored = await check.data({ grid, cells });
  if (await check.cover({ grid, cells })) grid.assertMeasured(scored);
  if (options.redis === undefined) await check.models({ grid, cells }, downloadProgress());
}

/** Runs cells while no other sweep may write the folder. @throws PalimpsestError OUTPUT_EXISTS, QUEUE_UNREACHABLE */
async function runMissing(missing: readonly Cell[], sweep: Sweep): Promise<void> {
  const { file, options, grid, folder, check, anew } = sweep;
  const release = folder.lock();
  if (anew) beginAnew(folder.folder, anew);
  const started = performance.now();
  const ended = async (cell: Cell, end: CellEnd, over: number) => {
    const line = `${over} of ${missing.length}  ${cell.id}  ${outcomeOf(end)}`;
    const left = ((performance.now() - started) / 1000 / over) * (missing.length - over);
    process.stdout.write(end.ended === 'interrupted' ? `${line}\n` : `${line}  (about ${duration(left)} left)\n`);
    folder.writeTables(grid);
  };
  const work = async (signal: AbortSignal) => {
    await runWhereAsked(missing, { file, options, folder, check, anew, signal, gridOf: () => grid, ended });
    if (missing.every((cell) => folder.isOver(cell))) return;
    process.exitCode = signal.aborted ? INTERRUPTED : FAILED;
    if (!anew) process.stdout.write('cells are missing: the same command goes on with them\n');
  };
  await stoppable(work).finally(release);
}
