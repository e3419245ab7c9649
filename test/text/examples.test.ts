import { describe, expect, it } from 'vitest';
import { type ExampleSettings, encodeExample, encodePair, trainingBatch } from '../../core/text/examples.js';
import { letterTokenizer } from './letter-tokenizer.js';

const settings: ExampleSettings = { maxInputTokens: 100, maxOutputTokens: 100, overflow: 'truncate', answerEnd: 'eos' };
const codes = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));
const no = (count: number) => new Array<number>(count).fill(-100);

describe('an example as tokens', () => {
  it('is prompt, answer and EOS; the loss is on the last two', () => {
    expect(encodeExample({ prompt: 'ab:', answer: 'cd' }, letterTokenizer(), settings)).toEqual({
      tokens: [...codes('ab:cd'), 1],
      labels: [...no(3), ...codes('cd'), 1],
      promptTokens: 3,
      truncatedPrompt: false,
      truncatedAnswer: false,
    });
  });

  it('ends in a newline where that ends answers', () => {
    const { tokens, labels } = encodeExample({ prompt: 'a', answer: 'b' }, letterTokenizer(), {
      ...settings,
      answerEnd: 'newline',
    });
    expect(tokens).toEqual(codes('ab\n'));
    expect(labels).toEqual([-100, ...codes('b\n')]);
  });

  it('begins with BOS where the model asks for one, ready-made tokens never', () => {
    const tokenizer = letterTokenizer({ bos: true });
    expect(encodeExample({ prompt: 'a', answer: 'b' }, tokenizer, settings).tokens).toEqual([2, ...codes('ab'), 1]);
    const ready = { tokens: [5, 6, 7], labels: [-100, -100, 7] };
    const tiny = { ...settings, maxInputTokens: 1, maxOutputTokens: 1, overflow: 'refuse' as const };
    expect(encodeExample(ready, tokenizer, tiny)).toEqual({
      ...ready,
      promptTokens: 2,
      truncatedPrompt: false,
      truncatedAnswer: false,
    });
  });

  it('gives a token that spans the border to the answer, so that the text is tokenized as it would be whole', () => {
    const tokenizer = letterTokenizer();
    const whole = tokenizer.encode('a: cat');
    expect(encodePair('a: ', 'cat', tokenizer)).toEqual({ prompt: codes('a:'), continuation: whole.slice(2) });
    expect(encodePair('a:', ' cat', tokenizer)).toEqual({ prompt: codes('a:'), continuation: whole.slice(2) });
  });

  it('loses the middle of a prompt and the end of an answer that are too long', () => {
    const short = { ...settings, maxInputTokens: 5, maxOutputTokens: 2 };
    const example = encodeExample({ prompt: 'abcdefgh', answer: 'xyz' }, letterTokenizer(), short);
    expect(example).toMatchObject({
      tokens: codes('abfghxy'),
      promptTokens: 5,
      truncatedPrompt: true,
      truncatedAnswer: true,
    });
  });

  it('is refused where that is asked for, by name', () => {
    const encode = (prompt: string, answer: string) => () =>
      encodeExample(
        { prompt, answer },
        letterTokenizer(),
        { ...settings, maxInputTokens: 2, maxOutputTokens: 2, overflow: 'refuse' },
        'task a, line 3',
      );
    expect(encode('abc', 'd')).toThrow(/DATA_TOO_LONG.*task a, line 3, prompt.*at most 2 tokens, got 3/);
    expect(encode('ab', 'de')).toThrow(/DATA_TOO_LONG.*answer.*got 3/);
    expect(encode('ab', 'd')).not.toThrow();
  });

  it('may not hold ids beyond the vocabulary', () => {
    const encode = (tokens: number[], labels: number[]) => () =>
      encodeExample({ tokens, labels }, letterTokenizer(), settings, 't');
    expect(encode([1, 1000], [-100, 1])).toThrow(/TOKEN_OUT_OF_RANGE.*t.*0 to 999, got 1000/);
    expect(encode([1, 1], [-100, 2000])).toThrow(/TOKEN_OUT_OF_RANGE.*got 2000/);
  });
});

describe('a training batch', () => {
  it('points at the positions whose next token is labelled', () => {
    const row = (tokens: number[], labels: number[]) => encodeExample({ tokens, labels }, letterTokenizer(), settings);
    const examples = [row([3, 4, 5, 6], [-100, -100, 5, 6]), row([9], [-100]), row([7, 8], [7, 8])];
    expect(trainingBatch(examples, [0, 2, 1], 0)).toEqual({
      ids: Int32Array.of(3, 4, 5, 6, 7, 8, 0, 0, 9, 0, 0, 0),
      mask: Uint8Array.of(1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0),
      rows: 3,
      length: 4,
      labels: Int32Array.of(-100, -100, 5, 6, 7, 8, -100, -100, -100, -100, -100, -100),
      answerPositions: Int32Array.of(1, 2, 4),
      answerStart: Int32Array.of(1, 4, -1),
      exampleIndex: Int32Array.of(0, 2, 1),
    });
  });
});
