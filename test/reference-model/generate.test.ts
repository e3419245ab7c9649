import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationSet } from '../../core/contracts/benchmark.js';
import { runContexts } from '../../core/evaluation/contexts.js';
import { evaluateSet, type SetResult } from '../../core/evaluation/evaluate.js';
import type { Model } from '../../core/evaluation/model.js';
import { noModel, openRealModel, reference, titled } from './open.js';

interface Generation {
  readonly max_new_tokens: number;
  readonly cases: { prompt: string; prompt_ids: number[]; ids: number[]; text: string }[];
}

const { max_new_tokens, cases } = reference<Generation>('generate.json');

const examples = [
  ['hot', 'cold'],
  ['up', 'down'],
  ['big', 'small'],
  ['old', 'new'],
  ['fast', 'slow'],
  ['happy', 'sad'],
  ['rich', 'poor'],
  ['strong', 'weak'],
  ['inside', 'outside'],
].map(([word, opposite]) => ({
  prompt: `Q: ${word}\nA:`,
  answer: ` ${opposite}`,
  choices: [` ${opposite}`, ` ${word}`],
}));
const antonyms: EvaluationSet = { name: 'antonyms', items: examples.slice(3), demonstrations: examples.slice(0, 3) };

describe.skipIf(noModel)(titled('greedy text of SmolLM2-135M-Instruct'), () => {
  let model: Model;
  beforeAll(async () => {
    model = await openRealModel();
  });
  afterAll(() => model.backbone.dispose());

  it.each([
    { batchRows: 2, side: 'left', most: max_new_tokens },
    { batchRows: 2, side: 'right', most: 12 },
    { batchRows: 1, side: 'right', most: 12 },
  ] as const)(
    'is that of the reference for $most tokens in batches of $batchRows padded on the $side',
    async ({ most, ...settings }) => {
      const contexts = cases.map(({ prompt }) => ({ tokens: model.tokenizer.encode(prompt), generate: true }));
      expect(contexts.map(({ tokens }) => tokens)).toEqual(cases.map(({ prompt_ids }) => prompt_ids));
      const results = await runContexts(model, contexts, {
        ...settings,
        generation: { maxTokens: most, ends: () => false },
      });
      const tokens = results.map(({ generated }) => generated?.tokens ?? []);
      expect(tokens).toEqual(cases.map(({ ids }) => ids.slice(0, most)));
      const text = tokens.map((ids) => model.tokenizer.decode(ids));
      expect(text.every((start, i) => cases[i].text.startsWith(start))).toBe(true);
    },
  );

  it('and likelihood of a set are the same in context at every batch size, and leave no tensor', async () => {
    const before = tf.memory().numTensors;
    const options = {
      shots: 3,
      by: ['likelihood', 'exact'],
      maxInputTokens: 200,
      maxOutputTokens: 4,
      overflow: 'refuse',
      answerEnd: 'newline',
    } as const;
    const one = (await evaluateSet(model, antonyms, { ...options, batchRows: 1 })) as SetResult;
    for (const batchRows of [3, 8]) {
      const other = (await evaluateSet(model, antonyms, { ...options, batchRows })) as SetResult;
      other.predictions.forEach((prediction, i) => {
        const same = one.predictions[i];
        expect(prediction.generated).toBe(same.generated);
        expect(prediction.scored?.best).toBe(same.scored?.best);
        expect(prediction.scored?.logLikelihoods[0]).toBeCloseTo(same.scored?.logLikelihoods[0] as number, 3);
      });
    }
    expect(one.metrics.choiceAccuracySum).toBeGreaterThanOrEqual(0.5);
    expect(tf.memory().numTensors).toBe(before);
  });
});
