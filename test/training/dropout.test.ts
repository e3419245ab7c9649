import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { dropoutDraw } from '../../core/training/dropout.js';
import { seededRandom } from '../../core/training/random.js';

function mask(seed: number, step: number, micro: number, name: string, rate = 0.25): number[] {
  return tf.tidy(() => [...dropoutDraw(seededRandom(seed), step, micro).mask(name, [200, 101], rate).dataSync()]);
}

describe('dropout', () => {
  it('keeps 1 - rate of the entries, scaled so that the mean stays 1', () => {
    const values = mask(1, 1, 0, 'site');
    expect(new Set(values)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(1, 1);
  });

  it('draws the same mask for the same seed, step, micro-batch and name, and another one otherwise', () => {
    const first = mask(1, 1, 0, 'site');
    expect(mask(1, 1, 0, 'site')).toEqual(first);
    for (const other of [mask(2, 1, 0, 'site'), mask(1, 2, 0, 'site'), mask(1, 1, 1, 'site'), mask(1, 1, 0, 'else')]) {
      const agreeing = other.filter((value, i) => value === first[i]).length / first.length;
      expect(agreeing).toBeCloseTo(0.75 ** 2 + 0.25 ** 2, 1);
    }
  });

  it('keeps everything at rate 0', () => {
    expect(new Set(mask(1, 1, 0, 'site', 0))).toEqual(new Set([1]));
  });
});
