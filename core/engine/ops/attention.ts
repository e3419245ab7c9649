import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import { composedAttention } from './composed-attention.js';
import { fused } from './fused.js';
import type { RotaryTable } from './rotary.js';

/** Keys (rotated) and values of earlier tokens, [R, K, S, d_h]; R = 1 is shared by all B rows. */
export interface PastSegment {
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
}

/** What one attention call needs beyond q, k and v. */
export interface AttentionFrame {
  readonly rows: number;
  readonly length: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  readonly rotary: RotaryTable;
  /**
   * Added to the scores: 0 or a large negative number, [B or 1, 1, T, S_past + T]; it hides later tokens in any case. Undefined
   * when nothing is hidden.
   */
  readonly bias?: tf.Tensor4D;
  /** Whether `bias` hides later tokens and nothing else. */
  readonly onlyCausal?: boolean;
  readonly past?: readonly PastSegment[];
  /** Receives the rotated keys and the values of these tokens, [B, K, T, d_h] each; it keeps what it needs. */
  readonly onKeyValues?: (keys: tf.Tensor4D, values: tf.Tensor4D) => void;
}

/** What adapters add to queries [N, H d_h], keys and values [N, K d_h]. */
export interface AttentionAdditions {
  readonly queries?: tf.Tensor2D;
  readonly keys?: tf.Tensor2D;
  readonly values?: tf.Tensor2D;
}

/**
 * Rotary grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245; query head j reads key/value head
 * floor(j K / H)): queries, keys and values side by side [N, (H + 2K) d_h], with what adapters add to them, -> head outputs
 * [N, H d_h], with a written backward. Past tokens take no gradient.
 */
export function attention(joined: tf.Tensor2D, added: AttentionAdditions, frame: AttentionFrame): tf.Tensor2D {
  const native = hasKernels() && !frame.past?.length && !frame.onKeyValues;
  return native ? byKernel(joined, added, frame) : composed(joined, added, frame);
}

function byKernel(joined: tf.Tensor2D, added: AttentionAdditions, frame: AttentionFrame): tf.Tensor2D {
  const { rotary, bias, onlyCausal, rows, heads, keyValueHeads } = frame;
  const attributes = { rows: { int: rows }, heads: { int: heads }, key_heads: { int: keyValueHeads } };
  const hidden = onlyCausal ? undefined : bias;
  const slots = [added.queries, added.keys, added.values];
  const given = slots.filter((one) => one !== undefined);
  return fused([joined, ...given], (inputs, save) => {
    const all = filled([true, ...slots, rotary.cos, rotary.sin, hidden], [...inputs, ...tables(rotary, hidden)]);
    save(...all.filter((one) => one !== undefined));
    return {
      value: runKernel('Attention', all, attributes, 1)[0] as tf.Tensor2D,
      gradient: (dz, saved) => {
        const again = filled([true, ...slots, rotary.cos, rotary.sin, hidden], saved);
        const [slopes, ...own] = runKernel('AttentionGrad', [dz, ...again], attributes, 4);
        return [slopes, ...own.filter((_, i) => slots[i] !== undefined)];
      },
    };
  });
}

function tables({ cos, sin }: RotaryTable, hidden?: tf.Tensor): tf.Tensor[] {
  return hidden ? [cos, sin, hidden] : [cos, sin];
}

/** The tensors in order, with undefined wherever `slots` has it. */
function filled(slots: readonly unknown[], tensors: readonly tf.Tensor[]): (tf.Tensor | undefined)[] {
  let next = 0;
  return slots.map((slot) => (slot === undefined ? undefined : tensors[next++]));
}

function composed(joined: tf.Tensor2D, added: AttentionAdditions, frame: AttentionFrame): tf.Tensor2D {
  const { heads, keyValueHeads, headWidth } = frame;
  const [queryWidth, keyWidth] = [heads * headWidth, keyValueHeads * headWidth];
  const [q, k, v] = columns(joined, [queryWidth, keyWidth, keyWidth]);
  const plus = (x: tf.Tensor2D, addition?: tf.Tensor2D) => (addition ? tf.add<tf.Tensor2D>(x, addition) : x);
  return composedAttention(plus(q, added.queries), plus(k, added.keys), plus(v, added.values), frame);
}

/** Columns of x [N, sum of widths] as tensors [N, width] of their own, differentiable in x. */
function columns(x: tf.Tensor2D, widths: readonly number[]): tf.Tensor2D[] {
  return tf.split(x, [...widths], 1);
}
