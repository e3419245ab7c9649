import path from 'node:path';
import { aborted } from '../aborted.js';
import type { CellEnd } from './cell-process.js';
import type { Cell, Grid } from './grid.js';
import { cellDigest, writeCellFiles } from './job.js';
import { openQueue } from './queue.js';
import type { FailedCell } from './run-cells.js';
import type { SweepFolder } from './sweep-folder.js';

/** A sweep whose cells others run. */
export interface QueuedSweep {
  /** Of the Redis server. */
  readonly url: string;
  /** The folder that paths in the queue are relative to, absolute. */
  readonly root: string;
  readonly grid: Grid;
  readonly folder: SweepFolder;
  readonly retries: number;
  readonly signal?: AbortSignal;
  ended?(cell: Cell, end: CellEnd, over: number): void;
}

/**
 * Puts cells into the queue and writes what workers give back. An abort leaves them in the queue: the next sweep of the same grid
 * finds them there. Gives the cells that failed. @throws PalimpsestError QUEUE_UNREACHABLE
 */
export async function runQueued(cells: readonly Cell[], sweep: QueuedSweep): Promise<FailedCell[]> {
  if (cells.length === 0) return [];
  const { url, root, grid, folder, retries, signal } = sweep;
  const queue = await openQueue(url);
  const place = { grid: path.relative(root, path.resolve(grid.file)), out: path.relative(root, folder.folder) };
  const failed: FailedCell[] = [];
  const started = performance.now();
  const stopped = aborted(signal);
  let over = 0;
  const tell = (cell: Cell, end: CellEnd) => {
    over++;
    if (end.ended !== 'done') failed.push({ cell, end });
    sweep.ended?.(cell, end, over);
  };
  const one = async (cell: Cell) => {
    const job = { ...place, cell: cell.id, digest: cellDigest(grid, cell) };
    const outcome = await Promise.race([queue.run(job, retries), stopped]);
    const seconds = (performance.now() - started) / 1000;
    if (!outcome) return failed.push({ cell, end: { ended: 'interrupted', seconds } });
    if ('failure' in outcome) return tell(cell, { ended: 'failed', seconds, message: outcome.failure });
    writeCellFiles(folder.of(cell), outcome.files);
    tell(cell, { ended: 'done', seconds });
  };
  await Promise.all(cells.map(one));
  await queue.close();
  return failed;
}
