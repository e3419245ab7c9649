import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/**
 * Root-mean-square norm (Zhang and Sennrich 2019): y = g x / sqrt(mean(x^2) + epsilon) over the last axis, x [N, D], frozen
 * gain g [D]. With r = 1 / sqrt(mean(x^2) + epsilon) and u = x r: dx = r (g dy - u mean(g dy u)).
 */
export function rmsNorm(x: tf.Tensor2D, gain: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return fused([x], ([input], save) => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(input), -1, true), epsilon));
    const unit = tf.mul(input, inverse);
    save(unit, inverse);
    return {
      value: tf.mul(unit, gain) as tf.Tensor2D,
      gradient: (dy, [u, r]) => {
        const scaled = tf.mul(dy, gain);
        const along = tf.mean(tf.mul(scaled, u), -1, true);
        return [tf.mul(r, tf.sub(scaled, tf.mul(u, along)))];
      },
    };
  });
}
