import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { toyConfig } from '../../core/testing/toy-weights.js';
import { padRows } from '../../core/text/batching.js';
import { openWeights } from '../../core/weights/open.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { rotaryFrequencies } from '../../plugins/llama/rope.js';

interface Expected {
  readonly ids: number[];
  readonly positions: number[];
  readonly logits: number[][];
}

/** Tiny models and logits made with transformers by fixtures/make.py. */
const folder = fileURLToPath(new URL('./fixtures', import.meta.url));

describe('tiny models of the Llama family', () => {
  it.each(['llama2', 'llama3', 'mistral', 'qwen2'])('give the logits that transformers gives: %s', async (name) => {
    const path = `${folder}/${name}`;
    const want = JSON.parse(readFileSync(`${path}/expected.json`, 'utf8')) as Expected;
    const source = await openWeights({ kind: 'huggingface', path, reference: name });
    const backbone = new LlamaBackbone(source, { recompute: 'none' });
    await backbone.load();
    await source.close();
    const { logits } = backbone.forward({
      batch: padRows([want.ids], { pad: 2 }),
      logits: Int32Array.from(want.positions),
    });
    const gap = tf.tidy(() => tf.max(tf.abs(tf.sub(logits as tf.Tensor2D, tf.tensor2d(want.logits)))).arraySync());
    expect(gap).toBeLessThan(1e-4);
    tf.dispose([logits as tf.Tensor]);
    backbone.dispose();
  });
});

describe('rotary frequencies', () => {
  it('are theta^(-2i / d_h): 1 and 0.01 for a head of four and theta 10,000', () => {
    expect([...rotaryFrequencies(toyConfig)]).toEqual([1, expect.closeTo(0.01, 12)]);
  });

  it('are stretched by llama3 where the wavelength is long, kept where it is short, blended between', () => {
    const scaling = {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 2 * Math.PI * 40,
    };
    const config = { ...toyConfig, head_dim: 6, rope_theta: 4096, rope_scaling: scaling };
    const [kept, blended, stretched] = rotaryFrequencies(config);
    // 40, 2.5 and 0.16 turns within the original length; 2.5 lies halfway between 1 and 4
    expect(kept).toBe(1);
    expect(blended).toBeCloseTo((0.5 + 0.5 / 8) / 16, 12);
    expect(stretched).toBeCloseTo(1 / 256 / 8, 12);
  });

  it('refuses a scaling it does not know', () => {
    const config = { ...toyConfig, rope_scaling: { rope_type: 'yarn', factor: 4 } };
    expect(() => rotaryFrequencies(config, undefined, 'config.json')).toThrow(
      /ARCHITECTURE_UNSUPPORTED.*config\.json.*yarn/,
    );
  });
});
