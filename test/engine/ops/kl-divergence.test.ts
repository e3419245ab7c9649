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

/** The k most likely tokens of logits [P, V]; the caller disposes them. */
function topOf(logits: tf.Tensor2D, k: number, temperature: number) {
  return tf.tidy(() => {
    const { values, indices } = tf.topk<tf.Tensor2D>(logits, k);
    return { values, ids: indices, logSumExp: tf.logSumExp(tf.div(logits, temperature), -1) as tf.Tensor1D };
  });
}

describe('topDivergence', () => {
  it('takes all other tokens as one: (1/2 | 1/2) against (1/4 | 3/4) is 1/2 ln 2 + 1/2 ln 2/3', () => {
    tf.tidy(() => {
      const top = topOf(tf.log(tf.tensor2d([[0.5, 0.25, 0.25]])) as tf.Tensor2D, 1, 1);
      const kl = (q: tf.Tensor) => topDivergence(top, q as tf.Tensor2D);
      const { value, grad } = tf.valueAndGrad((q: tf.Tensor) => tf.sum(kl(q)))(
        tf.log(tf.tensor2d([[0.25, 0.25, 0.5]])),
      );
      expectClose(value, [0.143841], 1e-6);
      expectClose(grad, [-0.25, 0.25 / 3, 0.5 / 3], 1e-6);
    });
  });

  it('is 0 without gradient between equal distributions, whatever their temperature', () => {
    tf.tidy(() => {
      const logits = draw(8, 3, 6);
      const kl = (q: tf.Tensor) => tf.sum(topDivergence(topOf(logits, 2, 2), q as tf.Tensor2D, 2));
      const { value, grad } = tf.valueAndGrad(kl)(logits);
      expectClose(value, [0], 1e-6);
      expectClose(grad, new Array(18).fill(0), 1e-6);
    });
  });

  it('over all tokens is klDivergence, with its gradient', () => {
    const teacher = draw(4, 3, 5);
    const { values, ids, logSumExp } = topOf(teacher, 5, 2);
    const top = (q: tf.Tensor) => topDivergence({ values, ids, logSumExp }, q as tf.Tensor2D, 2);
    const whole = (q: tf.Tensor) => klDivergence(teacher, q as tf.Tensor2D, { temperature: 2 });
    expectSameGradients(top, whole, [draw(5, 3, 5)]);
    tf.dispose([teacher, values, ids, logSumExp]);
  });

  it('over k of them equals the plain form, and its gradient', () => {
    const teacher = draw(6, 4, 7);
    const { values, ids, logSumExp } = topOf(teacher, 3, 1.5);
    const chosen = tf.oneHot(tf.cast(ids, 'int32'), 7);
    const top = (q: tf.Tensor) => topDivergence({ values, ids, logSumExp }, q as tf.Tensor2D, 1.5);
    const events = (logits: tf.Tensor) => {
      const own = tf.sum(tf.mul(tf.expandDims(tf.softmax(tf.div(logits, 1.5)), 1), chosen), -1);
      return tf.concat([own, tf.sub(1, tf.sum(own, -1, true))], -1);
    };
    const whole = (q: tf.Tensor) => {
      const [p, r] = [events(teacher), events(q)];
      return tf.sum(tf.mul(p, tf.sub(tf.log(p), tf.log(r))), -1);
    };
    expectSameGradients(top, whole, [draw(7, 4, 7)]);
    tf.dispose([teacher, values, ids, logSumExp, chosen]);
  });
});
