import * as tf from '@tensorflow/tfjs-core';

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
  const fused = tf.customGrad((...parameters: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [x, save] = parameters as [tf.Tensor2D, tf.GradSaveFunc];
    const logSum = tf.logSumExp(x, -1, true);
    save([x, logSum]);
    const chosen = tf.gather(tf.reshape(x, [rows * vocabulary]), tf.tensor1d(index, 'int32'));
    return {
      value: tf.sub(tf.reshape(logSum, [rows]), chosen),
      gradFunc: (dy: tf.Tensor, [x, logSum]: tf.Tensor[]) => {
        const weight = tf.reshape(dy, [rows, 1]);
        const softmax = tf.exp(tf.sub(x, logSum));
        const target = tf.scatterND(tf.tensor2d(index, [rows, 1], 'int32'), tf.reshape(dy, [rows]), [rows * vocabulary]);
        return tf.sub(tf.mul(softmax, weight), tf.reshape(target, [rows, vocabulary]));
      },
    };
  });
  return fused(logits) as tf.Tensor1D;
}
