import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs f(inputs) keeping nothing but its inputs; the backward pass runs f once more and differentiates it (activation
 * recomputation: Chen et al. 2016, arXiv 1604.06174). `f` must give the same values both times and take gradients through
 * `inputs` only.
 */
export function recomputed(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: readonly tf.Tensor[]): tf.Tensor {
  const fused = tf.customGrad((...parameters: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = parameters[parameters.length - 1] as tf.GradSaveFunc;
    const given = parameters.slice(0, -1) as tf.Tensor[];
    save(given);
    return {
      value: f(...given),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.grads(f)(saved, dy),
    };
  });
  return fused(...inputs);
}
