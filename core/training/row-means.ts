import * as tf from '@tensorflow/tfjs-core';
import type { TrainingBatch } from '../contracts/batch.js';

/** The mean over every row's answer positions: values [P] in their order -> [B]; 0 for a row without any. */
export function rowMeans(values: tf.Tensor1D, { rows, length, answerPositions }: TrainingBatch): tf.Tensor1D {
  const counts = new Float32Array(rows);
  for (const position of answerPositions) counts[Math.floor(position / length)]++;
  const weights = new Float32Array(rows * answerPositions.length);
  answerPositions.forEach((position, p) => {
    const row = Math.floor(position / length);
    weights[p * rows + row] = 1 / counts[row];
  });
  const byRow = tf.tensor2d(weights, [answerPositions.length, rows]);
  return tf.reshape(tf.matMul(tf.reshape(values, [1, answerPositions.length]), byRow), [rows]);
}
