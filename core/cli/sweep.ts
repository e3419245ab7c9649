import path from 'node:path';
import { Command } from 'commander';
import { commandLine } from '../config/load.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import { problem } from '../errors.js';
import { duration } from '../report/console.js';
import { inspectData } from '../run/inspect-data.js';
import { prepareRun, runPrepared } from '../run/run.js';
import { type CellEnd, endWithParent } from '../sweep/cell-process.js';
import { readCellResult } from '../sweep/cell-result.js';
import { type Cell, Grid } from '../sweep/grid.js';
import { differences, drawnCells } from '../sweep/repeat.js';
import { runCells } from '../sweep/run-cells.js';
import { runQueued } from '../sweep/run-queued.js';
import { SweepFolder } from '../sweep/sweep-folder.js';
import { markdownTables } from '../sweep/tables.js';
import { interruptible } from './interruption.js';
import { wholeNumber } from './model-options.js';
import { collect, reporting } from './run.js';

interface SweepOptions {
  readonly set?: readonly string[];
  readonly engine?: string;
  readonly out?: string;
  readonly parallel?: number;
  readonly gpus?: string;
  readonly retries: number;
  readonly only?: readonly string[];
  readonly list?: boolean;
  readonly cell?: string;
  readonly repeat?: number;
  readonly redis?: string;
  readonly root: string;
}

/** What the cells that `--repeat` takes are drawn from. */
const REPEAT_SEED = 1;

/** Exit status where a cell failed, and after Ctrl-C. */
const [FAILED, INTERRUPTED] = [1, 130];

/** `palimpsest sweep`: every combination of a grid, each once. */
export function sweepCommand(): Command {
  return new Command('sweep')
    .description('Run every combination of a grid file that is missing in --out, and write one table of all of them.')
    .argument('<grid>', 'YAML or JSON file; docs/commands/sweep.md has its form')
    .option('--out <directory>', 'folder of the run directories and tables (default: runs/<grid>)')
    .option('--set <key=value>', 'override a value in every cell (repeatable)', collect)
    .option('--engine <engine>', 'auto, native, wasm or cpu')
    .option('--parallel <count>', 'cells at a time (default: 1, or the number of GPUs)', wholeNumber(1))
    .option('--gpus <numbers>', 'GPUs to share out, a cell each: 0,1,2')
    .option('--retries <count>', 'times that a cell whose process died is tried again', wholeNumber(0), 1)
    .option('--only <text>', 'cells whose name holds this text, where * stands for anything (repeatable)', collect)
    .option('--list', 'list the cells and what has been done of them, and run nothing')
    .option('--cell <name>', 'run this cell only, in this process')
    .option(
      '--repeat <count>',
      'run so many of the done cells again, drawn by seed, and compare their figures',
      wholeNumber(1),
    )
    .option('--redis <url>', 'have workers run the cells, through the queue of this Redis server')
    .option('--root <directory>', 'with --redis: the folder that workers see as theirs', '.')
    .action(sweep);
}

