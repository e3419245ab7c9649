import { type CellCommand, type CellEnd, runCellProcess } from './cell-process.js';
import type { Cell } from './grid.js';

/** How cells are run. */
export interface CellRunner {
  /** How many at a time. */
  readonly parallel: number;
  /** GPUs that the processes share out; none: they see what this one sees. */
  readonly gpus: readonly string[];
  /** How often a cell whose process died is tried again. */
  readonly retries: number;
  readonly signal?: AbortSignal;
  command(cell: Cell): Pick<CellCommand, 'args' | 'log'>;
  /** A cell that is over, in whatever way, and the count of those that are. */
  ended?(cell: Cell, end: CellEnd, over: number): void;
}

/** A cell that did not end well. */
export interface FailedCell {
  readonly cell: Cell;
  readonly end: CellEnd;
}

/** Runs cells, each in a process of its own; a cell that fails stops no other. Gives those that failed. */
export async function runCells(cells: readonly Cell[], runner: CellRunner): Promise<FailedCell[]> {
  const waiting = [...cells];
  const failed: FailedCell[] = [];
  let over = 0;
  const slot = async (gpu: string | undefined) => {
    for (let cell = waiting.shift(); cell && !runner.signal?.aborted; cell = waiting.shift()) {
      const end = await tried(cell, gpu, runner);
      over++;
      if (end.ended !== 'done') failed.push({ cell, end });
      runner.ended?.(cell, end, over);
    }
  };
  const slots = Array.from(
    { length: Math.min(runner.parallel, cells.length) },
    (_, i) => runner.gpus[i % Math.max(1, runner.gpus.length)],
  );
  await Promise.all(slots.map(slot));
  return failed;
}

/** A cell whose process failed goes on from its checkpoint; what a user must mend is not tried again. */
async function tried(cell: Cell, gpu: string | undefined, runner: CellRunner): Promise<CellEnd> {
  for (let attempt = 0; ; attempt++) {
    const end = await runCellProcess({ ...runner.command(cell), gpu, beside: runner.parallel }, runner.signal);
    if (end.ended !== 'failed' || attempt >= runner.retries) return end;
  }
}
