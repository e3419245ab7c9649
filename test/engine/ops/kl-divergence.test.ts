import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { klDivergence, topDivergence } from '../../../core/index.js';
import { expectClose } from '../../../core/testing/index.js';
import { draw, expectSameGradients } from './gradients.js';

/** sum p (log p - log q) of every row, in plain operations. */
function plain(p: tf.Tensor, q: tf.Tensor, temperature: number): tf.Tensor {
  const [logP, logQ] = [p, q].map((logits) => tf.logSoftmax(tf.div(logits, temperature)));
  return tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)), -1);
}

/** Logits of (1/4, 3/4) at this temperature, and of (1/2, 1/2). */
const pair = (temperature = 1) => [tf.tensor2d([[0, temperature * Math.log(3)]]), tf.tensor2d([[7, 7]])];

describe('klDivergence', () => {
  it('of (1/4, 3/4) and (1/2, 1/2) is 1/4 ln 1/2 + 3/4 ln 3/2, and the other way round 1/2 ln 2 + 1/2 ln 2/3', () => {
    tf.tidy(() => {
      const [p, q] = pair();
      expectClose(klDivergence(p as tf.Tensor2D, q as tf.Tensor2D), [0.130812], 1e-6);
      expectClose(klDivergence(q as tf.Tensor2D, p as tf.Tensor2D), [0.143841], 1e-6);
    });
  });

  it('divides logits by the temperature, and nothing else by or with it', () => {
    tf.tidy(() => {
      const [p, q] = pair(2);
      expectClose(klDivergence(p as tf.Tensor2D, q as tf.Tensor2D, { temperature: 2 }), [0.130812], 1e-6);
    });
  });

  it('has the gradients (q - p) / T of q and p (log p - log q - KL) / T of p', () => {
    tf.tidy(() => {
      const [p, q] = pair(2);
      const kl = (p: tf.Tensor, q: tf.Tensor) => klDivergence(p as tf.Tensor2D, q as tf.Tensor2D, { temperature: 2 });
      const [ofP, ofQ] = tf.grads(kl)([p, q]);
      expectClose(ofQ, [0.125, -0.125], 1e-6);
      expectClose(ofP, [-0.102995, 0.102995], 1e-6);
    });
  });

  it.each([1, 2.5])('equals the plain form and its gradients at T = %s', (temperature) => {
    const kl = (p: tf.Tensor, q: tf.Tensor) => klDivergence(p as tf.Tensor2D, q as tf.Tensor2D, { temperature });
    expectSameGradients(kl, (p, q) => plain(p, q, temperature), [draw(1, 4, 6), draw(2, 4, 6)]);
  });

  it.each(['p', 'q'] as const)('lets gradients flow to %s alone', (gradient) => {
    const [p, q] = [draw(1, 3, 5), draw(2, 3, 5)];
    const other = (logits: tf.Tensor) => tf.tensor(logits.dataSync(), logits.shape);
    const kl = (p: tf.Tensor, q: tf.Tensor) => klDivergence(p as tf.Tensor2D, q as tf.Tensor2D, { gradient });
    const loss = (shared: tf.Tensor) => kl(tf.add(p, shared), tf.add(q, shared));
    const apart = (shared: tf.Tensor) => {
      const [moved, fixed] = [p, q].map((logits) => tf.add(logits, shared));
      return gradient === 'p' ? plain(moved, other(tf.add(q, shared)), 1) : plain(other(tf.add(p, shared)), fixed, 1);
    };
    expectSameGradients(loss, apart, [draw(3, 3, 5)]);
    tf.dispose([p, q]);
  });

  it('is 0 between equal logits, however large', () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([[1e4, -1e4, 0]]);
      expect(klDivergence(logits, logits).dataSync()[0]).toBe(0);
    });
  });
});

describe('topDivergence', () => {
  it('takes p over the tokens given: of the first of two alone it is -ln 1/2', () => {
    tf.tidy(() => {
      const [values, ids] = [tf.tensor2d([[9]]), tf.tensor2d([[1]], [1, 1], 'int32')];
      const kl = (q: tf.Tensor) => topDivergence(values, ids, q as tf.Tensor2D);
      const { value, grad } = tf.valueAndGrad((q: tf.Tensor) => tf.sum(kl(q)))(tf.tensor2d([[7, 7]]));
      expectClose(value, [Math.LN2], 1e-6);
      expectClose(grad, [0.5, -0.5], 1e-6);
    });
  });

  it('over all tokens is klDivergence, with its gradient', () => {
    const teacher = draw(4, 3, 5);
    const { values, indices } = tf.topk(teacher, 5);
    const top = (q: tf.Tensor) => topDivergence(values as tf.Tensor2D, indices as tf.Tensor2D, q as tf.Tensor2D, 2);
    const whole = (q: tf.Tensor) => klDivergence(teacher, q as tf.Tensor2D, { temperature: 2 });
    expectSameGradients(top, whole, [draw(5, 3, 5)]);
    tf.dispose([teacher, values, indices]);
  });

  it('over k of them equals the plain form, q over the whole vocabulary, and its gradient', () => {
    const teacher = draw(6, 4, 7);
    const { values, indices } = tf.topk(teacher, 3);
    const oneHot = tf.oneHot(tf.cast(indices, 'int32'), 7);
    const top = (q: tf.Tensor) => topDivergence(values as tf.Tensor2D, indices as tf.Tensor2D, q as tf.Tensor2D, 1.5);
    const whole = (q: tf.Tensor) => {
      const logP = tf.logSoftmax(tf.div(values, 1.5));
      const logQ = tf.sum(tf.mul(tf.expandDims(tf.logSoftmax(tf.div(q, 1.5)), 1), oneHot), -1);
      return tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)), -1);
    };
    expectSameGradients(top, whole, [draw(7, 4, 7)]);
    tf.dispose([teacher, values, indices, oneHot]);
  });
});
