import * as tf from '@tensorflow/tfjs-core';

/** A forward value with its written backward. */
export interface FusedOperation<O extends tf.Tensor> {
  readonly value: O;
  /** Gradients of every input, in order, from dy and the tensors that were saved. */
  gradient(dy: O, saved: tf.Tensor[]): tf.Tensor[];
}

let releasing = false;

/**
 * Takes gradients so that a fused operation frees the gradient of its output once it has used it; TensorFlow.js holds them all to the
 * end. For the gradient of a scalar whose own gradient nobody else holds.
 * @param run is to call what it is given when its forward pass is over
 */
export function releasingGradients<R>(run: (forwardIsOver: () => void) => R): R {
  const outer = releasing;
  try {
    return run(() => {
      releasing = true;
    });
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
      const done = releasing ? [...saved, dy] : saved;
      const slopes = tf.tidy(() =>
        gradient(dy as O, saved).map((slope) => (done.includes(slope) ? tf.clone(slope) : slope)),
      );
      tf.dispose(done);
      return slopes;
    };
    return { value, gradFunc };
  });
  return operation(...inputs) as O;
}
