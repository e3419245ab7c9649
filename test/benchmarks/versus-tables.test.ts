import { describe, expect, it } from 'vitest';
import { agreement, chosen, evaluationRows } from '../../benchmarks/versus/evaluation.js';
import { questionSets } from '../../benchmarks/versus/questions.js';
import { lossChecks, productRate, stepRows } from '../../benchmarks/versus/step.js';

const GIGA = (2 * 1024 ** 3) / 1e9;
const step = (name: string, seconds: number[], products: number[], loss = 2) => ({
  name,
  seconds,
  products,
  losses: [loss, 1],
  peak: { steps: 1e9, process: 2e9 },
});

describe('the table of steps', () => {
  const figures = [
    step('ours f32', [1, 1, 4], [0.02]),
    step('PEFT f32', [2, 2, 2], [0.01]),
    step('PEFT bf16', [1], [0.005]),
  ];

  it('holds every side against the fastest product of its precision', () => {
    expect(productRate(figures, 'f32')).toBeCloseTo(GIGA / 0.01, 6);
    expect(productRate(figures, 'bf16')).toBeCloseTo(GIGA / 0.005, 6);
  });

  it('has ratios to ours, tokens a second, and the share of the limit', () => {
    const operations = (2 * 1024 ** 3) / 0.01 / 2;
    expect(stepRows(figures, operations)).toMatchObject([
      {
        side: 'ours f32',
        median: 1,
        slowest: 4,
        'x ours': 1,
        'tokens/s': 512,
        share: 0.5,
        'steps MB': 1000,
        'process MB': 2000,
      },
      { side: 'PEFT f32', 'x ours': 2, 'tokens/s': 256, share: 0.25 },
      { side: 'PEFT bf16', 'x ours': 1, share: 0.25 },
    ]);
  });

  it('finds first losses of float32 that do not agree', () => {
    const other = [figures[0], step('PEFT f32', [1], [], 2.002), step('PEFT bf16', [1], [], 2.1)];
    expect(Object.values(lossChecks(figures))).toEqual([true]);
    expect(Object.values(lossChecks(other))).toEqual([false]);
  });
});

describe('the table of evaluation', () => {
  const pair = { context: [1, 2, 3], continuation: [4] };
  const set = { name: 'words', choices: 2, pairs: [pair, pair, pair, pair] };
  const answer = (seconds: number, logLikelihoods: number[]) => ({ seconds, logLikelihoods });

  it('counts questions a second, not choices', () => {
    const answers = new Map([
      ['ours', [answer(1, [])]],
      ['PyTorch', [answer(4, [])]],
    ]);
    expect(evaluationRows(set, answers)).toMatchObject([
      { side: 'ours', 'items/s': 2, 'x ours': 1, 'tokens a row': 4 },
      { side: 'PyTorch', 'items/s': 0.5, 'x ours': 4, rounds: 1 },
    ]);
  });

  it('chooses the most likely choice of each question', () => {
    expect(chosen([-1, -2, -5, -3, -2, -4], 3)).toEqual([0, 1]);
  });

  it.each([
    ['close', [-1, -2, -2, -1.0001], true],
    ['too far', [-1, -2, -2, -1.01], false],
    ['another choice', [-1, -2, -0.5, -1], false],
  ])('says whether the sides agree: %s', (_, values, agrees) => {
    const answers = new Map([
      ['ours', [answer(1, [-1, -2, -2, -1])]],
      ['PyTorch', [answer(1, values)]],
    ]);
    expect(Object.values(agreement(set, answers))).toEqual([agrees]);
  });
});

describe('the questions', () => {
  const folder = new URL('../../benchmarks', import.meta.url).pathname;
  const [words, letters, own] = questionSets(folder, 12);

  it('are the same at every call', () => {
    expect(questionSets(folder, 12)).toEqual([words, letters, own]);
  });

  it('have four different choices', () => {
    for (const { questions } of [words, letters, own]) {
      expect(questions.length).toBe(12);
      for (const { choices } of questions) expect(new Set(choices).size).toBe(4);
    }
  });

  it('begin with the same ten demonstrations, but where each has its own', () => {
    const shown = ({ prompt }: { prompt: string }) => prompt.split('\n\n').slice(0, -1).join('\n\n');
    expect(new Set(words.questions.map(shown)).size).toBe(1);
    expect(new Set(letters.questions.map(shown)).size).toBe(1);
    expect(new Set(own.questions.map(shown)).size).toBe(12);
    expect(words.questions[0].prompt.split('\n\n').length).toBe(11);
  });

  it('never show the question itself as a demonstration', () => {
    for (const { prompt } of own.questions) {
      const parts = prompt.split('\n\n');
      const asked = parts[parts.length - 1];
      expect(parts.slice(0, -1).filter((part) => part.startsWith(asked))).toEqual([]);
    }
  });
});
