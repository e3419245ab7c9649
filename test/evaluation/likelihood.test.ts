import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { logLikelihoods } from '../../core/evaluation/context-table.js';
import { scoreContinuations } from '../../core/evaluation/likelihood.js';
import { argmax, logSumExp } from '../../core/evaluation/log-softmax.js';
import { logitRowsPerPass } from '../../core/evaluation/model.js';
import { batchesByLength, runPrompts, sharedPrefixLength } from '../../core/evaluation/prompt-run.js';
import { FakeBackbone, fakeModel } from './fake-backbone.js';

/** One token after another by full runs. */
function plain(backbone: FakeBackbone, context: readonly number[], continuation: readonly number[]): number {
  return continuation.reduce((sum, token, t) => {
    const logits = backbone.logitsAfter([...context, ...continuation.slice(0, t)]);
    return sum + logits[token] - logSumExp(logits);
  }, 0);
}

const contexts = [[5, 6, 7], [9], [3, 3, 8, 20, 21, 2, 40, 11], [60, 1], [7, 5, 6, 2, 2], [33, 12]];
const pairs = contexts.flatMap((context, c) =>
  [[4], [4, 5], [10, 11, 12, 13, 14], [c + 1, c + 2]]
    .slice(0, 2 + (c % 3))
    .map((continuation) => ({ context, continuation })),
);

describe('numbers worked out by hand', () => {
  it('sums exponentials without overflow: log(e^1000 + e^1000) = 1000 + log 2', () => {
    expect(logSumExp(Float32Array.from([1000, 1000]))).toBeCloseTo(1000 + Math.LN2, 12);
  });

  it('takes the first of equal logits', () => {
    expect(argmax([1, 3, 2, 3])).toBe(1);
  });

  it('gives a token log(1/4) where four logits are equal', () => {
    const run = { logits: [Float32Array.from([0, 0, 0, 0])] };
    const [[score]] = scoreContinuations(fakeModel(), run, [[[2]]]);
    expect(score.sum).toBeCloseTo(-Math.log(4), 12);
    expect(score.greedy).toBe(false);
  });

  it('keeps the logits of one pass below 64 MiB: 341 rows of 49,152', () => {
    expect(logitRowsPerPass(49_152)).toBe(341);
    expect(logitRowsPerPass(2 ** 30)).toBe(1);
  });
});

describe('log-likelihoods of continuations', () => {
  it('equal the plain run of every context with every continuation', async () => {
    const model = fakeModel();
    const scores = await logLikelihoods(model, pairs);
    pairs.forEach(({ context, continuation }, i) => {
      expect(scores[i].sum).toBeCloseTo(plain(model.backbone, context, continuation), 4);
      expect(scores[i].tokens).toHaveLength(continuation.length);
    });
  });

  it.each([1, 3, 8])('are the same in batches of %i, padded on either side', async (batchRows) => {
    const reference = await logLikelihoods(fakeModel(), pairs);
    for (const side of ['left', 'right'] as const) {
      const scores = await logLikelihoods(fakeModel(), pairs, { batchRows, side });
      scores.forEach((score, i) => {
        expect(score.sum).toBeCloseTo(reference[i].sum, 5);
      });
    }
  });

  it('say whether every token is the most likely one', async () => {
    const model = fakeModel();
    const first = argmax(model.backbone.logitsAfter([5, 6]));
    const second = argmax(model.backbone.logitsAfter([5, 6, first]));
    const continuations = [[first, second], [first, (second + 1) % 84], [first]];
    const scores = await logLikelihoods(
      model,
      continuations.map((continuation) => ({ context: [5, 6], continuation })),
    );
    expect(scores.map(({ greedy }) => greedy)).toEqual([true, false, true]);
  });

  it('run a context once however many continuations it has', async () => {
    const model = fakeModel();
    const context = Array.from({ length: 30 }, (_, i) => i);
    await logLikelihoods(
      model,
      [[1, 2], [3, 4, 5], [6]].map((continuation) => ({ context, continuation })),
    );
    expect(model.backbone.tokensRun).toBe(30 + 1 + 2);
  });

  it('run a prefix that all contexts share once', async () => {
    const model = fakeModel();
    const prefix = Array.from({ length: 20 }, (_, i) => i + 1);
    const shared = contexts.map((context) => ({ context: [...prefix, ...context], continuation: [4, 5] }));
    const scores = await logLikelihoods(model, shared, { batchRows: 2 });
    const own = contexts.reduce((sum, context) => sum + context.length, 0);
    expect(model.backbone.tokensRun).toBe(20 + own + contexts.length);
    shared.forEach(({ context, continuation }, i) => {
      expect(scores[i].sum).toBeCloseTo(plain(model.backbone, context, continuation), 4);
    });
  });

  it('run long continuations in stretches when the vocabulary is large', async () => {
    const backbone = new FakeBackbone(2 ** 19);
    const model = { ...fakeModel(), backbone };
    const long = Array.from({ length: 50 }, (_, t) => t);
    const asked = [
      { context: [1], continuation: long },
      { context: [2, 3], continuation: long.slice(0, 20) },
    ];
    const before = tf.memory().numTensors;
    const scores = await logLikelihoods(model, asked);
    expect(tf.memory().numTensors).toBe(before);
    expect(backbone.mostLogitRows).toBeLessThanOrEqual(32);
    expect(scores.map(({ tokens }) => tokens.length)).toEqual([50, 20]);
    const logits = backbone.logitsAfter([1, ...long.slice(0, 49)]);
    expect(scores[0].tokens[49]).toBeCloseTo(logits[long[49]] - logSumExp(logits), 4);
  });

  it('leave no tensor over', async () => {
    const before = tf.memory().numTensors;
    await logLikelihoods(fakeModel(), pairs, { batchRows: 3 });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('batches', () => {
  it('hold rows of like length, the longest first, within rows and tokens', () => {
    expect(batchesByLength([2, 9, 3, 9, 1], { batchRows: 2 })).toEqual([[1, 3], [2, 0], [4]]);
    expect(batchesByLength([2, 9, 3, 9, 1], { maxTokens: 10 })).toEqual([[1], [3], [2, 0, 4]]);
  });

  it('share a prefix only where it is long enough and every row keeps a token of its own', () => {
    const same = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(sharedPrefixLength([same, [...same, 10]])).toBe(8);
    expect(sharedPrefixLength([same.slice(0, 5), same])).toBe(0);
    expect(sharedPrefixLength([same])).toBe(0);
  });

  it('give the logits of a plain run at the last token of every prompt', () => {
    const { backbone, tokenizer } = fakeModel();
    const run = runPrompts({ backbone, tokenizer }, contexts, { side: 'left' });
    expect(run.cache).toBeUndefined();
    contexts.forEach((context, b) => {
      const expected = backbone.logitsAfter(context);
      run.logits[b].forEach((x, v) => {
        expect(x).toBeCloseTo(expected[v], 4);
      });
    });
  });
});
