import type { TokenBatch, TrainingBatch } from '../contracts/batch.js';
import type { Positions } from '../contracts/passes.js';
import { problem } from '../errors.js';

/** Flat positions into [B * T], ascending. @throws PalimpsestError PASS_INVALID for rows without labels */
export function flatPositions(rows: TokenBatch | TrainingBatch, wanted: Positions): Int32Array {
  if (wanted === 'all') return Int32Array.from({ length: rows.rows * rows.length }, (_, i) => i);
  if (wanted === 'real') return flatPositions(rows, 'all').filter((position) => rows.mask[position] === 1);
  if (wanted === 'last') return Int32Array.from({ length: rows.rows }, (_, b) => lastReal(rows, b));
  if (!('labels' in rows)) {
    throw problem('PASS_INVALID', { where: `logits: ${wanted}`, expected: 'rows with labels', got: 'rows without' });
  }
  return wanted === 'answers' ? rows.answerPositions : rows.answerStart.filter((position) => position >= 0);
}

function lastReal({ mask, length }: TokenBatch, row: number): number {
  return Math.max(mask.lastIndexOf(1, (row + 1) * length - 1), row * length);
}

/** Every position of the lists once, ascending. */
export function union(lists: readonly Int32Array[]): Int32Array {
  return Int32Array.from(new Set(lists.flatMap((list) => [...list]))).sort();
}

/** Where each of `positions` stands in `among`, which holds them all. */
export function indexWithin(positions: Int32Array, among: Int32Array): Int32Array {
  const places = new Map([...among].map((position, i) => [position, i]));
  return positions.map((position) => places.get(position) as number);
}
