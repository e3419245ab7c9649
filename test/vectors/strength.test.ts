import { describe, expect, it } from 'vitest';
import { z } from '../../core/index.js';
import { strengthAt, strengthOptions } from '../../core/vectors/strength.js';

const options = z.strictObject(strengthOptions);

/** Strengths over five steps, or over the steps of two epochs. */
const over = (given: object, places = [0, 1, 2, 3, 4].map((taskStep) => ({ taskStep, taskSteps: 5 }))) =>
  places.map((place) => strengthAt(options.parse(given), { step: 1, taskIndex: 0, epoch: 0, epochs: 1, ...place }));

describe('the strength over a task', () => {
  it.each<[string, number[]]>([
    ['linear', [1, 0.75, 0.5, 0.25, 0]],
    ['cosine', [1, 0.853553, 0.5, 0.146447, 0]],
    ['exponential', [1, 0.286505, 0.082085, 0.023518, 0.006738]],
    ['step', [1, 1, 0, 0, 0]],
    ['constant', [1, 1, 1, 1, 1]],
  ])('is for five steps and the shape %s %o', (shape, want) => {
    expect(over({ shape })).toEqual(want.map((strength) => expect.closeTo(strength, 6)));
  });

  it('is linear from 1 to 0 by default, or between the strengths given: from 2 to -1', () => {
    expect(over({})).toEqual(over({ shape: 'linear', from: 1, to: 0, per: 'step' }));
    expect(over({ from: 2, to: -1 })).toEqual([2, 1.25, 0.5, -0.25, -1]);
  });

  it('is that of the beginning where there is one step or one epoch only', () => {
    expect(over({ from: 0.7 }, [{ taskStep: 0, taskSteps: 1 }])).toEqual([0.7]);
    expect(over({ from: 0.7, per: 'epoch' })).toEqual([0.7, 0.7, 0.7, 0.7, 0.7]);
  });

  it('falls from epoch to epoch if asked to: 1, 1, 0.5, 0.5, 0, 0', () => {
    const places = [0, 1, 2, 3, 4, 5].map((taskStep) => ({ taskStep, taskSteps: 6, epoch: taskStep >> 1, epochs: 3 }));
    expect(over({ per: 'epoch' }, places)).toEqual([1, 1, 0.5, 0.5, 0, 0]);
  });
});
