import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import { fused } from './fused.js';

/**
 * Cross-entropy of every row in nats: logits [P, V], labels [P] -> [P], logsumexp(row) - row[label]. Gradient
 * (softmax(row) - onehot(label)) dy; only the logits and their logsumexp are kept for it.
 */
export function tokenCrossEntropy(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor1D {
  return hasKernels() ? byKernel(logits, labels) : composed(logits, labels);
}

function byKernel(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor1D {
  return fused([logits], ([x], save) => {
    const chosen = tf.tensor1d(labels, 'int32');
    const [loss, logSum] = runKernel('CrossEntropy', [x, chosen], {}, 2);
    save(x, chosen, logSum);
    return {
      value: loss as tf.Tensor1D,
      gradient: (dy, saved) => runKernel('CrossEntropyGrad', [dy, ...saved], {}, 1),
    };
  });
}

function composed(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor1D {
  const [rows, vocabulary] = logits.shape;
  const index = labels.map((label, p) => p * vocabulary + label);
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
