import * as tf from '@tensorflow/tfjs-core';
import type { DropoutDraw } from '../contracts/backbone.js';
import type { RandomSource } from './random.js';

const SPLIT = 0x10000;

/**
 * The dropout of one micro-batch: a mask depends on the run's seed, the optimizer step, the micro-batch and its name, so
 * that a recomputed activation, and another pass over the same rows, meet the same mask.
 * @param step from 1 over the run @param micro from 0 within the step
 */
export function dropoutDraw(random: RandomSource, step: number, micro: number): DropoutDraw {
  return {
    mask(name, shape, rate) {
      const seed = random.stream(`dropout/${step}/${micro}/${name}`).below(2 ** 32);
      return tf.tensor2d(fillMask(new Float32Array(shape[0] * shape[1]), seed, rate), [shape[0], shape[1]]);
    },
  };
}

/** 0 with probability `rate` (to 2^-16), else 1 / (1 - rate). Two values from each draw of sfc32, written out for speed. */
function fillMask(mask: Float32Array, seed: number, rate: number): Float32Array {
  const threshold = Math.round(rate * SPLIT);
  const kept = 1 / (1 - rate);
  let [a, b, c, d] = [seed | 0, ~seed, 0x9e3779b9 | 0, 1];
  for (let i = -24; i < mask.length; i += 2) {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((((c << 21) | (c >>> 11)) >>> 0) + t) | 0;
    if (i < 0) continue;
    mask[i] = (t & 0xffff) < threshold ? 0 : kept;
    if (i + 1 < mask.length) mask[i + 1] = t >>> 16 < threshold ? 0 : kept;
  }
  return mask;
}
