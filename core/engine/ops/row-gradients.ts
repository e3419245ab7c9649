import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';
import { product } from './mat-mul.js';

/** How the gradients of the rows of a batch are put together, entry by entry. */
export type RowSum = 'sum' | 'sum-of-squares' | 'sum-of-magnitudes';

/**
 * The sum over rows b of u_b^T x_b, or of the squares or magnitudes of its entries: u [B T, m], x [B T, n] -> [m, n]. With u
 * the gradient of a linear layer's output and x its input this is the gradient of its weight, row by row of the batch.
 */
function rowProducts(u: tf.Tensor2D, x: tf.Tensor2D, rows: number, reduce: RowSum): tf.Tensor2D {
  if (reduce === 'sum') return product(u, x, true);
  const byRow = (y: tf.Tensor2D) => tf.reshape(y, [rows, -1, y.shape[1]]);
  const products = product<tf.Tensor3D>(byRow(u), byRow(x), true);
  return tf.sum(reduce === 'sum-of-squares' ? tf.square(products) : tf.abs(products), 0);
}

/**
 * `lowRankAddition` whose gradients of a and b are sums over the rows of the batch of squares or magnitudes of each row's own
 * gradient; the gradient of x is the ordinary one.
 * @param rows B, where x is [B T, in]
 */
export function lowRankRows(
  [x, a, b]: readonly [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D],
  scale: number,
  rows: number,
  reduce: RowSum,
): tf.Tensor2D {
  return fused([x, a, b], ([x, a, b], save) => {
    const h = tf.mul(product<tf.Tensor2D>(x, a, false, true), scale) as tf.Tensor2D;
    save(x, a, b, h);
    return {
      value: product<tf.Tensor2D>(h, b, false, true),
      gradient: (dy, saved) => {
        const [x, a, b, h] = saved as tf.Tensor2D[];
        const u = tf.mul(product<tf.Tensor2D>(dy, b), scale) as tf.Tensor2D;
        return [product(u, a), rowProducts(u, x, rows, reduce), rowProducts(dy, h, rows, reduce)];
      },
    };
  });
}

/**
 * y [B T, out] as it is; the gradient of `probe` [out, in], whose values are not read, is that of a weight W whose layer gives
 * y = x W^T + .., put together over the rows of the batch.
 */
export function weightProbe(
  y: tf.Tensor2D,
  probe: tf.Tensor2D,
  x: tf.Tensor2D,
  rows: number,
  reduce: RowSum,
): tf.Tensor2D {
  return fused([y, probe], ([y], save) => {
    save(x);
    return {
      value: tf.clone(y),
      gradient: (dy, [x]) => [dy, rowProducts(dy, x as tf.Tensor2D, rows, reduce)],
    };
  });
}
