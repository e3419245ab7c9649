import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/**
 * Runs f(inputs) keeping nothing but its inputs; the backward pass runs f once more and differentiates it (activation
 * recomputation: Chen et al. 2016, arXiv 1604.06174). `f` must give the same values both times and take gradients through
 * `inputs` only. `constants` are
 * tensors that f reads and that may be gone by then.
 */
export function recomputed(
  f: (inputs: readonly tf.Tensor[], constants: readonly tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  constants: readonly tf.Tensor[] = [],
): tf.Tensor {
  return fused(inputs, (given, save) => {
    save(...given, ...constants);
    return {
      value: f(given, constants),
      gradient: (dy, saved) => {
        const kept = saved.slice(given.length);
        const again = tf.grads((...inputs: tf.Tensor[]) => f(inputs, kept));
        return withOwnTape(() => again(saved.slice(0, given.length), dy));
      },
    };
  });
}

/** Lets a gradient be taken inside a backward pass: the engine would otherwise drop the outer pass's tape. */
function withOwnTape<R>(run: () => R): R {
  const { state } = tf.engine();
  const outer = state.activeTape;
  try {
    return run();
  } finally {
    state.activeTape = outer;
  }
}
