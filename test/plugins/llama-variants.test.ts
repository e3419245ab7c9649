import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ActivationVariants, type ForwardRequest, padRows } from '../../core/index.js';
import { toyWeights } from '../../core/testing/toy-weights.js';
import { modelView } from '../../core/training/additions.js';
import { tracePrompt } from '../../core/vectors/causal-trace.js';
import { plainTrace } from '../../core/vectors/plain-trace.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';

async function toyLlama(recompute: 'none' | 'layer' = 'none', config = {}): Promise<LlamaBackbone> {
  const backbone = new LlamaBackbone(toyWeights(config), { recompute });
  await backbone.load();
  return backbone;
}

/** One copy, multiplied by two. */
const doubled = (site: string): ActivationVariants => ({
  site,
  count: 1,
  apply: (activation) => tf.mul(activation, 2),
});

const row = padRows([[3, 9, 27]], { pad: 2 });
const prompt = { tokens: [3, 9, 27, 17, 5], answer: [11, 6] };
const means = Float32Array.from({ length: 32 }, (_, i) => Math.cos(i));

describe("llama's variants", () => {
  let backbone: LlamaBackbone;
  let tensors: number;
  beforeAll(async () => {
    backbone = await toyLlama();
  });
  afterAll(() => backbone.dispose());
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
  });

  const heads = doubled('model.layers.0.heads');
  const refused: [string, Partial<ForwardRequest>, RegExp][] = [
    ['rows that are several', { batch: padRows([[3], [4]], { pad: 2 }) }, /PASS_INVALID.*one row/],
    ['a padded row', { batch: { ...row, mask: Uint8Array.of(1, 1, 0) } }, /PASS_INVALID.*one row without padding/],
    ['a row in branches', { batch: { ...row, branches: Uint8Array.of(0, 1, 2) } }, /PASS_INVALID.*branches/],
    ['edits', { edits: [{ site: heads.site, key: 'same', apply: (x) => x }] }, /PASS_INVALID.*no edits/],
    ['captures', { captures: [heads.site] }, /PASS_INVALID.*captures/],
    ['a cache to keep', { keepCache: true }, /PASS_INVALID.*keepCache/],
    [
      'another order than that of sites',
      { variants: [doubled('model.layers.1'), heads] },
      /PASS_INVALID.*order of their sites/,
    ],
    ['a site that is not there', { variants: [doubled('model.layers.7')] }, /SITE_UNKNOWN/],
    [
      'more copies than they say',
      { variants: [{ ...heads, apply: (x) => tf.tile(x, [2, 1, 1, 1]) }] },
      /PASS_INVALID.*1 copies.*2/,
    ],
  ];
  it.each(refused)('refuse %s', (_, request, message) => {
    const asked = { batch: row, variants: [heads], ...request };
    expect(() => backbone.forward(asked)).toThrow(message);
  });

  it('give logits at flat positions of all rows, the first before the copies', () => {
    const at = (logits: 'last' | 'all' | Int32Array, variants = [heads]) =>
      tf.tidy(() => backbone.forward({ batch: row, variants, logits }).logits?.arraySync() as number[][]);
    const all = at('all');
    expect(all).toHaveLength(6);
    expect(at('last')).toEqual([all[2], all[5]]);
    expect(at(Int32Array.of(5, 0))).toEqual([all[5], all[0]]);
    expect(at('last', [])[0].map((logit) => logit.toFixed(3))).toEqual(all[2].map((logit) => logit.toFixed(3)));
  });

  it.each([
    ['a sliding window', 'none', { sliding_window: 3 }],
    ['one key/value head for all', 'none', { num_key_value_heads: 1 }],
    ['activations that are made anew', 'layer', {}],
  ] as const)('trace the same heads with %s as whole runs do', async (_, recompute, config) => {
    const other = await toyLlama(recompute, config);
    const view = modelView(other);
    const [fast, plain] = [tracePrompt, plainTrace].map((trace) => trace(view, prompt, { means, answer: 'whole' }));
    expect(fast.plain).toBeCloseTo(plain.plain, 4);
    for (const [i, value] of plain.replaced.entries()) expect(fast.replaced[i]).toBeCloseTo(value, 4);
    other.dispose();
  });

  it('refuse a target outside the vocabulary, and free what they ran by then', () => {
    const view = modelView(backbone);
    expect(() => tracePrompt(view, { ...prompt, answer: [32] }, { means, answer: 'first-token' })).toThrow(
      /TOKEN_OUT_OF_RANGE.*0 to 31.*32/,
    );
    const failing = {
      ...view,
      forward: (request: Parameters<typeof view.forward>[0]) => {
        if (request.variants) throw new Error('out of luck');
        return view.forward(request);
      },
    };
    expect(() => tracePrompt(failing, prompt, { means, answer: 'whole' })).toThrow('out of luck');
  });
});
