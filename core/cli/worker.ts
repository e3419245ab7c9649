import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { aborted } from '../aborted.js';
import { commandLine } from '../config/load.js';
import { PalimpsestError, problem } from '../errors.js';
import type { Cell } from '../sweep/cell.js';
import type { GridCells } from '../sweep/cell-check.js';
import { runCellProcess } from '../sweep/cell-process.js';
import type { Grid } from '../sweep/grid.js';
import { type CellFiles, type CellJob, cellOf, gridOf, readCellFiles, startOf, within } from '../sweep/job.js';
import { LOST, RefusedCell, startWorker } from '../sweep/queue.js';
import { beginAnew } from '../sweep/repeated-folder.js';
import { SweepFolder } from '../sweep/sweep-folder.js';
import { cellArguments, cellCheck, gpusOf, outcomeOf, parallelOf, tellWaiting } from './cells.js';
import { stoppable } from './interruption.js';
import { collect, wholeNumber } from './model-options.js';

interface WorkerOptions {
  readonly redis: string;
  readonly root: string;
  readonly set?: readonly string[];
  readonly engine?: string;
  readonly parallel?: number;
  readonly gpus?: string;
  readonly lease: number;
  readonly untilEmpty?: boolean;
}

/** `palimpsest worker`: takes cells of sweeps from a queue. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('Run cells that `palimpsest sweep --redis` and `search --redis` put into a queue, until Ctrl-C.')
    .requiredOption('--redis <url>', 'the Redis server, for example redis://127.0.0.1:6379')
    .option('--root <directory>', 'folder that grids and results lie in; nothing outside it is touched', '.')
    .option('--set <key=value>', 'as the sweep has it (repeatable)', collect)
    .option('--engine <engine>', 'as the sweep has it')
    .option('--parallel <count>', 'cells at a time (default: 1, or the number of GPUs)', wholeNumber(1))
    .option('--gpus <numbers>', 'GPUs to share out, a cell each: 0,1,2')
    .option('--lease <seconds>', 'a worker not heard of for so long loses its cells to others', wholeNumber(1), 30)
    .option('--until-empty', 'end when the queue is empty')
    .action(work);
}

async function work(options: WorkerOptions): Promise<void> {
  const root = path.resolve(options.root);
  const gpus = gpusOf(options);
  const parallel = parallelOf(options);
  const told = new Set<string>();
  await stoppable(async (signal) => {
    const worker = await startWorker({
      ...{ url: options.redis, parallel, lease: options.lease, lost: () => tellWaiting(LOST) },
      work: (job, slot) => runJob(job, { root, options, parallel, gpu: gpus[slot % gpus.length], signal, told }),
    });
    process.stdout.write(`waiting for cells, up to ${parallel} at a time, in ${root}\n`);
    const interrupted = aborted(signal);
    try {
      await (options.untilEmpty ? Promise.race([worker.idle(), interrupted]) : interrupted);
    } finally {
      await worker.close();
    }
  });
}

interface Place {
  readonly root: string;
  readonly options: WorkerOptions;
  readonly parallel: number;
  readonly gpu?: string;
  readonly signal: AbortSignal;
  /** Why cells were refused: each reason is said once. */
  readonly told: Set<string>;
}

/** The cell in the worker's own grid. @throws PalimpsestError QUEUE_JOB where it is not what the sweep has, or cannot be read */
function cellHere(job: CellJob, file: string, options: WorkerOptions): { grid: Grid; cell: Cell } {
  try {
    const grid = gridOf(job, file, commandLine(options));
    return { grid, cell: cellOf(job, grid) };
  } catch (error) {
    if (!(error instanceof PalimpsestError) || error.code === 'QUEUE_JOB') throw error;
    throw problem('QUEUE_JOB', { where: file, expected: 'the grid that the sweep has', got: error.message });
  }
}

/** What is handed back of an earlier run must have read what there is now. @throws PalimpsestError INPUTS_CHANGED and others */
async function checkHere(folder: SweepFolder, cells: GridCells): Promise<void> {
  const check = cellCheck(folder);
  await check.cells(cells);
  if (!cells.cells.every((cell) => folder.isOver(cell))) return;
  await check.data(cells);
  await check.models(cells);
}

/** Says what is refused. @throws RefusedCell, or Error with what the cell's process said */
async function runJob(job: CellJob, place: Place): Promise<CellFiles | undefined> {
  try {
    return await runCellOf(job, place);
  } catch (error) {
    if (!(error instanceof PalimpsestError)) throw error;
    const reason = error.message.replaceAll(job.cell, '');
    if (!place.told.has(reason)) process.stdout.write(`${job.cell} refused: ${error.message}\n`);
    place.told.add(reason);
    throw new RefusedCell(error.message);
  }
}

/** @throws PalimpsestError QUEUE_JOB, or whatever is wrong with the cell's config */
async function runCellOf(
  job: CellJob,
  { root, options, parallel, gpu, signal }: Place,
): Promise<CellFiles | undefined> {
  const file = within(root, job.grid);
  if (!existsSync(file)) {
    throw problem('QUEUE_JOB', { where: file, expected: "the sweep's grid, below --root", got: 'no such file' });
  }
  const { grid, cell } = cellHere(job, file, options);
  const folder = new SweepFolder(within(root, job.out));
  if (job.anew) beginAnew(folder.folder, job.anew);
  await checkHere(folder, { grid, cells: [cell] });
  if (!folder.isOver(cell)) {
    folder.prepare();
    process.stdout.write(`${cell.id} ...\n`);
    const args = cellArguments(startOf(job, file), cell, options, folder);
    const command = { args, log: folder.log(cell), gpu, beside: parallel };
    const end = await runCellProcess(command, signal);
    process.stdout.write(`${cell.id} ${outcomeOf(end)}\n`);
    if (end.ended === 'interrupted') return undefined;
    if (end.ended === 'refused') throw new RefusedCell(end.message);
    if (end.ended === 'failed') throw new Error(end.message);
  }
  return readCellFiles(folder.of(cell));
}
