import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, type KernelAttribute, runKernel } from '../kernels/kernels.js';
import { composedAttention } from './composed-attention.js';
import { fused } from './fused.js';
import type { Precision } from './precision.js';
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
  const slots = [added.queries, added.keys, added.values];
  const native = new NativeAttention(frame, 'f32', slots.map(Boolean));
  return fused([joined, ...slots.filter((one) => one !== undefined)], ([joined, ...given], save) => {
    const whole = native.join(joined, given);
    save(whole, ...native.tables);
    return {
      value: native.forward(whole),
      gradient: (dz, [whole, ...tables]) => native.backward(dz, whole, tables),
    };
  });
}

/** Whether attention is one native operation, which takes no past tokens and gives no keys and values out. */
export function isNative({ past, onKeyValues }: AttentionFrame): boolean {
  return hasKernels() && !past?.length && !onKeyValues;
}

/** The native operations of one attention call; not differentiable. */
export class NativeAttention {
  /** What the backward pass reads besides queries, keys and values: cosines, sines and the bias that hides more than later tokens. */
  readonly tables: readonly tf.Tensor[];
  private readonly attributes: Readonly<Record<string, KernelAttribute>>;

  /** @param present whether something is added to queries, keys and values */
  constructor(
    { rotary, bias, onlyCausal, rows, heads, keyValueHeads }: AttentionFrame,
    precision: Precision,
    private readonly present: readonly boolean[],
  ) {
    this.tables = [rotary.cos, rotary.sin, ...(bias && !onlyCausal ? [bias] : [])];
    const shape = { rows: { int: rows }, heads: { int: heads }, key_heads: { int: keyValueHeads } };
    this.attributes = { T: { type: precision }, ...shape };
  }

  /** Queries, keys and values side by side with what is given for those to which something is added, in order. */
  join(projected: tf.Tensor, given: readonly tf.Tensor[]): tf.Tensor2D {
    if (given.length === 0) return projected as tf.Tensor2D;
    let next = 0;
    const slots = this.present.map((there) => (there ? given[next++] : undefined));
    return runKernel('Join', [projected, ...slots], this.attributes, 1)[0] as tf.Tensor2D;
  }

  forward(joined: tf.Tensor): tf.Tensor2D {
    return runKernel('Attention', [joined, ...this.withBias(this.tables)], this.attributes, 1)[0] as tf.Tensor2D;
  }

  /** Gradients of `joined`, in its precision, then of what was given to `join`. */
  backward(dz: tf.Tensor, joined: tf.Tensor, tables: readonly tf.Tensor[]): tf.Tensor2D[] {
    const bits = this.present.reduce((sum, there, i) => sum + (there ? 2 ** i : 0), 0);
    const inputs = [dz, joined, ...this.withBias(tables)];
    const made = runKernel('AttentionGrad', inputs, { ...this.attributes, wanted: { int: bits } }, 4);
    return made.filter((_, i) => i === 0 || this.present[i - 1]) as tf.Tensor2D[];
  }

  private withBias(tables: readonly tf.Tensor[]): (tf.Tensor | undefined)[] {
    return [tables[0], tables[1], tables[2]];
  }
}

function composed(joined: tf.Tensor2D, added: AttentionAdditions, frame: AttentionFrame): tf.Tensor2D {
  const { heads, keyValueHeads, headWidth } = frame;
  const [queryWidth, keyWidth] = [heads * headWidth, keyValueHeads * headWidth];
  const [q, k, v]: tf.Tensor2D[] = tf.split(joined, [queryWidth, keyWidth, keyWidth], 1);
  const plus = (x: tf.Tensor2D, addition?: tf.Tensor2D) => (addition ? tf.add<tf.Tensor2D>(x, addition) : x);
  return composedAttention(plus(q, added.queries), plus(k, added.keys), plus(v, added.values), frame);
}
