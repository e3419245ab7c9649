import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { padRows } from '../../core/index.js';
import { expectClose } from '../../core/testing/index.js';
import { modelView } from '../../core/training/additions.js';
import { headEdits } from '../../core/vectors/head-edits.js';
import { eachPromptBatch } from '../../core/vectors/prompt-batches.js';
import { scorePrompts } from '../../core/vectors/prompt-scores.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { letters, toyLlama } from '../training/toy-run.js';

let backbone: LlamaBackbone;
let tensors: number;
beforeEach(async () => {
  tensors = tf.memory().numTensors;
  backbone = await toyLlama();
});
afterEach(() => {
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

const edits = () =>
  headEdits(
    backbone,
    { heads: [[0, 1]], values: Float32Array.of(1, -1, 2, 0) },
    { mode: 'add', positions: 'prompt-end', strength: 1 },
  );

/** Logits of every prompt by batches, and how many tokens were run. */
function inBatches(texts: string[], edited = false): { logits: number[][]; tokens: number } {
  const prompts = texts.map((text) => letters.encode(text));
  const forward = vi.spyOn(backbone, 'forward');
  const logits: number[][] = [];
  eachPromptBatch(modelView(backbone), prompts, { pad: 0, edits: edited ? edits() : [] }, (result, { indices }) => {
    const rows = (result.logits as tf.Tensor2D).arraySync();
    indices.forEach((index, row) => {
      logits[index] = rows[row];
    });
  });
  const tokens = forward.mock.calls.reduce((sum, [{ batch }]) => sum + batch.ids.length, 0);
  forward.mockRestore();
  return { logits, tokens };
}

const alone = (text: string) =>
  tf.tidy(() => {
    const batch = padRows([letters.encode(text)], { pad: 0 });
    return [...(backbone.forward({ batch, logits: 'last' }).logits as tf.Tensor2D).dataSync()];
  });

describe('prompts in batches', () => {
  it('give the logits of each prompt by itself', () => {
    const texts = ['abcdefgh', 'abcdefxy', 'zz', 'abcdefgk', 'q'];
    const { logits } = inBatches(texts);
    for (const [i, text] of texts.entries()) expectClose(logits[i], alone(text), 1e-4);
  });

  it('run what consecutive ones begin with once: 6 tokens, then 2 of each of three', () => {
    expect(inBatches(['abcdefgh', 'abcdefxy', 'abcdefuv']).tokens).toBe(6 + 3 * 2);
    expect(inBatches(['abcdefgh', 'wxyzuvgh']).tokens).toBe(16);
  });

  it('run a prompt that is there twice up to its last token once', () => {
    const { logits, tokens } = inBatches(['abcd', 'abcd']);
    expect(tokens).toBe(3 + 2);
    expectClose(logits[0], logits[1], 0);
  });

  it('are edited at their last tokens, however much they share', () => {
    const [together] = inBatches(['abcdefgh', 'abcdefxy'], true).logits;
    const [single] = inBatches(['abcdefgh'], true).logits;
    expectClose(together, single, 1e-4);
    expect(Math.abs(together[0] - alone('abcdefgh')[0])).toBeGreaterThan(1e-3);
  });
});

describe('scores of prompts', () => {
  it('are the share of most likely answers and the mean log-probability of their first tokens', () => {
    const texts = ['abc', 'hello'];
    const answers = texts.map((text) => {
      const logits = alone(text);
      return logits.indexOf(Math.max(...logits));
    });
    const prompts = [
      { tokens: letters.encode(texts[0]), answer: [answers[0], 5] },
      { tokens: letters.encode(texts[1]), answer: [(answers[1] + 1) % 32] },
    ];
    const logProbability = (text: string, token: number) => {
      const logits = alone(text);
      return logits[token] - Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
    };
    const want = prompts.map(({ answer }, i) => logProbability(texts[i], answer[0]));
    const scores = scorePrompts(modelView(backbone), prompts, { pad: 0 });
    expect(scores).toEqual({ prompts: 2, accuracy: 0.5, logProbability: expect.closeTo((want[0] + want[1]) / 2, 4) });
  });
});
