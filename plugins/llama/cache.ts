import * as tf from '@tensorflow/tfjs-core';
import type { KeyValueCache, PastSegment, TokenBatch } from '../../core/index.js';

/** Keys and values of a stretch of tokens for every layer. */
export interface CacheSegment {
  /** 1 (shared by every row) or B. */
  readonly rows: number;
  readonly length: number;
  readonly mask: Uint8Array;
  /** By layer. */
  readonly layers: readonly PastSegment[];
}

/**
 * Keys and values as a list of segments, so that a prefix of one row is shared by many rows without being copied. It owns
 * (and frees) its last segment only; earlier ones belong to the cache it was grown from, which must outlive it.
 */
export class LlamaCache implements KeyValueCache {
  readonly rows: number;
  readonly length: number;

  constructor(readonly segments: readonly CacheSegment[]) {
    this.rows = Math.max(...segments.map((segment) => segment.rows));
    this.length = segments.reduce((sum, segment) => sum + segment.length, 0);
  }

  get mask(): Uint8Array {
    return joinMasks(
      this.segments.map(({ mask, length }) => ({ mask, length })),
      this.rows,
    );
  }

  /** The segments' keys and values in one layer. */
  past(layer: number): PastSegment[] {
    return this.segments.map((segment) => segment.layers[layer]);
  }

  dispose(): void {
    const own = this.segments[this.segments.length - 1];
    for (const { keys, values } of own.layers) tf.dispose([keys, values]);
  }
}

/** Masks of consecutive stretches side by side, [rows * (sum of lengths)]; one-row masks serve every row. */
export function joinMasks(parts: readonly { mask: Uint8Array; length: number }[], rows: number): Uint8Array {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const joined = new Uint8Array(rows * total);
  for (let row = 0; row < rows; row++) {
    let at = row * total;
    for (const { mask, length } of parts) {
      const from = mask.length === length ? 0 : row * length;
      joined.set(mask.subarray(from, from + length), at);
      at += length;
    }
  }
  return joined;
}

/** The cache of `past` and these tokens together; the tensors in `fresh` are taken over. */
export function grownCache(past: LlamaCache | undefined, batch: TokenBatch, fresh: readonly PastSegment[]): LlamaCache {
  const own = { rows: batch.rows, length: batch.length, mask: batch.mask, layers: fresh };
  if (!past) return new LlamaCache([own]);
  const last = past.segments[past.segments.length - 1];
  if (last.rows !== batch.rows) return new LlamaCache([...past.segments, own]);
  const layers = last.layers.map((earlier, layer) => joined(earlier, fresh[layer]));
  const mask = joinMasks([last, own], batch.rows);
  const segment = { rows: batch.rows, length: last.length + batch.length, mask, layers };
  return new LlamaCache([...past.segments.slice(0, -1), segment]);
}

function joined(earlier: PastSegment, later: PastSegment): PastSegment {
  const both = {
    keys: tf.keep(tf.concat([earlier.keys, later.keys], 2)),
    values: tf.keep(tf.concat([earlier.values, later.values], 2)),
  };
  tf.dispose([later.keys, later.values]);
  return both;
}
