import * as tf from '@tensorflow/tfjs-core';

/** Cosines and signed sines of the rotary position embedding, both [N, 1, d_h]. */
export interface RotaryTable {
  readonly cos: tf.Tensor3D;
  /** The first half negated, so that rotating is x cos + swapHalves(x) sin. */
  readonly sin: tf.Tensor3D;
}

/**
 * Angles of rotary position embedding (Su et al. 2021, arXiv 2104.09864) in the half-split layout: dimension i turns with
 * i + d_h / 2 by position * frequencies[i].
 * @param positions [N] @param frequencies [d_h / 2], radians per token
 */
export function rotaryTable(positions: Int32Array, frequencies: Float64Array): RotaryTable {
  const half = frequencies.length;
  const cos = new Float32Array(positions.length * 2 * half);
  const sin = new Float32Array(cos.length);
  positions.forEach((position, row) => {
    for (let i = 0; i < half; i++) {
      const at = row * 2 * half + i;
      const angle = position * frequencies[i];
      cos[at] = cos[at + half] = Math.cos(angle);
      sin[at + half] = Math.sin(angle);
      sin[at] = -sin[at + half];
    }
  });
  const shape: [number, number, number] = [positions.length, 1, 2 * half];
  return { cos: tf.tensor3d(cos, shape), sin: tf.tensor3d(sin, shape) };
}

function swapHalves(x: tf.Tensor3D): tf.Tensor3D {
  const [first, second]: tf.Tensor3D[] = tf.split(x, 2, -1);
  return tf.concat([second, first], -1);
}

/** Rotates x [N, heads, d_h]. Not differentiable by itself: see `rotateBack`. */
export function rotate(x: tf.Tensor3D, { cos, sin }: RotaryTable): tf.Tensor3D {
  return tf.tidy(() => tf.add(tf.mul(x, cos), tf.mul(swapHalves(x), sin)));
}

/** The gradient of `rotate`: turns dy [N, heads, d_h] back. */
export function rotateBack(dy: tf.Tensor3D, { cos, sin }: RotaryTable): tf.Tensor3D {
  return tf.tidy(() => tf.add(tf.mul(dy, cos), swapHalves(tf.mul(dy, sin) as tf.Tensor3D)));
}
