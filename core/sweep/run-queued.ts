import path from 'node:path';
import { aborted } from '../aborted.js';
import type { Cell } from './cell.js';
import type { CellCheck } from './cell-check.js';
import type { CellEnd } from './cell-process.js';
import { readCellResult } from './cell-result.js';
import { SECONDS } from './figures.js';
import type { Grid } from './grid.js';
import { type CellJob, jobOf, within, writeCellFiles } from './job.js';
import { type CellOutcome, type CellQueue, LOST, openQueue, withoutPassword } from './queue.js';
import type { TrialValues } from './search-file.js';
import type { SweepFolder } from './sweep-folder.js';

/** A sweep whose cells others run. */
export interface QueuedSweep {
  /** Of the Redis server. */
  readonly url: string;
  /** The folder that paths in the queue are relative to, absolute. */
  readonly root: string;
  /** The grid or search file. */
  readonly file: string;
  gridOf(cell: Cell): Grid;
  /** Of a repetition: its name. */
  readonly anew?: string;
  /** Of a search: the values of a cell's options. */
  trialOf?(cell: Cell): TrialValues;
  readonly folder: SweepFolder;
  readonly retries: number;
  readonly signal?: AbortSignal;
  readonly check: CellCheck;
  /** Is told what the sweep waits for. */
  tell(message: string): void;
  ended(cell: Cell, end: CellEnd, over: number): Promise<void>;
}

/** Seconds after which a cell that a worker with another config has refused is to be had again. */
const PAUSE = 5;

/**
 * Puts cells into the queue and writes what workers give back. An abort leaves them in the queue: the next sweep of the same grid
 * finds them there. @throws PalimpsestError QUEUE_UNREACHABLE, QUEUE_JOB
 */
export async function runQueued(cells: readonly Cell[], sweep: QueuedSweep): Promise<void> {
  if (cells.length === 0) return;
  const { url, root, file, folder } = sweep;
  const place = { grid: belowRoot(root, file), out: belowRoot(root, folder.folder) };
  const queue = await openQueue(url, () => sweep.tell(LOST));
  const started = performance.now();
  let over = 0;
  const failed = (cell: Cell, message: string) => {
    over++;
    return sweep.ended(cell, { ended: 'failed', seconds: (performance.now() - started) / 1000, message }, over);
  };
  const outcomeOf = outcomes(queue, sweep);
  const one = async (cell: Cell) => {
    const grid = sweep.gridOf(cell);
    const job = jobOf(grid, cell, { ...place, anew: sweep.anew, trial: sweep.trialOf?.(cell) });
    const outcome = await outcomeOf(job);
    if (!outcome) return;
    if ('failure' in outcome) return failed(cell, outcome.failure);
    const { files } = outcome;
    const accepted = await orRefusal(() => sweep.check.accept(cell, grid, JSON.parse(files['inputs.json'] ?? '')));
    if ('refusal' in accepted) folder.setAside(cell);
    else writeCellFiles(folder.of(cell), files, accepted.value);
    await queue.forget(job);
    if ('refusal' in accepted) return failed(cell, accepted.refusal);
    over++;
    const { figures } = readCellResult(cell, folder.of(cell), grid.config);
    await sweep.ended(cell, { ended: 'done', seconds: figures[SECONDS] as number }, over);
  };
  try {
    const remedy = `start some with: palimpsest worker --redis ${withoutPassword(url)} --root ${root}`;
    if (!(await queue.hasWorkers())) sweep.tell(`no worker takes cells from the queue yet; ${remedy}`);
    await Promise.all(cells.map(one));
  } finally {
    await queue.close();
  }
}

/** What workers make of a cell, undefined after an abort; one whose worker has another grid or config is left to others. */
function outcomes(queue: CellQueue, { retries, signal, tell }: QueuedSweep) {
  const stopped = aborted(signal);
  const told = new Set<string>();
  return async (job: CellJob): Promise<CellOutcome | undefined> => {
    for (let delay = 0; ; delay = PAUSE) {
      const outcome = await Promise.race([queue.run(job, retries, delay), stopped]);
      if (!outcome || !('failure' in outcome) || !outcome.mismatch) return outcome;
      const refusal = outcome.failure.replaceAll(job.cell, '');
      if (!told.has(refusal)) tell(`a worker refuses ${job.cell}, which waits for another: ${outcome.failure}`);
      told.add(refusal);
    }
  };
}

/** What a check gives, or says against a result. */
async function orRefusal<T>(check: () => Promise<T>): Promise<{ readonly value: T } | { readonly refusal: string }> {
  try {
    return { value: await check() };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}

/** @throws PalimpsestError QUEUE_JOB where workers could not find it below their own root */
function belowRoot(root: string, file: string): string {
  const inner = path.relative(root, within(root, path.resolve(file), 'Name a --root that the grid and --out lie in.'));
  return inner || '.';
}
