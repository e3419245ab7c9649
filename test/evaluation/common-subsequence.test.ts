import { describe, expect, it } from 'vitest';
import { commonLength, commonSubsequence } from '../../core/evaluation/common-subsequence.js';

const ofLetters = (a: string, b: string) => commonSubsequence([...a], [...b]).join('');

describe('the longest common subsequence', () => {
  it('keeps the order of both and leaves gaps in either', () => {
    expect(ofLetters('kitten', 'sitting')).toBe('ittn');
    expect(ofLetters('abc', '')).toBe('');
    expect(ofLetters('', '')).toBe('');
  });

  it('is, of several, the one that is found from the ends back', () => {
    // The ends differ, and as much remains without either of them: that of the second goes.
    expect(ofLetters('ab', 'ba')).toBe('b');
    expect(ofLetters('ba', 'ab')).toBe('a');
  });

  it.each([
    ['kitten', 'sitting', 4],
    ['ab', 'ba', 1],
    ['abc', '', 0],
    ['', 'abc', 0],
    ['abcabc', 'acbacb', 4],
  ])('of %j and %j has the same length without the sequence', (a, b, length) => {
    expect(commonLength([...a], [...b])).toBe(length);
    expect(ofLetters(a, b)).toHaveLength(length);
  });
});
