import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../core/testing/index.js';
import { toyWeights } from '../../core/testing/toy-weights.js';
import { modelView } from '../../core/training/additions.js';
import { type TraceSettings, tracePrompt } from '../../core/vectors/causal-trace.js';
import { effectsOf, topHeads } from '../../core/vectors/head-effects.js';
import { plainTrace } from '../../core/vectors/plain-trace.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { letters, toyLlama, toyLora, toyMoment } from '../training/toy-run.js';

const prompt = { tokens: letters.encode('hello'), answer: letters.encode('you') };
/** Of 2 layers of 4 heads of width 4. */
const means = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));

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

const traced = (settings: Partial<TraceSettings> = {}, of = prompt) =>
  tracePrompt(modelView(backbone), of, { means, answer: 'first-token', ...settings });

describe('causal tracing', () => {
  it.each(['first-token', 'whole'] as const)('of the %s equals a whole run for every head', (answer) => {
    const [fast, plain] = [traced({ answer }), plainTrace(modelView(backbone), prompt, { means, answer })];
    expect(fast.plain).toBeCloseTo(plain.plain, 5);
    expectClose(fast.replaced, plain.replaced, 1e-5);
    expect(new Set(fast.replaced).size).toBe(8);
  });

  it('gives the same in parts of a few heads', () => {
    const whole = traced({ answer: 'whole' });
    for (const maxRows of [1, 2, 4, 7]) {
      const parts = traced({ answer: 'whole', maxRows });
      expect(parts.plain).toBeCloseTo(whole.plain, 5);
      expectClose(parts.replaced, whole.replaced, 1e-5);
    }
  });

  it('takes a prompt of one token', () => {
    const short = { ...prompt, tokens: letters.encode('h') };
    const plain = plainTrace(modelView(backbone), short, { means, answer: 'first-token' });
    expectClose(traced({}, short).replaced, plain.replaced, 1e-5);
  });

  it('sees the model with its adapters', async () => {
    const adapter = toyLora(backbone);
    const moment = toyMoment({ backbone, adapter }, [['a', 'b']]);
    await adapter.beforeTask(moment);
    tf.tidy(() => {
      for (const variable of Object.values(adapter.trainable())) variable.assign(tf.fill(variable.shape, 0.3));
    });
    const { passes } = moment;
    const settings = { means, answer: 'first-token' } as const;
    const [adapted, initial] = (['current', 'initial'] as const).map((view) => passes.model(view));
    expectClose(tracePrompt(adapted, prompt, settings).replaced, plainTrace(adapted, prompt, settings).replaced, 1e-5);
    expect(tracePrompt(initial, prompt, settings).plain).toBeCloseTo(traced().plain, 6);
    expect(tracePrompt(adapted, prompt, settings).plain).not.toBeCloseTo(traced().plain, 3);
    adapter.dispose();
  });

  it('finds the one head that writes: no other has an effect', async () => {
    const [layer, head] = [1, 2];
    const model = await onlyHeadThatWrites(layer, head);
    const target = prompt.answer[0];
    const found = tracePrompt(modelView(model), prompt, { means: await towards(target, layer, head), answer: 'whole' });
    const effects = effectsOf(found, 'log-probability');
    const [first, ...others] = topHeads(effects, model.sizes, 8);
    expect(first.slice(0, 2)).toEqual([layer, head]);
    expect(first[2]).toBeGreaterThan(0.1);
    for (const [, , effect] of others) expect(effect).toBeCloseTo(0, 5);
    model.dispose();
  });
});

/** The toy model with all output projections zero but the columns of one head. */
async function onlyHeadThatWrites(layer: number, head: number): Promise<LlamaBackbone> {
  const source = toyWeights();
  const read = async (name: string) => {
    const values = await source.read(name);
    if (!name.endsWith('o_proj.weight')) return values;
    const own = name.includes(`layers.${layer}.`) ? head : -1;
    return values.map((value, i) => (Math.floor((i % 16) / 4) === own ? value : 0));
  };
  const model = new LlamaBackbone({ ...source, read }, { recompute: 'none' });
  await model.load();
  return model;
}

/** Means of which the head's is what its output projection turns towards a token: W_O^T u. */
async function towards(token: number, layer: number, head: number): Promise<Float32Array> {
  const source = toyWeights();
  const projection = await source.read(`model.layers.${layer}.self_attn.o_proj.weight`);
  const embedding = (await source.read('model.embed_tokens.weight')).subarray(token * 16, (token + 1) * 16);
  const towards = means.slice();
  for (let i = 0; i < 4; i++) {
    const column = Array.from(embedding, (u, d) => u * projection[d * 16 + head * 4 + i]);
    towards[(layer * 4 + head) * 4 + i] = column.reduce((sum, value) => sum + value, 0);
  }
  return towards;
}
