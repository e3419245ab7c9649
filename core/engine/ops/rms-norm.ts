import * as tf from '@tensorflow/tfjs-core';

/**
 * Root-mean-square norm (Zhang and Sennrich 2019): y = g x / sqrt(mean(x^2) + epsilon) over the last axis, x [N, D], frozen
 * gain g [D]. With r = 1 / sqrt(mean(x^2) + epsilon) and u = x r: dx = r (g dy - u mean(g dy u)).
 */
export function rmsNorm(x: tf.Tensor2D, gain: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  const fused = tf.customGrad((input: tf.Tensor | tf.GradSaveFunc, save: tf.Tensor | tf.GradSaveFunc) => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(input as tf.Tensor2D), -1, true), epsilon));
    const unit = tf.mul(input as tf.Tensor2D, inverse);
    (save as tf.GradSaveFunc)([unit, inverse]);
    return {
      value: tf.mul(unit, gain),
      gradFunc: (dy: tf.Tensor, [u, r]: tf.Tensor[]) => {
        const scaled = tf.mul(dy, gain);
        const along = tf.mean(tf.mul(scaled, u), -1, true);
        return tf.mul(r, tf.sub(scaled, tf.mul(u, along)));
      },
    };
  });
  return fused(x) as tf.Tensor2D;
}
