import { describe, expect, it } from 'vitest';
import { commandOf, comparison, largestDifference, median, megabytes, spread } from '../../benchmarks/figures.js';

describe('figures', () => {
  it('have the middle value as median, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('do not reorder what they are made of', () => {
    const seconds = [3, 1, 2];
    median(seconds);
    expect(seconds).toEqual([3, 1, 2]);
  });

  it('tell fastest and slowest to four digits', () => {
    expect(spread([0.0123456, 23.456, 1])).toEqual({ median: 1, fastest: 0.01235, slowest: 23.46 });
  });

  it('compare medians with that of the base', () => {
    const samples = new Map([
      ['ours', [1, 2, 3]],
      ['theirs', [3, 3, 9]],
    ]);
    expect(comparison(samples, 'side', 'ours')).toEqual([
      { side: 'ours', median: 2, fastest: 1, slowest: 3, 'x ours': 1 },
      { side: 'theirs', median: 3, fastest: 3, slowest: 9, 'x ours': 1.5 },
    ]);
  });

  it('count megabytes of a million bytes, and none where memory is not told', () => {
    expect(megabytes(2_600_000)).toBe(3);
    expect(megabytes(undefined)).toBeUndefined();
  });

  it('find lists of other lengths infinitely different', () => {
    expect(largestDifference([1, 2], [1.5, 2])).toBe(0.5);
    expect(largestDifference([1, 2], [1])).toBe(Number.POSITIVE_INFINITY);
  });

  it('come with the command that made them, whatever Python it named', () => {
    const args = ['step', '--python', '/opt/torch/bin/python', '--rounds', '5'];
    expect(commandOf('versus', args)).toBe('node benchmarks/run.js versus step --rounds 5');
    expect(commandOf('versus', ['step', '--python=/opt/torch/bin/python'])).toBe('node benchmarks/run.js versus step');
  });
});
