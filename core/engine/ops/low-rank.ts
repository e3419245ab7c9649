import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import { fused } from './fused.js';
import { product } from './mat-mul.js';

/**
 * What a low-rank pair adds to a linear layer (LoRA: Hu et al. 2021, arXiv 2106.09685): x [N, in], a [r, in], b [out, r]
 * -> scale (x a^T) b^T [N, out], differentiable in x, a and b. With h = scale x a^T and u = dy b:
 * db = dy^T h, da = scale u^T x, dx = scale u a. Only the thin [N, r] products are ever transposed.
 */
export function lowRankAddition(x: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D, scale: number): tf.Tensor2D {
  const native = hasKernels();
  return fused([x, a, b], ([x, a, b], save) => {
    const [value, h] = native
      ? runKernel('LowRank', [x, a, b], { scale: { float: scale } }, 2)
      : forward(x, a, b, scale);
    save(x, a, b, h);
    return {
      value: value as tf.Tensor2D,
      gradient: (dy, saved) =>
        native ? runKernel('LowRankGrad', [dy, ...saved], { scale: { float: scale } }, 3) : backward(dy, saved, scale),
    };
  });
}

function forward(x: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D, scale: number): [tf.Tensor2D, tf.Tensor2D] {
  const h = tf.mul(product<tf.Tensor2D>(x, a, false, true), scale) as tf.Tensor2D;
  return [product(h, b, false, true), h];
}

function backward(dy: tf.Tensor2D, [x, a, b, h]: readonly tf.Tensor[], scale: number): tf.Tensor[] {
  const u = tf.mul(product(dy, b), scale);
  return [product(u, a), product(u, x, true), tf.transpose(product<tf.Tensor2D>(h, dy, true))];
}
