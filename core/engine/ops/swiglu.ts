import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/**
 * SwiGLU (Shazeer 2020): h = gate sigmoid(gate) up, all [N, F]. With s = sigmoid(gate): dgate = dh up s (1 + gate (1 - s)),
 * dup = dh gate s.
 */
export function swiGlu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return fused([gate, up], ([g, u], save) => {
    save(g, u);
    return {
      value: tf.mul(tf.mul(g, tf.sigmoid(g)), u) as tf.Tensor2D,
      gradient: (dh, [g, u]) => {
        const s = tf.sigmoid(g);
        const silu = tf.mul(g, s);
        const slope = tf.add(s, tf.sub(silu, tf.mul(silu, s)));
        return [tf.mul(tf.mul(dh, u), slope), tf.mul(dh, silu)];
      },
    };
  });
}
