import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/**
 * Runs f(inputs) keeping nothing but its inputs; the backward pass runs f once more and differentiates it (activation
 * recomputation: Chen et al. 2016, arXiv 1604.06174). `f` must give the same values both times and take gradients through
 * `inputs` only.
 */
export function recomputed(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: readonly tf.Tensor[]): tf.Tensor {
  return fused(inputs, (given, save) => {
    save(...given);
    return {
      value: f(...given),
      gradient: (dy, saved) => tf.grads(f)(saved, dy),
    };
  });
}
