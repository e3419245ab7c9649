import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../../core/evaluation/model.js';
import { padRows } from '../../core/text/batching.js';
import { largestDifference, noModel, openRealModel, reference, titled } from './open.js';

interface HeadCase {
  readonly ids: number[];
  /** [L][H] over the d_h values of a head's output at the last token. */
  readonly l2: number[][];
  readonly sum: number[][];
  readonly vectors: { layer: number; head: number; v: number[] }[];
}

const { prompts } = reference<{ prompts: HeadCase[] }>('heads.json');

describe.skipIf(noModel)(titled('head outputs of SmolLM2-135M-Instruct'), () => {
  let model: Model;
  beforeAll(async () => {
    model = await openRealModel();
  });
  afterAll(() => model.backbone.dispose());

  it.each(prompts)('equal the reference at the last token of prompt %#', ({ ids, l2, sum, vectors }) => {
    const { layers } = model.backbone.sizes;
    const captures = Array.from({ length: layers }, (_, layer) => `model.layers.${layer}.heads`);
    const heads = tf.tidy(() => {
      const result = model.backbone.forward({ batch: padRows([ids], { pad: 2 }), captures });
      const last = (name: string) => tf.slice(result.captures[name], [0, ids.length - 1, 0, 0], [1, 1, -1, -1]);
      return captures.map((name) => tf.squeeze(last(name), [0, 1]).arraySync() as number[][]);
    });
    const norms = heads.flat().map((head) => Math.hypot(...head));
    const sums = heads.flat().map((head) => head.reduce((total, value) => total + value, 0));
    expect(largestDifference(norms, l2.flat())).toBeLessThan(2e-4);
    expect(largestDifference(sums, sum.flat())).toBeLessThan(1e-3);
    for (const { layer, head, v } of vectors) expect(largestDifference(heads[layer][head], v)).toBeLessThan(2e-4);
  });
});
