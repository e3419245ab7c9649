import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

export interface DivergenceOptions {
  /** T; logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** The distributions to whose logits gradients flow. Default `both`. */
  readonly gradient?: 'both' | 'p' | 'q';
}

/**
 * KL(p || q) of every row in nats, p and q the softmax of logits over T: [P, V] and [P, V] -> [P]. Gradients: of q's logits
 * (q - p) / T, of p's logits p (log p - log q - KL) / T; no factor T^2.
 */
export function klDivergence(
  pLogits: tf.Tensor2D,
  qLogits: tf.Tensor2D,
  { temperature = 1, gradient = 'both' }: DivergenceOptions = {},
): tf.Tensor1D {
  const flowing = gradient === 'both' ? [pLogits, qLogits] : [gradient === 'p' ? pLogits : qLogits];
  return fused(flowing, (_, save) => {
    const [logP, logQ] = [logSoftmaxOver(pLogits, temperature), logSoftmaxOver(qLogits, temperature)];
    const value = tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)), -1) as tf.Tensor1D;
    save(logP, logQ, value);
    return {
      value,
      gradient: (dy, [logP, logQ, kl]) => {
        const weight = tf.expandDims(tf.div(dy, temperature), -1);
        const p = tf.exp(logP);
        const ofQ = () => tf.mul(weight, tf.sub(tf.exp(logQ), p));
        const ofP = () => tf.mul(weight, tf.mul(p, tf.sub(tf.sub(logP, logQ), tf.expandDims(kl, -1))));
        if (gradient === 'both') return [ofP(), ofQ()];
        return [gradient === 'p' ? ofP() : ofQ()];
      },
    };
  });
}

/**
 * KL(p || q) of every row in nats where p is the softmax over T of the k logits given, and 0 at all other ids: values and ids
 * [P, k], logits of q [P, V] -> [P]. The gradient (q - p) / T flows to the logits of q.
 */
export function topDivergence(
  values: tf.Tensor2D,
  ids: tf.Tensor2D,
  logits: tf.Tensor2D,
  temperature = 1,
): tf.Tensor1D {
  const [rows, vocabulary] = logits.shape;
  return fused([logits], ([x], save) => {
    const starts = tf.tensor2d(
      Int32Array.from({ length: rows }, (_, row) => row * vocabulary),
      [rows, 1],
      'int32',
    );
    const places = tf.reshape(tf.add(ids, starts), [-1, 1]) as tf.Tensor2D;
    const logP = logSoftmaxOver(values, temperature);
    const scaled = tf.div(x, temperature) as tf.Tensor2D;
    const logSum = tf.logSumExp(scaled, -1, true);
    const logQ = tf.sub(tf.reshape(tf.gatherND(tf.reshape(scaled, [-1]), places), values.shape), logSum);
    const p = tf.exp(logP);
    save(scaled, logSum, places, p);
    return {
      value: tf.sum(tf.mul(p, tf.sub(logP, logQ)), -1) as tf.Tensor1D,
      gradient: (dy, [scaled, logSum, places, p]) => {
        const weight = tf.expandDims(tf.div(dy, temperature), -1);
        const target = tf.scatterND(places, tf.reshape(tf.mul(p, weight), [-1]), [rows * vocabulary]);
        return [tf.sub(tf.mul(tf.exp(tf.sub(scaled, logSum)), weight), tf.reshape(target, [rows, vocabulary]))];
      },
    };
  });
}

function logSoftmaxOver(logits: tf.Tensor2D, temperature: number): tf.Tensor2D {
  return tf.logSoftmax(tf.div(logits, temperature));
}
