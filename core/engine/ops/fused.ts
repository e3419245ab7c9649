import * as tf from '@tensorflow/tfjs-core';

/** A forward value with its written backward. */
export interface FusedOperation<O extends tf.Tensor> {
  readonly value: O;
  /** Gradients of every input, in order, from dy and the tensors that were saved. */
  gradient(dy: O, saved: tf.Tensor[]): tf.Tensor[];
}

let releasing = false;

/**
 * Runs a backward pass in which a fused operation frees the gradient of its output once it has used it; TensorFlow.js holds them all
 * to the end. For gradients of a scalar whose own gradient nobody else holds, and operations that give no input the gradient of
 * another.
 */
export function releasingGradients<R>(run: () => R): R {
  const outer = releasing;
  releasing = true;
  try {
    return run();
  } finally {
    releasing = outer;
  }
}

/** tf.customGrad with types: nothing inside `run` is recorded; `save` keeps tensors until the backward pass has used them. */
export function fused<I extends readonly tf.Tensor[], O extends tf.Tensor>(
  inputs: I,
  run: (inputs: I, save: (...tensors: tf.Tensor[]) => void) => FusedOperation<O>,
): O {
  const operation = tf.customGrad((...parameters: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = parameters[parameters.length - 1] as tf.GradSaveFunc;
    const { value, gradient } = run(parameters.slice(0, -1) as unknown as I, (...tensors) => save(tensors));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const slopes = tf.tidy(() => gradient(dy as O, saved));
      const done = releasing ? [...saved, dy] : saved;
      tf.dispose(done.filter((tensor) => !slopes.includes(tensor)));
      return slopes;
    };
    return { value, gradFunc };
  });
  return operation(...inputs) as O;
}
