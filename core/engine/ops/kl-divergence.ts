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

/** The k largest logits of p, and log sum exp of all of them over T. */
export interface TopOfDistribution {
  /** [P, k] */
  readonly values: tf.Tensor2D;
  /** Token ids, int32 [P, k]. */
  readonly ids: tf.Tensor2D;
  /** [P] */
  readonly logSumExp: tf.Tensor1D;
}

/** Below this probability nothing is left beside the k tokens. */
const NOTHING_LEFT = 1e-7;

/**
 * KL(p || q) of every row in nats over k tokens of p and one event more, "any other token": [P], never above the full
 * divergence, and 0 where p equals q. p and q are the softmax of logits over T. Gradients flow to the logits of q [P, V]:
 * (q_j - p_j) / T for a token of the k, q_j (1 - r_p / r_q) / T for another, r the probability of all others.
 */
export function topDivergence(p: TopOfDistribution, logits: tf.Tensor2D, temperature = 1): tf.Tensor1D {
  const [rows, vocabulary] = logits.shape;
  return fused([logits], ([x], save) => {
    const starts = tf.tensor2d(
      Int32Array.from({ length: rows }, (_, row) => row * vocabulary),
      [rows, 1],
      'int32',
    );
    const places = tf.reshape(tf.add(p.ids, starts), [-1, 1]) as tf.Tensor2D;
    const logQ = logSoftmaxOver(x, temperature);
    const ownLogQ = tf.reshape(tf.gatherND(tf.reshape(logQ, [-1]), places), p.values.shape);
    const ownLogP = tf.sub(tf.div(p.values, temperature), tf.expandDims(p.logSumExp, 1));
    const [restP, restQ] = [restOf(ownLogP), restOf(ownLogQ)];
    const ofTokens = tf.sum(tf.mul(tf.exp(ownLogP), tf.sub(ownLogP, ownLogQ)), -1, true);
    const ofRest = tf.mul(restP, tf.sub(tf.log(restP), tf.log(restQ)));
    save(logQ, places, tf.sub(tf.exp(ownLogQ), tf.exp(ownLogP)), tf.sub(1, tf.div(restP, restQ)));
    return {
      value: tf.reshape(tf.add(ofTokens, ofRest), [rows]),
      gradient: (dy, [logQ, places, ofTokens, ofOthers]) => {
        const weight = tf.expandDims(tf.div(dy, temperature), -1);
        const others = tf.reshape(tf.mul(tf.exp(logQ), ofOthers), [rows * vocabulary]);
        const all = tf.tensorScatterUpdate(others, places, tf.reshape(ofTokens, [-1]));
        return [tf.mul(tf.reshape(all, [rows, vocabulary]), weight)];
      },
    };
  });
}

/** What is left of each row's probability [P, 1]. */
function restOf(logProbabilities: tf.Tensor): tf.Tensor {
  return tf.maximum(tf.sub(1, tf.sum(tf.exp(logProbabilities), -1, true)), NOTHING_LEFT);
}

function logSoftmaxOver(logits: tf.Tensor2D, temperature: number): tf.Tensor2D {
  return tf.logSoftmax(tf.div(logits, temperature));
}
