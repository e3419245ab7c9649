import { describe, expect, it } from 'vitest';
import { learningRateFactor } from '../../core/training/schedule.js';

const curve = (kind: 'constant' | 'linear' | 'cosine', warmup: number, steps: number) =>
  Array.from({ length: steps }, (_, k) => Number(learningRateFactor({ kind, warmup }, k, steps).toFixed(4)));

describe('the learning-rate schedule', () => {
  it('rises from 0 by 1/w a step and falls linearly to 1/(T-w) at the last step', () => {
    expect(curve('linear', 2, 6)).toEqual([0, 0.5, 1, 0.75, 0.5, 0.25]);
  });

  it('follows half a cosine after the warm-up', () => {
    expect(curve('cosine', 1, 5)).toEqual([0, 1, 0.8536, 0.5, 0.1464]);
  });

  it('stays at 1 after the warm-up when constant', () => {
    expect(curve('constant', 2, 4)).toEqual([0, 0.5, 1, 1]);
  });

  it('only warms up when the task is shorter than the warm-up', () => {
    expect(curve('linear', 4, 2)).toEqual([0, 0.25]);
    expect(curve('cosine', 2, 2)).toEqual([0, 0.5]);
  });
});
