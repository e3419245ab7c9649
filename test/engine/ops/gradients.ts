import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** Standard normal numbers, the same for the same seed. */
export const draw = (seed: number, ...shape: [number, number]): tf.Tensor2D =>
  tf.randomNormal<tf.Rank.R2>(shape, 0, 1, 'float32', seed);

/** The written backward against the gradient of the same value in plain operations, for a random direction dy. */
export function expectSameGradients(
  fusedForm: (...x: tf.Tensor[]) => tf.Tensor,
  plainForm: (...x: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
): void {
  const before = tf.memory().numTensors;
  const gap = tf.tidy(() => {
    const value = fusedForm(...inputs);
    const dy = tf.randomNormal(value.shape, 0, 1, 'float32', 99);
    const written = tf.grads(fusedForm)(inputs, dy);
    const automatic = tf.grads(plainForm)(inputs, dy);
    const gaps = written.map((grad, i) => tf.max(tf.abs(tf.sub(grad, automatic[i]))).arraySync() as number);
    return Math.max(tf.max(tf.abs(tf.sub(value, plainForm(...inputs)))).arraySync() as number, ...gaps);
  });
  expect(gap).toBeLessThan(2e-5);
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose(inputs);
}
