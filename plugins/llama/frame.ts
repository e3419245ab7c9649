import * as tf from '@tensorflow/tfjs-core';
import type { TokenBatch } from '../../core/index.js';

const HIDDEN = -1e9;

/**
 * Positions [B * T]: the batch's own, or the number of real tokens before each token of its row, so that padding on the left
 * shifts nothing; padding on the right counts on, as it does in transformers.
 */
export function positionsOf(batch: TokenBatch, pastMask?: Uint8Array): Int32Array {
  const { rows, length, mask } = batch;
  if (batch.positions) return batch.positions;
  const pastLength = pastMask ? pastMask.length / rows : 0;
  const positions = new Int32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    let next = 0;
    for (let s = 0; s < pastLength; s++) next += (pastMask as Uint8Array)[row * pastLength + s];
    const start = mask.indexOf(1, row * length) - row * length;
    for (let t = 0; t < length; t++) {
      positions[row * length + t] = next;
      if (t >= start) next++;
    }
  }
  return positions;
}

/** What is hidden from whom in one pass. */
export interface Hidden {
  /** [B or 1, 1, T, S]; undefined when nothing is hidden. */
  readonly bias?: tf.Tensor4D;
  /** Whether nothing but later tokens is hidden. */
  readonly onlyCausal: boolean;
}

/**
 * What is added to attention scores: [B or 1, 1, T, S] with S = past + T; 0 where a query may look, a large negative number at
 * later tokens, padding, other branches, and tokens further back than the window.
 * @param mask 1 for real tokens of past and batch [B * S] @param window tokens, the query itself included
 */
export function attentionBias(batch: TokenBatch, mask: Uint8Array, window?: number): Hidden {
  const { rows, length, branches } = batch;
  const total = mask.length / rows;
  const padded = mask.includes(0);
  const windowed = window !== undefined && total > window;
  const onlyCausal = !padded && !windowed && !branches;
  if (onlyCausal && length === 1) return { onlyCausal };
  const kinds = padded || branches ? rows : 1;
  const bias = new Float32Array(kinds * length * total);
  for (let row = 0; row < kinds; row++)
    hideRow(bias, mask, { row, length, total, branches, window: windowed ? window : undefined });
  return { bias: tf.tensor4d(bias, [kinds, 1, length, total]), onlyCausal };
}

interface RowFrame {
  readonly row: number;
  readonly length: number;
  readonly total: number;
  /** As of the batch: there is no past then. */
  readonly branches?: Uint8Array;
  readonly window?: number;
}

function hideRow(bias: Float32Array, mask: Uint8Array, frame: RowFrame): void {
  const { row, length, total, window = Number.POSITIVE_INFINITY } = frame;
  for (let t = 0; t < length; t++) {
    const self = total - length + t;
    const at = (row * length + t) * total;
    let seen = 0;
    for (let s = total - 1; s >= 0; s--) {
      const before = s <= self && mask[row * total + s] === 1 && isInSight(frame, s, self);
      if (before) seen++;
      if (!before || seen > window) bias[at + s] = HIDDEN;
    }
  }
}

/** Whether a token of the trunk or of the same branch is asked for. */
function isInSight({ row, total, branches }: RowFrame, asked: number, by: number): boolean {
  if (!branches) return true;
  const branch = branches[row * total + asked];
  return branch === 0 || branch === branches[row * total + by];
}
