import type { TokenBatch } from '../contracts/batch.js';

export interface PaddingOptions {
  /** Any valid token id; no logit depends on it. */
  readonly pad: number;
  /** Where padding stands. Default `right`. */
  readonly side?: 'left' | 'right';
}

/** Pads rows of token ids to their longest: [B, T], T at least 1. */
export function padRows(rows: readonly (readonly number[])[], options: PaddingOptions): TokenBatch {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 1);
  const ids = new Int32Array(rows.length * length).fill(options.pad);
  const mask = new Uint8Array(rows.length * length);
  rows.forEach((row, b) => {
    const start = b * length + (options.side === 'left' ? length - row.length : 0);
    ids.set(row, start);
    mask.fill(1, start, start + row.length);
  });
  return { ids, mask, rows: rows.length, length };
}

/** Number of leading tokens that all rows have in common; the whole length for a single row, 0 for none. */
export function commonPrefixLength(rows: readonly (readonly number[])[]): number {
  const [first, ...others] = rows;
  if (!first) return 0;
  let length = first.length;
  for (const row of others) {
    let same = 0;
    while (same < length && same < row.length && row[same] === first[same]) same++;
    length = same;
  }
  return length;
}
