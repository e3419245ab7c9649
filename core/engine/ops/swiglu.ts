import * as tf from '@tensorflow/tfjs-core';

/**
 * SwiGLU (Shazeer 2020): h = gate sigmoid(gate) up, all [N, F]. With s = sigmoid(gate): dgate = dh up s (1 + gate (1 - s)),
 * dup = dh gate s.
 */
export function swiGlu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  const fused = tf.customGrad((...parameters: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [g, u, save] = parameters as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([g, u]);
    return {
      value: tf.mul(tf.mul(g, tf.sigmoid(g)), u),
      gradFunc: (dh: tf.Tensor, [g, u]: tf.Tensor[]) => {
        const s = tf.sigmoid(g);
        const silu = tf.mul(g, s);
        const slope = tf.add(s, tf.sub(silu, tf.mul(silu, s)));
        return [tf.mul(tf.mul(dh, u), slope), tf.mul(dh, silu)];
      },
    };
  });
  return fused(gate, up) as tf.Tensor2D;
}
