import { expect, it } from 'vitest';
import { demonstrationsFor, demonstrationText, shotGroups } from '../../core/text/prompts.js';

const example = (word: string) => ({ prompt: `Q: ${word}\nA:`, answer: ` ${word.toUpperCase()}` });
const [a, b, c] = ['a', 'b', 'c'].map(example);

it('writes each demonstration as prompt, answer and a blank line', () => {
  expect(demonstrationText([a, b])).toBe('Q: a\nA: A\n\nQ: b\nA: B\n\n');
  expect(demonstrationText([])).toBe('');
});

it("never shows an item's own answer: the next demonstration takes its place", () => {
  expect(demonstrationsFor([a, b, c], example('x'), 2)).toEqual([a, b]);
  expect(demonstrationsFor([a, b, c], b, 2)).toEqual([a, c]);
  expect(demonstrationsFor([a, b, c], b, 3)).toEqual([a, c]);
});

it('groups items by the demonstrations before them', () => {
  const set = { name: 's', items: [example('x'), a, example('y')], demonstrations: [a, b] };
  expect(shotGroups(set, 1)).toEqual([
    { prefix: demonstrationText([a]), items: [0, 2] },
    { prefix: demonstrationText([b]), items: [1] },
  ]);
  expect(shotGroups(set, 0)).toEqual([{ prefix: '', items: [0, 1, 2] }]);
});
