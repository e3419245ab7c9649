import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdapterView, padRows } from '../../core/index.js';
import { expectClose } from '../../core/testing/index.js';
import type { Head } from '../../core/vectors/heads.js';
import { type MeanSettings, meanActivations } from '../../core/vectors/mean-activations.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { letters, toyLlama, toyLora, toyMoment } from '../training/toy-run.js';

const heads: Head[] = [
  [1, 3],
  [0, 0],
  [1, 1],
];
const texts = ['abc', 'defgh', 'ij', 'klm'];

let backbone: LlamaBackbone;
let adapter: IncLora;
let tensors: number;
beforeEach(async () => {
  tensors = tf.memory().numTensors;
  backbone = await toyLlama();
  adapter = toyLora(backbone);
});
afterEach(() => {
  adapter.dispose();
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

/** Of a prompt by itself: the heads' outputs at its last token, and the most likely next token. */
function alone(text: string): { outputs: number[]; next: number } {
  return tf.tidy(() => {
    const batch = padRows([letters.encode(text)], { pad: 0 });
    const captures = ['model.layers.0.heads', 'model.layers.1.heads'];
    const { captures: got, logits } = backbone.forward({ batch, captures, logits: 'last' });
    const at = ([layer, head]: Head) => (got[captures[layer]].arraySync() as number[][][][])[0][text.length - 1][head];
    return { outputs: heads.flatMap(at), next: tf.argMax(logits as tf.Tensor2D, -1).dataSync()[0] };
  });
}

/** Measures prompts of which the first `right` have the model's own answer. */
function measured(right: number, given: Partial<MeanSettings> = {}, view: AdapterView = 'initial') {
  const prompts = texts.map((text, i) => {
    const { next } = alone(text);
    return { tokens: letters.encode(text), answer: [i < right ? next : (next + 1) % 32] };
  });
  const { passes } = toyMoment({ backbone, adapter }, [['a', 'b']]);
  return meanActivations(passes.model(view), prompts, { heads, minCorrect: 2, pad: 0, ...given });
}

const meanOf = (some: string[]) => {
  const outputs = some.map((text) => alone(text).outputs);
  return outputs[0].map((_, i) => outputs.reduce((sum, values) => sum + values[i], 0) / some.length);
};

describe('mean activations', () => {
  it('are the means of head outputs at the last token over the prompts answered right', () => {
    const { values, ...counts } = measured(3);
    expect(counts).toEqual({ prompts: 4, correct: 3, correctOnly: true });
    expectClose(values, meanOf(texts.slice(0, 3)), 1e-5);
  });

  it('are over all prompts where fewer than `minCorrect` are answered right', () => {
    const { values, ...counts } = measured(1);
    expect(counts).toEqual({ prompts: 4, correct: 1, correctOnly: false });
    expectClose(values, meanOf(texts), 1e-5);
  });

  it('are over all prompts where none is answered right, whatever `minCorrect`', () => {
    const { values, ...counts } = measured(0, { minCorrect: 0 });
    expect(counts).toEqual({ prompts: 4, correct: 0, correctOnly: false });
    expectClose(values, meanOf(texts), 1e-5);
  });

  it('are those of the view asked for', async () => {
    await adapter.beforeTask(toyMoment({ backbone, adapter }, [['a', 'b']]));
    tf.tidy(() => {
      for (const variable of Object.values(adapter.trainable())) variable.assign(tf.fill(variable.shape, 0.5));
    });
    expect([...measured(4).values]).toEqual([...measured(4, {}, 'before-this-task').values]);
    expect([...measured(4).values]).not.toEqual([...measured(4, { minCorrect: 0 }, 'current').values]);
  });
});
