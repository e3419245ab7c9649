import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/** x + y of one shape; unlike tf.add it keeps neither for the backward pass. */
export function sumOf<T extends tf.Tensor>(x: T, y: T): T {
  return fused([x, y], ([x, y]) => ({ value: tf.add<T>(x, y), gradient: (dy) => [tf.clone(dy), tf.clone(dy)] }));
}
