import * as tf from '@tensorflow/tfjs-core';
import type { RotaryTable } from '../../core/index.js';

export interface AttentionSizes {
  /** B */
  readonly rows: number;
  /** T */
  readonly length: number;
  /** H */
  readonly heads: number;
  /** K */
  readonly keyValueHeads: number;
  /** d_h */
  readonly headWidth: number;
}

/**
 * Rotary grouped-query attention by TensorFlow.js's own differentiable operations: q [N, H d_h], k and v [N, K d_h] -> [N, H d_h]; keys and
 * values are repeated for the heads that share them.
 * @param bias added to the scores [1, 1, T, T]
 */
export function plainAttention(
  [q, k, v]: readonly tf.Tensor[],
  sizes: AttentionSizes,
  rotary: RotaryTable,
  bias: tf.Tensor4D,
): tf.Tensor {
  const { rows, length, heads, keyValueHeads, headWidth } = sizes;
  const byHead = (x: tf.Tensor, count: number) =>
    tf.transpose(tf.reshape(x, [rows, length, count, headWidth]), [0, 2, 1, 3]);
  const turned = (x: tf.Tensor, count: number) => {
    const parts = tf.reshape(x, [rows * length, count, headWidth]);
    const [first, second]: tf.Tensor[] = tf.split(parts, 2, -1);
    return tf.add(tf.mul(parts, rotary.cos), tf.mul(tf.concat([second, first], -1), rotary.sin));
  };
  const shared = tf.tensor1d(
    Array.from({ length: heads }, (_, head) => Math.floor((head * keyValueHeads) / heads)),
    'int32',
  );
  const repeated = (x: tf.Tensor) => tf.gather(byHead(x, keyValueHeads), shared, 1);
  const scores = tf.matMul(byHead(turned(q, heads), heads), repeated(turned(k, keyValueHeads)), false, true);
  const weights = tf.softmax(tf.add(tf.mul(scores, 1 / Math.sqrt(headWidth)), bias));
  const mixed = tf.matMul(weights, repeated(v));
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows * length, heads * headWidth]);
}
