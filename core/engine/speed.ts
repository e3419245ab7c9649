import * as tf from '@tensorflow/tfjs-core';

/** Longest time spent on measuring, in milliseconds. */
const BUDGET = 1500;
const MOST_PRODUCTS = 7;

/**
 * Billions of floating-point operations per second of the engine in use: the median of a few products of two
 * size x size float32 matrices, after one that is not counted.
 */
export function productSpeed(size = 1024): number {
  const matrix = tf.randomUniform<tf.Rank.R2>([size, size], -1, 1, 'float32', 1);
  const times = [timedProduct(matrix)];
  const end = performance.now() + BUDGET;
  do times.push(timedProduct(matrix));
  while (times.length <= MOST_PRODUCTS && performance.now() < end);
  matrix.dispose();
  const counted = times.slice(1).sort((a, b) => a - b);
  return (2 * size ** 3) / counted[Math.floor(counted.length / 2)] / 1e6;
}

function timedProduct(matrix: tf.Tensor2D): number {
  const start = performance.now();
  const product = tf.matMul(matrix, matrix);
  product.dataSync();
  product.dispose();
  return performance.now() - start;
}
