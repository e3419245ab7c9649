import * as tf from '@tensorflow/tfjs-core';

/** A forward value with its written backward. */
export interface FusedOperation<O extends tf.Tensor> {
  readonly value: O;
  /** Gradients of every input, in order, from dy and the tensors that were saved. */
  gradient(dy: O, saved: tf.Tensor[]): tf.Tensor[];
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
      tf.dispose(saved.filter((tensor) => !slopes.includes(tensor)));
      return slopes;
    };
    return { value, gradFunc };
  });
  return operation(...inputs) as O;
}
