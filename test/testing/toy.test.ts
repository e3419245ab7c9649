import { describe, expect, it } from 'vitest';
import { toyBatch, toyLosses, toyTasks, toyTokenizer } from '../../core/testing/index.js';
import incLora from '../../plugins/inc-lora/plugin.js';

describe('the toy tokenizer', () => {
  it('has a token a character: a is 3, z 28, a blank 29, a newline 30, others 31', () => {
    expect(toyTokenizer.encode('az \n!')).toEqual([3, 28, 29, 30, 31]);
    expect(toyTokenizer.decode([3, 28, 29, 30, 31])).toBe('az \n?');
  });

  it('shows its special tokens unless they are to be skipped', () => {
    expect(toyTokenizer.decode([4, 0])).toBe('b<0>');
    expect(toyTokenizer.decode([4, 0], { skipSpecial: true })).toBe('b');
  });
});

describe('the toy tasks', () => {
  it('answer the same prompts with the letter after the last one, and with the letter before it', () => {
    expect(toyTasks.map(({ train }) => train[0])).toEqual([
      { prompt: 'fb', answer: 'c' },
      { prompt: 'fb', answer: 'a' },
    ]);
  });

  it('come as a batch: f b c EOS, loss on c and EOS', () => {
    const { ids, answerPositions, answerStart } = toyBatch(toyTasks[0], 1);
    expect([...ids]).toEqual([8, 4, 5, 0]);
    expect([...answerPositions]).toEqual([1, 2]);
    expect([...answerStart]).toEqual([1]);
  });

  it('undo each other: learning the second one forgets the first', async () => {
    const [before, first, second] = await toyLosses(incLora, { options: { rank: 4 } });
    expect(first[0]).toBeLessThan(0.5 * before[0]);
    expect(second[1]).toBeLessThan(0.5 * first[1]);
    expect(second[0]).toBeGreaterThan(2 * first[0]);
  });
});
