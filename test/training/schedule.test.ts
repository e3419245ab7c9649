import { describe, expect, it } from 'vitest';
import { endlessWarmUp, learningRateFactor } from '../../core/training/schedule.js';

const curve = (kind: 'constant' | 'linear' | 'cosine', warmup: number, steps: number) =>
  Array.from({ length: steps }, (_, k) => Number(learningRateFactor({ kind, warmup }, k, steps).toFixed(4)));

describe('the learning-rate schedule', () => {
  it('rises by 1/w a step from 1/w to the peak, and falls linearly from there to 1/(T-w) at the last step', () => {
    expect(curve('linear', 2, 6)).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25]);
  });

  it('follows half a cosine after the warm-up', () => {
    expect(curve('cosine', 1, 5)).toEqual([1, 1, 0.8536, 0.5, 0.1464]);
  });

  it('stays at 1 after the warm-up when constant', () => {
    expect(curve('constant', 4, 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  });

  it('is the same without a warm-up as with one of a single step, but for the step that this takes', () => {
    expect(curve('linear', 0, 4)).toEqual([1, 0.75, 0.5, 0.25]);
    expect(curve('linear', 1, 5)).toEqual([1, ...curve('linear', 0, 4)]);
  });

  it('only warms up when the task is shorter than the warm-up', () => {
    expect(curve('linear', 4, 2)).toEqual([0.25, 0.5]);
    expect(curve('cosine', 2, 2)).toEqual([0.5, 1]);
  });
});

describe('a warm-up that does not end', () => {
  const warned = (warmup: number, ...steps: number[]) =>
    endlessWarmUp(
      { kind: 'linear', warmup },
      steps.map((count, i) => ({ name: `t${i}`, steps: count })),
    );

  it('is told of with the tasks that it takes whole', () => {
    expect(warned(5, 6, 5, 2)).toMatch(/^the warm-up of 5 optimizer steps.*: "t1" \(5\), "t2" \(2\)$/);
  });

  it('is none where every task has more steps, or where there is no warm-up', () => {
    expect([warned(5, 6), warned(0, 0, 1)]).toEqual([undefined, undefined]);
  });
});
