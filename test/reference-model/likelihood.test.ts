import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logLikelihoods } from '../../core/evaluation/context-table.js';
import { continuationOf } from '../../core/evaluation/encode-item.js';
import type { ContinuationScore } from '../../core/evaluation/likelihood.js';
import { argmax } from '../../core/evaluation/log-softmax.js';
import type { Model } from '../../core/evaluation/model.js';
import { largestDifference, noModel, openRealModel, reference, titled } from './open.js';

interface Item {
  readonly context: string;
  readonly choices: string[];
  readonly context_ids: number[];
  readonly continuation_ids: number[][];
  readonly loglik: number[];
  readonly token_logprobs: number[][];
  readonly is_greedy: boolean[];
  readonly argmax: number;
  readonly argmax_per_token: number;
}

const { items } = reference<{ items: Item[] }>('likelihood.json');
const pairs = items.flatMap(({ context_ids, continuation_ids }) =>
  continuation_ids.map((continuation) => ({ context: context_ids, continuation })),
);

describe.skipIf(noModel)(titled('choice likelihood of SmolLM2-135M-Instruct'), () => {
  let model: Model;
  let scores: ContinuationScore[];
  beforeAll(async () => {
    model = await openRealModel();
    scores = await logLikelihoods(model, pairs);
  });
  afterAll(() => model.backbone.dispose());

  it('cuts prompt and choice where the reference does', () => {
    for (const { context, choices, context_ids, continuation_ids } of items) {
      const ids = model.tokenizer.encode(context);
      expect(ids).toEqual(context_ids);
      const cut = choices.map((choice) => continuationOf({ text: context, ids }, choice, model.tokenizer));
      expect(cut).toEqual(continuation_ids.map((continuation) => ({ continuation, overlap: 0 })));
    }
  });

  it('gives every token the log-probability of the reference', () => {
    const want = items.flatMap(({ token_logprobs }) => token_logprobs);
    scores.forEach(({ tokens }, i) => {
      expect(largestDifference(tokens, want[i])).toBeLessThan(3e-4);
    });
    expect(scores.map(({ greedy }) => greedy)).toEqual(items.flatMap(({ is_greedy }) => is_greedy));
  });

  it('prefers the choices of the reference, by sum and per token', () => {
    let next = 0;
    for (const item of items) {
      const own = scores.slice(next, next + item.choices.length);
      next += own.length;
      expect(argmax(own.map(({ sum }) => sum))).toBe(item.argmax);
      expect(argmax(own.map(({ sum, tokens }) => sum / tokens.length))).toBe(item.argmax_per_token);
    }
  });

  it.each([
    { batchRows: 1, side: 'right' },
    { batchRows: 3, side: 'left' },
    { batchRows: 8, side: 'left' },
  ] as const)('is the same in batches of $batchRows padded on the $side, and leaves no tensor', async (settings) => {
    const before = tf.memory().numTensors;
    const again = await logLikelihoods(model, pairs, settings);
    const difference = largestDifference(
      again.map(({ sum }) => sum),
      scores.map(({ sum }) => sum),
    );
    expect(difference).toBeLessThan(1e-3);
    expect(tf.memory().numTensors).toBe(before);
  });
});
