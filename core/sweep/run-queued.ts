import path from 'node:path';
import { aborted } from '../aborted.js';
import { composePlugins } from '../container/compose.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import type { CellEnd } from './cell-process.js';
import { readCellResult } from './cell-result.js';
import { SECONDS } from './figures.js';
import type { Cell, Grid } from './grid.js';
import { cellDigest, within, writeCellFiles } from './job.js';
import { openQueue } from './queue.js';
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
  /** Is called when the server goes away; it is waited for then. */
  lost(): void;
  ended?(cell: Cell, end: CellEnd, over: number): void;
}

/**
 * Puts cells into the queue and writes what workers give back. An abort leaves them in the queue: the next sweep of the same grid
 * finds them there. @throws PalimpsestError QUEUE_UNREACHABLE, QUEUE_JOB
 */
export async function runQueued(cells: readonly Cell[], sweep: QueuedSweep): Promise<void> {
  if (cells.length === 0) return;
  const { url, root, grid, folder, retries, signal } = sweep;
  const place = { grid: belowRoot(root, grid.file), out: belowRoot(root, folder.folder) };
  const queue = await openQueue(url, sweep.lost);
  const started = performance.now();
  const stopped = aborted(signal);
  const registry = new PluginRegistry();
  let over = 0;
  const tell = (cell: Cell, end: CellEnd) => {
    over++;
    sweep.ended?.(cell, end, over);
  };
  const one = async (cell: Cell) => {
    const job = { ...place, cell: cell.id, digest: cellDigest(grid, cell, place.out) };
    const outcome = await Promise.race([queue.run(job, retries), stopped]);
    if (!outcome) return;
    if ('failure' in outcome) {
      const seconds = (performance.now() - started) / 1000;
      return tell(cell, { ended: 'failed', seconds, message: outcome.failure });
    }
    const { resolved } = await composePlugins(grid.load(cell), registry);
    writeCellFiles(folder.of(cell), outcome.files, resolved);
    await queue.forget(job);
    const { figures } = readCellResult(cell, folder.of(cell), grid.config);
    tell(cell, { ended: 'done', seconds: figures[SECONDS] as number });
  };
  try {
    await Promise.all(cells.map(one));
  } finally {
    await queue.close();
  }
}

/** @throws PalimpsestError QUEUE_JOB where workers could not find it below their own root */
function belowRoot(root: string, file: string): string {
  return path.relative(root, within(root, path.resolve(file), 'Name a --root that the grid and --out lie in.'));
}
