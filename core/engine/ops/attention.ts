import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import { composedAttention } from './composed-attention.js';
import type { FrozenLinear } from './frozen-linear.js';
import { fused } from './fused.js';
import { narrowed, type Precision, widened } from './precision.js';
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
  if (!isNative(frame)) return composed(joined, added, frame);
  return byKernel(joined, added, frame, { precision: 'f32', forward: (x) => x, backward: (slopes) => slopes });
}

/** `attention` of what the linear layers of queries, keys and values, joined as one, make of x [N, D]. */
export function projectedAttention(
  x: tf.Tensor2D,
  projection: FrozenLinear,
  added: AttentionAdditions,
  frame: AttentionFrame,
): tf.Tensor2D {
  if (!isNative(frame)) return composed(projection.apply(x), added, frame);
  const { precision } = projection;
  return byKernel(x, added, frame, {
    precision,
    forward: (x) => projection.forward(narrowed(x, precision)),
    backward: (slopes) => widened(projection.backward(slopes), precision),
  });
}

/** The native form takes neither past tokens nor gives keys and values out. */
function isNative({ past, onKeyValues }: AttentionFrame): boolean {
  return hasKernels() && !past?.length && !onKeyValues;
}

/** What lies between an operation's input and queries, keys and values [N, (H + 2K) d_h] of a precision. */
interface Projection {
  readonly precision: Precision;
  forward(x: tf.Tensor2D): tf.Tensor2D;
  backward(slopes: tf.Tensor2D): tf.Tensor2D;
}

function byKernel(
  x: tf.Tensor2D,
  { queries, keys, values }: AttentionAdditions,
  frame: AttentionFrame,
  { precision, forward, backward }: Projection,
): tf.Tensor2D {
  const { rotary, bias, onlyCausal, rows, heads, keyValueHeads } = frame;
  const shape = { rows: { int: rows }, heads: { int: heads }, key_heads: { int: keyValueHeads } };
  const attributes = { T: { type: precision }, ...shape };
  const slots = [queries, keys, values];
  const given = slots.filter((one) => one !== undefined);
  const wanted = slots.reduce((bits, slot, i) => bits + (slot ? 2 ** i : 0), 0);
  const tables = [rotary.cos, rotary.sin, ...(bias && !onlyCausal ? [bias] : [])];
  return fused([x, ...given], ([x, ...given], save) => {
    const projected = forward(x);
    const joined =
      wanted === 0 ? projected : runKernel('Join', [projected, ...inSlots(slots, given)], attributes, 1)[0];
    save(joined, ...tables);
    return {
      value: runKernel('Attention', [joined, ...tables, ...noBias(tables)], attributes, 1)[0] as tf.Tensor2D,
      gradient: (dz, saved) => {
        const inputs = [dz, ...saved, ...noBias(tables)];
        const [slopes, ...own] = runKernel('AttentionGrad', inputs, { ...attributes, wanted: { int: wanted } }, 4);
        return [backward(slopes as tf.Tensor2D), ...own.filter((_, i) => slots[i] !== undefined)];
      },
    };
  });
}

/** The tensors given, in order, where `slots` has one. */
function inSlots(slots: readonly unknown[], given: readonly tf.Tensor[]): (tf.Tensor | undefined)[] {
  let next = 0;
  return slots.map((slot) => (slot ? given[next++] : undefined));
}

/** Stands for a bias that is left out. */
function noBias(tables: readonly tf.Tensor[]): undefined[] {
  return tables.length < 3 ? [undefined] : [];
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
