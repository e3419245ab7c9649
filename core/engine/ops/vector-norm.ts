import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/** L2 norm over all entries, shape []; its gradient x / |x| is 0 at x = 0. */
export function vectorNorm(x: tf.Tensor): tf.Scalar {
  return fused([x], ([given], save) => {
    const norm = tf.sqrt(tf.sum(tf.square(given))) as tf.Scalar;
    save(given, norm);
    return {
      value: norm,
      gradient: (dy, [x, norm]) => [tf.mul(dy, tf.divNoNan(x, norm))],
    };
  });
}
