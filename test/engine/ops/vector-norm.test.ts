import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { detached, vectorNorm } from '../../../core/index.js';
import { expectClose } from '../../../core/testing/index.js';
import { draw, expectSameGradients } from './gradients.js';

describe('vectorNorm', () => {
  it('of (3, 4) is 5, with the gradient (0.6, 0.8)', () => {
    tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad(vectorNorm)(tf.tensor1d([3, 4]));
      expect(value.arraySync()).toBe(5);
      expectClose(grad, [0.6, 0.8], 1e-6);
    });
  });

  it('has the gradient of its plain form over all entries of a matrix', () => {
    expectSameGradients(vectorNorm, (x) => tf.sqrt(tf.sum(tf.square(x))), [draw(1, 3, 4)]);
  });

  it('has the gradient 0 at 0, where the plain form has none', () => {
    tf.tidy(() => {
      const zero = tf.zeros([2]);
      expect([...tf.grad(vectorNorm)(zero).dataSync()]).toEqual([0, 0]);
      expect([
        ...tf
          .grad((x: tf.Tensor) => tf.sqrt(tf.sum(tf.square(x))))(zero)
          .dataSync(),
      ]).toEqual([NaN, NaN]);
    });
  });
});

describe('detached', () => {
  it('has the values of x, and of x times itself the gradient x', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([2, 3]);
      expect([...detached(x).dataSync()]).toEqual([2, 3]);
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(detached(x), x)))(x);
      expect([...gradient.dataSync()]).toEqual([2, 3]);
    });
  });
});
