import path from 'node:path';
import { Command } from 'commander';
import { aborted } from '../aborted.js';
import { commandLine } from '../config/load.js';
import { problem } from '../errors.js';
import { runCellProcess } from '../sweep/cell-process.js';
import { Grid } from '../sweep/grid.js';
import { type CellFiles, type CellJob, cellDigest, readCellFiles, within } from '../sweep/job.js';
import { RefusedCell, startWorker } from '../sweep/queue.js';
import { SweepFolder } from '../sweep/sweep-folder.js';
import { cellArguments, checkCells, gpusOf, parallelOf, tellLost } from './cells.js';
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
    .description('Run cells that `palimpsest sweep --redis` puts into a queue, until Ctrl-C.')
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
  await stoppable(async (signal) => {
    const worker = await startWorker({
      ...{ url: options.redis, parallel, lease: options.lease, lost: tellLost },
      work: (job, slot) => runJob(job, { root, options, parallel, gpu: gpus[slot % gpus.length], signal }),
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
}

/** @throws PalimpsestError QUEUE_JOB, or Error with what the cell's process said */
async function runJob(job: CellJob, { root, options, parallel, gpu, signal }: Place): Promise<CellFiles | undefined> {
  const { set, engine } = options;
  const file = within(root, job.grid);
  const grid = new Grid(file, commandLine({ set, engine }));
  const cell = grid.cells.find(({ id }) => id === job.cell);
  if (!cell || cellDigest(grid, cell, job.out) !== job.digest) {
    throw problem('QUEUE_JOB', {
      where: `${file}, cell ${job.cell}`,
      expected: 'the grid, --set, --engine and version of Palimpsest that the sweep has',
      got: cell ? 'another config for the cell' : 'a grid without the cell',
    });
  }
  const folder = new SweepFolder(within(root, job.out));
  await checkCells([cell], grid, folder);
  if (!folder.isOver(cell)) {
    folder.prepare();
    process.stdout.write(`${cell.id} ...\n`);
    const args = cellArguments(['sweep', file], cell, options, folder);
    const command = { args, log: folder.log(cell), gpu, beside: parallel };
    const { ended, message } = await runCellProcess(command, signal);
    process.stdout.write(`${cell.id} ${ended}${message ? `: ${message}` : ''}\n`);
    if (ended === 'interrupted') return undefined;
    if (ended === 'refused') throw new RefusedCell(message);
    if (ended === 'failed') throw new Error(message);
  }
  return readCellFiles(folder.of(cell));
}
