import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';
import { product } from './mat-mul.js';

/**
 * What a low-rank pair adds to a linear layer (LoRA: Hu et al. 2021, arXiv 2106.09685): x [N, in], a [r, in], b [out, r]
 * -> scale (x a^T) b^T [N, out], differentiable in x, a and b. With h = scale x a^T and u = dy b:
 * db = dy^T h, da = scale u^T x, dx = scale u a. Only the thin [N, r] products are ever transposed.
 */
export function lowRankAddition(x: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D, scale: number): tf.Tensor2D {
  return fused([x, a, b], ([x, a, b], save) => {
    const h = tf.mul(product<tf.Tensor2D>(x, a, false, true), scale) as tf.Tensor2D;
    save(x, a, b, h);
    return {
      value: product<tf.Tensor2D>(h, b, false, true),
      gradient: (dy, [x, a, b, h]) => {
        const u = tf.mul(product(dy, b), scale);
        return [product(u, a), product(u, x, true), tf.transpose(product<tf.Tensor2D>(h, dy, true))];
      },
    };
  });
}
