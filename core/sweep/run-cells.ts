import type { Cell } from './cell.js';
import { type CellCommand, type CellEnd, runCellProcess } from './cell-process.js';

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
  ended?(cell: Cell, end: CellEnd, over: number): void | Promise<void>;
  /** A cell that is to be tried again. */
  again?(cell: Cell, end: CellEnd): void;
}

/**
 * Runs cells, each in a process of its own; a cell that fails stops no other. Where `ended` throws, the other cells at
 * hand are ended, and no more are begun, before it is thrown on.
 */
export async function runCells(cells: readonly Cell[], runner: CellRunner): Promise<void> {
  const waiting = [...cells];
  let over = 0;
  const fault = new AbortController();
  const signal = AbortSignal.any([fault.signal, ...(runner.signal ? [runner.signal] : [])]);
  const slot = async (gpu: string | undefined) => {
    for (let cell = waiting.shift(); cell && !signal.aborted; cell = waiting.shift()) {
      const end = await tried(cell, gpu, { ...runner, signal });
      over++;
      await runner.ended?.(cell, end, over);
    }
  };
  const slots = Array.from(
    { length: Math.min(runner.parallel, cells.length) },
    (_, i) => runner.gpus[i % Math.max(1, runner.gpus.length)],
  );
  const stopOthers = (error: unknown) => {
    fault.abort();
    throw error;
  };
  const outcomes = await Promise.allSettled(slots.map((gpu) => slot(gpu).catch(stopOthers)));
  const thrown = outcomes.find((outcome) => outcome.status === 'rejected');
  if (thrown) throw thrown.reason;
}

/** A cell whose process failed goes on from its checkpoint; what a user must mend is not tried again. */
async function tried(cell: Cell, gpu: string | undefined, runner: CellRunner): Promise<CellEnd> {
  for (let attempt = 0; ; attempt++) {
    const end = await runCellProcess({ ...runner.command(cell), gpu, beside: runner.parallel }, runner.signal);
    if (end.ended !== 'failed' || attempt >= runner.retries) return end;
    runner.again?.(cell, end);
  }
}
