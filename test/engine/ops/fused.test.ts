import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { releasingGradients } from '../../../core/engine/ops/fused.js';
import { fused } from '../../../core/index.js';

/** x + y whose gradient is one tensor for both. */
const sharing = (x: tf.Tensor, y: tf.Tensor) =>
  fused([x, y], ([x, y]) => ({ value: tf.add(x, y), gradient: (dy) => [dy, dy] }));
const doubled = (x: tf.Tensor) => fused([x], ([x]) => ({ value: tf.mul(x, 2), gradient: (dy) => [tf.mul(dy, 2)] }));

describe('gradients that are freed as the backward pass goes', () => {
  it('are those of a pass that keeps them, also where two inputs are given one tensor', () => {
    tf.tidy(() => {
      const x = tf.variable(tf.tensor1d([1, 2]));
      const loss = () => tf.sum(sharing(doubled(x), doubled(doubled(x)))) as tf.Scalar;
      const freed = releasingGradients((forwardIsOver) =>
        tf.engine().gradients(
          () => {
            const value = loss();
            forwardIsOver();
            return value;
          },
          [x],
          undefined,
          true,
        ),
      );
      expect([...freed.grads[0].dataSync()]).toEqual([6, 6]);
      expect([...tf.variableGrads(loss).grads[x.name].dataSync()]).toEqual([6, 6]);
      x.dispose();
    });
  });

  it('leave the gradient that a caller gave, in the forward pass and afterwards', () => {
    tf.tidy(() => {
      const [x, dy] = [tf.tensor1d([1]), tf.tensor1d([3])];
      releasingGradients((forwardIsOver) => {
        expect(tf.grad(doubled)(x, dy).dataSync()[0]).toBe(6);
        expect(dy.isDisposed).toBe(false);
        forwardIsOver();
      });
      expect(tf.grad(doubled)(x, dy).dataSync()[0]).toBe(6);
      expect(dy.isDisposed).toBe(false);
    });
  });
});
