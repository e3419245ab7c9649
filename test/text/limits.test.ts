import { expect, it } from 'vitest';
import { fitAnswer, fitPrompt, limitsWithin } from '../../core/text/limits.js';

const limits = { maxInputTokens: 5, maxOutputTokens: 2, overflow: 'truncate' } as const;

it('takes the middle out of a prompt and the end off an answer: 5 of 8 tokens, 2 of 3', () => {
  expect(fitPrompt([1, 2, 3, 4, 5, 6, 7, 8], limits)).toEqual({ tokens: [1, 2, 6, 7, 8], truncated: true });
  expect(fitAnswer([1, 2, 3], limits)).toEqual({ tokens: [1, 2], truncated: true });
  expect(fitPrompt([1, 2, 3, 4, 5], limits)).toEqual({ tokens: [1, 2, 3, 4, 5], truncated: false });
});

it('refuses instead where nothing may be cut', () => {
  const strict = { ...limits, overflow: 'refuse' } as const;
  expect(() => fitPrompt([1, 2, 3, 4, 5, 6], strict, 'item 1')).toThrow(
    /DATA_TOO_LONG.*item 1, prompt.*at most 5.*got 6/,
  );
  expect(() => fitAnswer([1, 2, 3], strict, 'item 1')).toThrow(/DATA_TOO_LONG.*item 1, answer.*at most 2.*got 3/);
});

it('leaves room for the longest answer: 4 of 6 positions for the prompt', () => {
  expect(limitsWithin(limits, 6)).toEqual({ ...limits, maxInputTokens: 4 });
  expect(limitsWithin(limits, 99)).toEqual(limits);
  expect(limitsWithin(limits, 2).maxInputTokens).toBe(1);
});
