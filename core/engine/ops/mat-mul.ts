import * as tf from '@tensorflow/tfjs-core';

/** Whether the engine's matrix product is slow on transposed arguments (wasm: 2 instead of 31 GFLOPS). */
export function transposesExplicitly(): boolean {
  return tf.getBackend() === 'wasm';
}

function swapLastAxes(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, i) => i);
  const last = axes.length - 1;
  [axes[last - 1], axes[last]] = [last, last - 1];
  return tf.transpose(x, axes);
}

/**
 * Matrix product of the last two axes with either side transposed, by the engine's fast path: [.., m, k] x [.., k, n] ->
 * [.., m, n]. For use inside fused operations: its own gradient is not the fast one.
 */
export function product<R extends tf.Tensor>(a: tf.Tensor, b: tf.Tensor, transposeA = false, transposeB = false): R {
  if (!transposesExplicitly()) return tf.matMul<R>(a, b, transposeA, transposeB);
  return tf.tidy(() => tf.matMul<R>(transposeA ? swapLastAxes(a) : a, transposeB ? swapLastAxes(b) : b));
}