async function sweep(file: string, options: SweepOptions): Promise<void> {
  const { set, engine, only } = options;
  const grid = new Grid(file, commandLine({ set, engine }));
  const name = path.basename(file, path.extname(file));
  const folder = new SweepFolder(path.resolve(options.out ?? path.join('runs', name)));
  if (options.cell !== undefined) return runCell(grid, folder, options.cell);
  const wanted = grid.cells.filter(({ id }) => !only || only.some((text) => holds(id, text)));
  if (wanted.length === 0) throw noCell('--only', only?.join(', '));
  if (options.list) return list(wanted, folder);
  if (options.repeat !== undefined) return repeat(wanted, options.repeat, { file, options, grid, folder });
  await checkCells(wanted, grid, folder);
  const missing = wanted.filter((cell) => !folder.isOver(cell));
  const done = wanted.length - missing.length;
  process.stdout.write(`${wanted.length} cells, ${done} done already, written to ${folder.folder}\n`);
  const release = folder.lock();
  try {
    await runMissing(missing, { file, options, grid, folder });
  } finally {
    release();
  }
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

const noCell = (where: string, got = 'none') =>
  problem('USAGE', { where, got, expected: 'a cell of the grid, or a part of its name (`--list` shows them)' });

async function runCell(grid: Grid, folder: SweepFolder, id: string): Promise<void> {
  endWithParent();
  const cell = grid.cells.find((one) => one.id === id);
  if (!cell) throw noCell('--cell', id);
  const release = await folder.lockCell(cell);
  try {
    const request = { ...reporting(), loaded: grid.load(cell), folder: folder.of(cell), resume: true };
    const prepared = await prepareRun(request, new PluginRegistry());
    if (prepared.state !== 'over') await interruptible(prepared.directory.folder, () => runPrepared(prepared));
  } finally {
    release();
  }
}

function list(cells: readonly Cell[], folder: SweepFolder): void {
  for (const cell of cells) process.stdout.write(`${folder.isOver(cell) ? 'done   ' : 'missing'}  ${cell.id}\n`);
}

/** Every cell's config, plugins and options, and the data of every benchmark; a cell that was begun must be what it was. */
async function checkCells(cells: readonly Cell[], grid: Grid, folder: SweepFolder): Promise<void> {
  const registry = new PluginRegistry();
  const first = grid.byBenchmark(cells);
  for (const cell of cells) {
    const request = { ...reporting(), loaded: grid.load(cell), folder: folder.of(cell), resume: true };
    const { plugins } = await prepareRun(request, registry);
    if (first.includes(cell)) await inspectData(request.loaded, plugins, request.logger);
  }
}

/** Runs done cells again, in a folder beside theirs, and tells what differs; exit status 1 where anything does. */
async function repeat(wanted: readonly Cell[], count: number, sweep: Sweep): Promise<void> {
  const { grid, folder } = sweep;
  const done = wanted.filter((cell) => folder.isOver(cell));
  const cells = drawnCells(done, count, REPEAT_SEED);
  const again = new SweepFolder(path.join(folder.folder, 'repeated'));
  const release = again.lock();
  try {
    await runMissing(
      cells.filter((cell) => !again.isOver(cell)),
      { ...sweep, folder: again },
    );
  } finally {
    release();
  }
  const read = (from: SweepFolder, cell: Cell) => readCellResult(cell, from.of(cell), grid.config);
  const compared = cells.filter((cell) => again.isOver(cell));
  const found = compared.flatMap((cell) => differences(read(folder, cell), read(again, cell)));
  const names = compared.map(({ id }) => id).join(', ');
  const outcome = found.length > 0 ? found.join('\n') : `repeated with equal figures: ${names || 'none'}`;
  process.stdout.write(`${outcome}\n`);
  if (found.length > 0) process.exitCode = FAILED;
}

interface Sweep {
  readonly file: string;
  readonly options: SweepOptions;
  readonly grid: Grid;
  readonly folder: SweepFolder;
}

async function runMissing(missing: readonly Cell[], { file, options, grid, folder }: Sweep): Promise<void> {
  const { retries, redis } = options;
  const gpus = gpusOf(options);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop);
  const started = performance.now();
  const ended = (cell: Cell, end: CellEnd, over: number) => {
    const left = ((performance.now() - started) / 1000 / over) * (missing.length - over);
    const outcome = end.ended === 'done' ? `done in ${duration(end.seconds)}` : `${end.ended}: ${end.message ?? ''}`;
    process.stdout.write(`${over} of ${missing.length}  ${cell.id}  ${outcome}  (about ${duration(left)} left)\n`);
    folder.writeTables(grid);
  };
  const signal = stopping.signal;
  const failed = redis
    ? await runQueued(missing, { url: redis, root: path.resolve(options.root), grid, folder, retries, signal, ended })
    : await runCells(missing, {
        parallel: options.parallel ?? Math.max(1, gpus.length),
        ...{ gpus, retries, signal, ended },
        command: (cell) => ({ args: cellArguments(file, cell, options, folder), log: folder.log(cell) }),
      });
  process.removeListener('SIGINT', stop);
  if (failed.length > 0) process.exitCode = signal.aborted ? INTERRUPTED : FAILED;
}

/** The GPUs that --gpus names. */
export function gpusOf({ gpus }: { readonly gpus?: string }): string[] {
  return gpus?.split(',').map((gpu) => gpu.trim()) ?? [];
}

/** What has `palimpsest` run one cell and nothing else. */
export function cellArguments(
  file: string,
  { id }: Cell,
  { set = [], engine }: Pick<SweepOptions, 'set' | 'engine'>,
  { folder }: SweepFolder,
): string[] {
  const sets = set.flatMap((one) => ['--set', one]);
  return ['sweep', file, '--cell', id, '--out', folder, ...sets, ...(engine ? ['--engine', engine] : [])];
}
