import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import { fused } from './fused.js';
import { product } from './mat-mul.js';

/** The factors of a low-rank pair: a [r, in], b [out, r]. */
export interface LowRankPairFactors {
  readonly a: tf.Tensor2D;
  readonly b: tf.Tensor2D;
  readonly scale: number;
}

/**
 * What a low-rank pair adds to a linear layer (LoRA: Hu et al. 2021, arXiv 2106.09685): x [N, in], a [r, in], b [out, r]
 * -> scale (x a^T) b^T [N, out], differentiable in x, a and b.
 */
export function lowRankAddition(x: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D, scale: number): tf.Tensor2D {
  return fused([x, a, b], ([x, a, b], save) => {
    const [value, h] = lowRankForward(x, { a, b, scale });
    save(x, a, b, h);
    return {
      value,
      gradient: (dy, saved) => {
        const [x, a, b, h] = saved as tf.Tensor2D[];
        return lowRankBackward(dy, x, { a, b, scale }, h);
      },
    };
  });
}

/** The addition h b^T [N, out] and h = scale x a^T [N, r]; not differentiable. */
export function lowRankForward(x: tf.Tensor2D, { a, b, scale }: LowRankPairFactors): [tf.Tensor2D, tf.Tensor2D] {
  if (hasKernels())
    return runKernel('LowRank', [x, a, b], { scale: { float: scale } }, 2) as [tf.Tensor2D, tf.Tensor2D];
  const h = tf.mul(product<tf.Tensor2D>(x, a, false, true), scale) as tf.Tensor2D;
  return [product(h, b, false, true), h];
}

/**
 * Gradients of x, a and b. With u = dy b: db = dy^T h, da = scale u^T x, dx = scale u a, to which a gradient `past` [N, in] that x has
 * got already is added. Only the thin [N, r] products are ever transposed.
 */
export function lowRankBackward(
  dy: tf.Tensor2D,
  x: tf.Tensor2D,
  { a, b, scale }: LowRankPairFactors,
  h: tf.Tensor2D,
  past?: tf.Tensor2D,
): tf.Tensor2D[] {
  if (hasKernels()) {
    const inputs = [dy, x, a, b, h, past];
    return runKernel('LowRankGrad', inputs, { scale: { float: scale } }, 3) as tf.Tensor2D[];
  }
  const u = tf.mul(product(dy, b), scale);
  const dx = product<tf.Tensor2D>(u, a);
  return [past ? tf.add(dx, past) : dx, product(u, x, true), tf.transpose(product<tf.Tensor2D>(h, dy, true))];
}
