import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';

/** Flat indices p * V + labels[p], int32 [P]. */
function flatIndex(labels: Int32Array, vocabulary: number): Int32Array {
  return labels.map((label, p) => p * vocabulary + label);
}

/**
 * Cross-entropy of every row in nats: logits [P, V], labels [P] -> [P], logsumexp(row) - row[label]. Gradient
 * (softmax(row) - onehot(label)) dy; only the logits and their logsumexp are kept for it.
 */
export function tokenCrossEntropy(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor1D {
  const [rows, vocabulary] = logits.shape;
  const index = flatIndex(labels, vocabulary);
  return fused([logits], ([x], save) => {
    const logSum = tf.logSumExp(x, -1, true);
    save(x, logSum);
    const chosen = tf.gather(tf.reshape(x, [rows * vocabulary]), tf.tensor1d(index, 'int32'));
    return {
      value: tf.sub(tf.reshape(logSum, [rows]), chosen) as tf.Tensor1D,
      gradient: (dy, [x, logSum]) => {
        const weight = tf.reshape(dy, [rows, 1]);
        const softmax = tf.exp(tf.sub(x, logSum));
        const target = tf.scatterND(tf.tensor2d(index, [rows, 1], 'int32'), tf.reshape(dy, [rows]), [
          rows * vocabulary,
        ]);
        return [tf.sub(tf.mul(softmax, weight), tf.reshape(target, [rows, vocabulary]))];
      },
    };
  });
}
