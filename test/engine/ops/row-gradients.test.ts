import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { lowRankRows, type RowSum, weightProbe } from '../../../core/engine/ops/row-gradients.js';
import { lowRankAddition } from '../../../core/index.js';
import { expectClose } from '../../../core/testing/index.js';
import { draw } from './gradients.js';

const [rows, length, inFeatures, outFeatures, rank, scale] = [3, 2, 4, 5, 2, 0.5];
const reductions = ['sum', 'sum-of-squares', 'sum-of-magnitudes'] as const;

const each: Record<RowSum, (gradient: tf.Tensor) => tf.Tensor> = {
  sum: (gradient) => gradient,
  'sum-of-squares': (gradient) => tf.square(gradient),
  'sum-of-magnitudes': (gradient) => tf.abs(gradient),
};

/** The rows of the batch one after another. */
const row = (x: tf.Tensor, b: number): tf.Tensor2D =>
  tf.slice(x as tf.Tensor2D, [b * length, 0], [length, x.shape[1] as number]);

/** Any loss that depends on every row by itself, not linear in y. */
const lossOf = (y: tf.Tensor, weights: tf.Tensor) => tf.sum(tf.mul(tf.square(y), weights));

describe.each(reductions)('lowRankRows, the %s of the gradients of rows', (reduce) => {
  it('equals a loop over batches of one', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const [x, a, b] = [draw(1, rows * length, inFeatures), draw(2, rank, inFeatures), draw(3, outFeatures, rank)];
      const weights = draw(4, rows * length, outFeatures);
      const together = tf.grads((x, a, b) => {
        const y = lowRankRows([x as tf.Tensor2D, a as tf.Tensor2D, b as tf.Tensor2D], scale, rows, reduce);
        return lossOf(y, weights);
      })([x, a, b]);
      const alone = Array.from({ length: rows }, (_, r) =>
        tf.grads((x, a, b) =>
          lossOf(lowRankAddition(x as tf.Tensor2D, a as tf.Tensor2D, b as tf.Tensor2D, scale), row(weights, r)),
        )([row(x, r), a, b]),
      );
      expectClose(together[0], tf.concat(alone.map(([dx]) => dx)), 1e-5, 'the gradient of x');
      for (const [i, name] of [
        [1, 'a'],
        [2, 'b'],
      ] as const) {
        const sum = tf.addN(alone.map((gradients) => each[reduce](gradients[i])));
        expectClose(together[i], sum, 1e-4, `the gradient of ${name}`);
      }
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each(reductions)('weightProbe, the %s of the gradients of rows', (reduce) => {
  it('equals a loop over batches of one, and leaves y and the gradient of x alone', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const [x, weight] = [draw(5, rows * length, inFeatures), draw(6, outFeatures, inFeatures)];
      const weights = draw(7, rows * length, outFeatures);
      const layer = (x: tf.Tensor, weight: tf.Tensor): tf.Tensor2D => tf.matMul(x as tf.Tensor2D, tf.transpose(weight));
      const [dx, probed] = tf.grads((x, probe) => {
        const y = weightProbe(layer(x, weight), probe as tf.Tensor2D, x as tf.Tensor2D, rows, reduce);
        return lossOf(y, weights);
      })([x, tf.zeros([outFeatures, inFeatures])]);
      const alone = Array.from({ length: rows }, (_, r) =>
        tf.grads((x, weight) => lossOf(layer(x, weight), row(weights, r)))([row(x, r), weight]),
      );
      expectClose(dx, tf.concat(alone.map(([dx]) => dx)), 1e-5, 'the gradient of x');
      expectClose(probed, tf.addN(alone.map(([, dw]) => each[reduce](dw))), 1e-4, 'the gradient of the weight');
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the gradients of rows', () => {
  it('of x = 1 and x = -2, each the loss W x, are 1 and -2: together -1, their squares 5, their magnitudes 3', () => {
    const of = (reduce: RowSum) =>
      tf.tidy(() => {
        const x = tf.tensor2d([[1], [-2]]);
        const probe = (probe: tf.Tensor) => tf.sum(weightProbe(x, probe as tf.Tensor2D, x, 2, reduce));
        return tf
          .grad(probe)(tf.zeros([1, 1]))
          .dataSync()[0];
      });
    expect(reductions.map(of)).toEqual([-1, 5, 3]);
  });
});
