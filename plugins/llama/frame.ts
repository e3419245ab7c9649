import * as tf from '@tensorflow/tfjs-core';
import type { TokenBatch } from '../../core/index.js';

const HIDDEN = -1e9;

/** Positions [B * T]: the number of real tokens before each token of its row, so that padding shifts nothing. */
export function positionsOf(batch: TokenBatch, pastMask?: Uint8Array): Int32Array {
  const { rows, length, mask } = batch;
  const pastLength = pastMask ? pastMask.length / rows : 0;
  const positions = new Int32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    let next = 0;
    for (let s = 0; s < pastLength; s++) next += (pastMask as Uint8Array)[row * pastLength + s];
    for (let t = 0; t < length; t++) {
      positions[row * length + t] = next;
      next += mask[row * length + t];
    }
  }
  return positions;
}

/**
 * What is hidden from whom, added to attention scores: [B or 1, 1, T, S] with S = past + T; 0 where a query may look, a large
 * negative number at later tokens, padding, and tokens further back than the window. Undefined when nothing is hidden.
 * @param mask 1 for real tokens of past and batch [B * S] @param window tokens, the query itself included
 */
export function attentionBias(batch: TokenBatch, mask: Uint8Array, window?: number): tf.Tensor4D | undefined {
  const { rows, length } = batch;
  const total = mask.length / rows;
  const padded = mask.includes(0);
  const windowed = window !== undefined && total > window;
  if (!padded && !windowed && length === 1) return undefined;
  const kinds = padded ? rows : 1;
  const bias = new Float32Array(kinds * length * total);
  for (let row = 0; row < kinds; row++)
    hideRow(bias, mask, { row, length, total, window: windowed ? window : undefined });
  return tf.tensor4d(bias, [kinds, 1, length, total]);
}

interface RowFrame {
  readonly row: number;
  readonly length: number;
  readonly total: number;
  readonly window?: number;
}

function hideRow(bias: Float32Array, mask: Uint8Array, { row, length, total, window }: RowFrame): void {
  for (let t = 0; t < length; t++) {
    const self = total - length + t;
    const at = (row * length + t) * total;
    let seen = 0;
    for (let s = total - 1; s >= 0; s--) {
      const real = mask[row * total + s] === 1;
      if (s <= self && real) seen++;
      const visible = s <= self && real && (window === undefined || seen <= window);
      if (!visible) bias[at + s] = HIDDEN;
    }
  }
}
