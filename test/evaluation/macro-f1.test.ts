import { describe, expect, it } from 'vitest';
import { macroF1, shareChoices } from '../../core/evaluation/macro-f1.js';

describe('the mean F1 of classes, worked by hand', () => {
  it('counts every class alike, however many items it has', () => {
    // a: 2 x 1 / (2 answers + 1 given) = 2/3; b: 2 x 1 / (1 + 3) = 1/2; c: 0 / (1 + 0) = 0
    expect(macroF1(['a', 'a', 'b', 'c'], ['a', 'b', 'b', 'b'])).toBeCloseTo((2 / 3 + 1 / 2 + 0) / 3, 12);
    // a: 2 x 8 / (8 + 10), b: 0 / (2 + 0), where 8 of 10 are right
    expect(macroF1([...'aaaaaaaabb'], [...'aaaaaaaaaa'])).toBeCloseTo(16 / 18 / 2, 12);
  });

  it('counts a class that is only given as 0', () => {
    expect(macroF1(['a', 'a'], ['a', 'b'])).toBeCloseTo((2 / 3 + 0) / 2, 12);
  });

  it('is 1 where all is right and 0 where nothing is', () => {
    expect(macroF1(['a', 'b'], ['a', 'b'])).toBe(1);
    expect(macroF1(['a', 'b'], ['b', 'a'])).toBe(0);
  });
});

describe('items share their choices', () => {
  it('where all have the same in the same order', () => {
    const one = { choices: ['a', 'b'] };
    expect(shareChoices([one, { choices: ['a', 'b'] }])).toBe(true);
    expect(shareChoices([one, { choices: ['b', 'a'] }])).toBe(false);
    expect(shareChoices([one, { choices: ['a'] }])).toBe(false);
  });

  it('never where one has none', () => {
    expect(shareChoices([{}, {}])).toBe(false);
    expect(shareChoices([{ choices: ['a'] }, {}])).toBe(false);
    expect(shareChoices([])).toBe(false);
  });
});
