import * as tf from '@tensorflow/tfjs-core';

/**
 * Rows of x [N, D] at `index` [P] -> [P, D]. Its gradient adds rows by scatterND, which every engine has (wasm lacks the
 * segment sum that tf.gather's own gradient needs).
 */
export function gatherRows(x: tf.Tensor2D, index: Int32Array): tf.Tensor2D {
  const shape = x.shape;
  const fused = tf.customGrad((input: tf.Tensor | tf.GradSaveFunc) => ({
    value: tf.gather(input as tf.Tensor2D, tf.tensor1d(index, 'int32')),
    gradFunc: (dy: tf.Tensor) => tf.scatterND(tf.tensor2d(index, [index.length, 1], 'int32'), dy, shape),
  }));
  return fused(x) as tf.Tensor2D;
}
