import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivationEdit, Backbone } from '../../core/contracts/backbone.js';
import { headEdits, instructionVector, streamEdits } from '../../core/index.js';
import { expectClose } from '../../core/testing/index.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { numbers, toyBatch, toyLlama } from '../training/toy-run.js';

const rows = toyBatch(['ab', 'c'], ['d', 'e']);
const at = { layer: 1, positions: 'prompt-end', strength: 1 } as const;
const theta = Float32Array.from({ length: 16 }, (_, i) => i / 10);

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

/** The activation at a site under edits, by place [B * T][D]. */
const captured = (site: string, edits: readonly ActivationEdit[]) =>
  tf.tidy(() => {
    const capture = backbone.forward({ batch: rows, edits, captures: [site] }).captures[site];
    return tf.reshape(capture, [-1, capture.shape[2] as number]).arraySync() as number[][];
  });

describe('an instruction vector', () => {
  it('of W_O = (1 2; 3 4) split over two heads of one channel, of which the second has 10, is (20, 40)', () => {
    const twoHeads = {
      sizes: { heads: 2, headWidth: 1, width: 2 },
      linearSites: [{ name: 'o', kind: 'o_proj', layer: 0, inFeatures: 2, outFeatures: 2 }],
      weight: () => tf.tensor2d([1, 2, 3, 4], [2, 2]),
    } as unknown as Backbone;
    expect([...instructionVector(twoHeads, { heads: [[0, 1]], values: Float32Array.of(10) })]).toEqual([20, 40]);
  });

  it('is what the vectors of heads of one layer add to the residual stream', () => {
    const heads = [
      [1, 3],
      [1, 0],
    ] as const;
    const vectors = { heads, values: Float32Array.of(1, -2, 3, -4, 0.5, 0.6, 0.7, 0.8) };
    const edits = headEdits(backbone, vectors, { mode: 'add', positions: 'prompt-end', strength: 1 });
    const site = 'model.layers.1.attention';
    const [plain, edited] = [captured(site, []), captured(site, edits)];
    const added = (place: number) => edited[place].map((value, i) => value - plain[place][i]);
    for (const place of rows.answerStart) expectClose(added(place), instructionVector(backbone, vectors), 1e-5);
    expect(added(0).every((value) => value === 0)).toBe(true);
  });

  it('is the sum of those of its heads, in whatever layers they are', () => {
    const [first, second] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(4, 3, 2, 1)];
    const one = instructionVector(backbone, { heads: [[0, 2]], values: first });
    const other = instructionVector(backbone, { heads: [[1, 1]], values: second });
    const heads = [
      [0, 2],
      [1, 1],
    ] as const;
    const both = instructionVector(backbone, { heads, values: Float32Array.of(...first, ...second) });
    const sum = one.map((value, i) => value + other[i]);
    expectClose(both, sum, 1e-6);
  });

  it('is refused where the model has no output projection of heads', () => {
    const without = { ...backbone, sizes: backbone.sizes, linearSites: [] } as unknown as Backbone;
    const vectors = { heads: [[0, 0]], values: new Float32Array(4) } as const;
    expect(() => instructionVector(without, vectors)).toThrow(/SITE_UNKNOWN.*o_proj.*layer 0/);
  });
});

describe('edits of the residual stream', () => {
  it.each([
    ['residual', 'model.layers.1'],
    ['attention', 'model.layers.1.attention'],
  ] as const)('add half the vector at the %s of a layer, at the last prompt token of every row', (site, name) => {
    const edits = streamEdits(backbone, theta, { ...at, site, strength: 0.5 });
    expect(edits).toMatchObject([{ site: name, where: 'answers' }]);
    const [plain, edited] = [captured(name, []), captured(name, edits)];
    const starts = [...rows.answerStart];
    for (const [place, values] of edited.entries()) {
      const want = plain[place].map((value, i) => value + (starts.includes(place) ? theta[i] / 2 : 0));
      expectClose(values, want, 1e-6);
    }
  });

  it('at what attention adds are edits of the residual stream before the feed-forward part, not after', () => {
    const logits = (site: 'residual' | 'attention') =>
      tf.tidy(() => {
        const edits = streamEdits(backbone, theta, { ...at, site });
        return numbers(backbone.forward({ batch: rows, logits: rows.answerStart, edits }).logits as tf.Tensor);
      });
    expect(logits('attention')).not.toEqual(logits('residual'));
  });

  it('have equal keys for equal vectors, strengths and positions', () => {
    const keyOf = (vector: Float32Array, given: object = {}) =>
      streamEdits(backbone, vector, { ...at, site: 'residual', ...given })[0].key;
    expect(keyOf(theta.slice())).toBe(keyOf(theta));
    const others = [
      keyOf(theta.slice().reverse()),
      keyOf(theta, { strength: 2 }),
      keyOf(theta, { positions: 'answers' }),
    ];
    expect(new Set([keyOf(theta), ...others]).size).toBe(4);
  });

  it('are none at strength 0, and are refused in a layer that the model lacks', () => {
    expect(streamEdits(backbone, theta, { ...at, site: 'residual', strength: 0 })).toEqual([]);
    expect(() => streamEdits(backbone, theta, { ...at, site: 'attention', layer: 2 })).toThrow(
      /SITE_UNKNOWN.*attention in layer 2/,
    );
  });
});
