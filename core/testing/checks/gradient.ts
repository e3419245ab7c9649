import * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../../contracts/adapter.js';
import { measured } from '../measured.js';
import { oneSidedGradients } from '../tensor-checks.js';
import { demand } from './check.js';

/** Elements of a variable that are compared: the two with the largest gradient and the first. */
function elementsOf(gradient: ArrayLike<number>): number[] {
  const order = [...Array(gradient.length).keys()].sort((i, j) => Math.abs(gradient[j]) - Math.abs(gradient[i]));
  return [...new Set([...order.slice(0, 2), 0])];
}

/**
 * Compares the gradient of a loss with central differences, at elements of every trainable variable. float32 leaves some 2 %
 * of the largest gradient uncertain; at a kink any value between the one-sided differences will do.
 * @param loss shape []; freed here @throws Error naming the variable
 */
export function expectGradient(adapter: Adapter, loss: () => tf.Scalar): void {
  const value = () => tf.tidy(() => loss().dataSync<'float32'>()[0]);
  const variables = Object.entries(adapter.trainable());
  demand(variables.length > 0, 'the adapter has nothing to train');
  const gradients = analytic(variables, loss);
  const largest = Math.max(...gradients.flatMap((gradient) => [...gradient].map(Math.abs)));
  const tolerance = 0.02 * largest + 2e-4 * Math.max(1, Math.abs(value()));
  for (const [v, [name, variable]] of variables.entries()) {
    for (const index of elementsOf(gradients[v])) {
      const [below, above] = oneSidedGradients(value, variable, index);
      const numeric = (below + above) / 2;
      const got = gradients[v][index];
      const close = Math.abs(got - numeric) <= tolerance;
      const within = got >= Math.min(below, above) - tolerance && got <= Math.max(below, above) + tolerance;
      demand(close || within, `the gradient of ${name} at ${index} is ${got}, central differences give ${numeric}`);
    }
  }
}

/** Gradients by variable, in order; zeros where the loss does not reach one. */
function analytic(variables: [string, tf.Variable][], loss: () => tf.Scalar): Float32Array[] {
  return measured(() => {
    const probe = (...values: tf.Tensor[]): tf.Scalar =>
      // Adds every variable times zero: TensorFlow.js refuses a loss that depends on none of them.
      tf.addN([loss(), ...values.map((value) => tf.mul(tf.sum(value), 0))]) as tf.Scalar;
    const list = variables.map(([, variable]) => variable);
    const { grads } = tf.variableGrads(() => probe(...list), list);
    return list.map(({ name, size }) => (grads[name]?.dataSync() as Float32Array) ?? new Float32Array(size));
  });
}
