import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { runContexts } from '../../core/evaluation/contexts.js';
import { answerEnds } from '../../core/evaluation/generation.js';
import { argmax } from '../../core/evaluation/log-softmax.js';
import { type FakeBackbone, fakeModel, fakeTokenizer } from './fake-backbone.js';

const never = () => false;
const prompts = [[5, 6, 7], [9], [3, 3, 8, 20, 21, 2, 40, 11], [60, 1], [7, 5, 6, 2, 2], [33, 12], [44], [8, 19, 2]];

/** Greedy decoding by full runs of every prompt. */
function plain(backbone: FakeBackbone, prompt: readonly number[], steps: number): number[] {
  const tokens: number[] = [];
  for (let t = 0; t < steps; t++) tokens.push(argmax(backbone.logitsAfter([...prompt, ...tokens])));
  return tokens;
}

function generate(rows: readonly number[][], settings: Parameters<typeof runContexts>[2]) {
  const model = fakeModel();
  return runContexts(
    model,
    rows.map((tokens) => ({ tokens, generate: true })),
    settings,
  );
}

describe('greedy generation', () => {
  it.each([1, 3, 8])('in batches of %i, padded on either side, equals full runs of every prompt', async (batchRows) => {
    const { backbone } = fakeModel();
    for (const side of ['left', 'right'] as const) {
      const results = await generate(prompts, { batchRows, side, generation: { maxTokens: 6, ends: never } });
      expect(results.map(({ generated }) => generated?.tokens)).toEqual(prompts.map((p) => plain(backbone, p, 6)));
      expect(results.every(({ generated }) => generated?.ended === false)).toBe(true);
    }
  });

  it('ends every row at its own end, the others going on', async () => {
    const { backbone } = fakeModel();
    const expected = prompts.map((p) => plain(backbone, p, 6));
    const stop = expected[0][2];
    const results = await generate(prompts, { generation: { maxTokens: 6, ends: (token) => token === stop } });
    results.forEach(({ generated }, i) => {
      const end = expected[i].indexOf(stop);
      expect(generated).toEqual({
        tokens: end < 0 ? expected[i] : expected[i].slice(0, end + 1),
        ended: end >= 0,
      });
    });
  });

  it('runs every token once: prompt, then all new ones but the last', async () => {
    const model = fakeModel();
    const generation = { maxTokens: 5, ends: never };
    await runContexts(model, [{ tokens: [5, 6, 7], generate: true }], { generation });
    expect(model.backbone.tokensRun).toBe(3 + 4);
  });

  it('goes on behind a prefix that all prompts share', async () => {
    const { backbone } = fakeModel();
    const prefix = Array.from({ length: 12 }, (_, i) => 30 + i);
    const rows = prompts.map((prompt) => [...prefix, ...prompt]);
    const results = await generate(rows, { batchRows: 3, generation: { maxTokens: 4, ends: never } });
    expect(results.map(({ generated }) => generated?.tokens)).toEqual(rows.map((row) => plain(backbone, row, 4)));
  });

  it('gives one token, or none, where no more are allowed', async () => {
    const [one] = await generate([[5]], { generation: { maxTokens: 1, ends: never } });
    const [none] = await generate([[5]], { generation: { maxTokens: 0, ends: never } });
    expect(one.generated?.tokens).toHaveLength(1);
    expect(none.generated).toEqual({ tokens: [], ended: false });
  });

  it('leaves no tensor over', async () => {
    const before = tf.memory().numTensors;
    await generate(prompts, { batchRows: 3, generation: { maxTokens: 4, ends: (token) => token % 2 === 0 } });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([2, 3, 4])('leaves no tensor over where pass %i fails', async (failing) => {
    const model = fakeModel();
    const before = tf.memory().numTensors;
    let passes = 0;
    const forward = model.backbone.forward.bind(model.backbone);
    model.backbone.forward = (request) => {
      if (++passes === failing) throw new Error('no memory');
      return forward(request);
    };
    const contexts = [{ tokens: [5, 6, 7], continuations: [[4, 5, 6]], generate: true }];
    const running = runContexts(model, contexts, { generation: { maxTokens: 4, ends: never } });
    await expect(running).rejects.toThrow('no memory');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the end of an answer', () => {
  it('is EOS, and a token with a newline in it where newlines end it', () => {
    const newline = answerEnds(fakeTokenizer, true);
    const eos = answerEnds(fakeTokenizer, false);
    expect([0, 1, 2, 1].map(newline)).toEqual([true, true, false, true]);
    expect([0, 1, 2].map(eos)).toEqual([true, false, false]);
  });
});
