import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';

/** The two moments of AdamW [n]. */
export interface Moments {
  readonly first: tf.Tensor1D;
  readonly second: tf.Tensor1D;
}

/** The numbers of one update. */
export interface UpdateFactors {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** Learning rate times weight decay. */
  readonly decay: number;
  /** Learning rate / (1 - b1^t). */
  readonly size: number;
  /** 1 / sqrt(1 - b2^t) */
  readonly root: number;
}

export interface Update extends Moments {
  /** What is added to the values [n]. */
  readonly difference: tf.Tensor1D;
  /** The values with it [n]. */
  readonly next: tf.Tensor1D;
}

/**
 * One update of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) over values and gradient [n]: m = b1 m + (1 - b1) g,
 * v = b2 v + (1 - b2) g^2, difference -decay p - size m / (root sqrt(v) + epsilon). The caller disposes what it makes.
 */
export function adamwUpdate(
  values: tf.Tensor1D,
  gradient: tf.Tensor1D,
  { first, second }: Moments,
  { betas, epsilon, decay, size, root }: UpdateFactors,
): Update {
  if (hasKernels()) {
    const [b1, b2] = betas;
    const factors = tf.tensor1d([b1, 1 - b1, b2, 1 - b2, epsilon, decay, size, root]);
    const made = runKernel('AdamW', [values, gradient, first, second, factors], {}, 4) as tf.Tensor1D[];
    return { difference: made[0], next: made[1], first: made[2], second: made[3] };
  }
  const [m, v] = [moved(first, gradient, betas[0]), moved(second, tf.square(gradient), betas[1])];
  const step = tf.div(tf.mul(m, -size), tf.add(tf.mul(tf.sqrt(v), root), epsilon));
  const difference = tf.add<tf.Tensor1D>(tf.mul(values, -decay), step);
  return { difference, next: tf.add(values, difference), first: m, second: v };
}

/** beta old + (1 - beta) towards */
function moved(old: tf.Tensor1D, towards: tf.Tensor1D, beta: number): tf.Tensor1D {
  return tf.add(tf.mul(old, beta), tf.mul(towards, 1 - beta));
}
