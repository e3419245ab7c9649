import * as tf from '@tensorflow/tfjs-core';

/** Longest time spent on measuring, in milliseconds. */
const BUDGET = 1500;
const MOST_PRODUCTS = 20;
/** Left out where there are more: threads and memory are not warm yet. */
const WARM_UP = 5;

/**
 * Billions of floating-point operations per second of the engine in use: the median of a few products of two
 * size x size float32 matrices, the first ones left out where there is time for more.
 */
export function productSpeed(size = 1024): number {
  const matrix = tf.randomUniform<tf.Rank.R2>([size, size], -1, 1, 'float32', 1);
  const end = performance.now() + BUDGET;
  const times = [timedProduct(matrix)];
  while (times.length <= MOST_PRODUCTS && performance.now() < end) times.push(timedProduct(matrix));
  matrix.dispose();
  const counted = times.slice(Math.min(WARM_UP, times.length - 1)).sort((a, b) => a - b);
  return (2 * size ** 3) / counted[Math.floor(counted.length / 2)] / 1e6;
}

function timedProduct(matrix: tf.Tensor2D): number {
  const start = performance.now();
  const product = tf.matMul(matrix, matrix);
  const corner = tf.slice(product, [0, 0], [1, 1]);
  corner.dataSync(); // waits for the product without reading all of it
  const duration = performance.now() - start;
  tf.dispose([product, corner]);
  return duration;
}
