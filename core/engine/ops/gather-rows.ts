import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/**
 * Rows of x [N, D] at `index` [P] -> [P, D]. Its gradient adds rows by scatterND, which every engine has (wasm lacks the
 * segment sum that tf.gather's own gradient needs).
 */
export function gatherRows(x: tf.Tensor2D, index: Int32Array): tf.Tensor2D {
  const shape = x.shape;
  return fused([x], ([input]) => ({
    value: tf.gather(input, tf.tensor1d(index, 'int32')),
    gradient: (dy) => [tf.scatterND(tf.tensor2d(index, [index.length, 1], 'int32'), dy, shape)],
  }));
}
