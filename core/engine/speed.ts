import * as tf from '@tensorflow/tfjs-core';

/** Longest time spent on measuring, in milliseconds. */
const BUDGET = 1500;
const MOST_PRODUCTS = 7;

/**
 * Billions of floating-point operations per second of the engine in use: the median of a few products of two
 * size x size float32 matrices, the first left out where there is time for more.
 */
export function productSpeed(size = 1024): number {
  const matrix = tf.randomUniform<tf.Rank.R2>([size, size], -1, 1, 'float32', 1);
  const end = performance.now() + BUDGET;
  const times = [timedProduct(matrix)];
  while (times.length <= MOST_PRODUCTS && performance.now() < end) times.push(timedProduct(matrix));
  matrix.dispose();
  const counted = (times.length > 1 ? times.slice(1) : times).sort((a, b) => a - b);
  return (2 * size ** 3) / counted[Math.floor(counted.length / 2)] / 1e6;
}

function timedProduct(matrix: tf.Tensor2D): number {
  const start = performance.now();
  const product = tf.matMul(matrix, matrix);
  product.dataSync();
  product.dispose();
  return performance.now() - start;
}
