import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivationEdit, Backbone } from '../../core/contracts/backbone.js';
import type { TrainingBatch } from '../../core/contracts/batch.js';
import { headEdits, padRows } from '../../core/index.js';
import { toyBatch } from '../training/toy-run.js';

/** Two layers of two heads with two channels. */
const backbone = {
  sizes: { heads: 2, headWidth: 2 },
  activationSites: [0, 1].map((layer) => ({ name: `layer ${layer}`, layer, shape: '[B, T, H, d_h]' })),
} as unknown as Backbone;

/** Head 1 of layer 0 with the vector (10, 20). */
const one = { heads: [[0, 1]], values: Float32Array.of(10, 20) } as const;
const settings = { mode: 'add', positions: 'prompt-end', strength: 0.25 } as const;

/** Rows "ab|c" and "d|e" of four and three tokens: the last prompt tokens are at 1 and 4, answers at 1, 2 and 4, 5. */
const rows = toyBatch(['ab', 'c'], ['d', 'e']);

/** The activations h = 1 at every position, head and channel after the edit: those that differ from 1, by place. */
function changed(edit: ActivationEdit, batch: TrainingBatch = rows): Record<number, number[][]> {
  return tf.tidy(() => {
    const edited = edit.apply(tf.ones([batch.rows, batch.length, 2, 2]), [], batch);
    const places = tf.reshape(edited, [-1, 2, 2]).arraySync() as number[][][];
    const entries = places.map((heads, place) => [place, heads] as const);
    return Object.fromEntries(entries.filter(([, heads]) => heads.flat().some((value) => value !== 1)));
  });
}

let tensors: number;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

describe('the edit of a head whose output is (1, 1), with the vector (10, 20) at strength 1/4', () => {
  it.each([
    ['add', [3.5, 6]],
    ['replace', [10, 20]],
    ['mix', [3.25, 5.75]],
  ] as const)('gives with mode %s %o at the last prompt token of every row, and nothing else', (mode, want) => {
    const [edit] = headEdits(backbone, one, { ...settings, mode });
    expect(edit).toMatchObject({ site: 'layer 0', where: 'answers' });
    expect(changed(edit)).toEqual({ 1: [[1, 1], want], 4: [[1, 1], want] });
  });

  it('acts on request wherever an answer is predicted', () => {
    const [edit] = headEdits(backbone, one, { ...settings, positions: 'answers' });
    expect(Object.keys(changed(edit))).toEqual(['1', '2', '4', '5']);
  });

  it('passes over a row that has no answer', () => {
    const [edit] = headEdits(backbone, one, settings);
    expect(Object.keys(changed(edit, { ...rows, answerStart: Int32Array.of(-1, 4) }))).toEqual(['4']);
    expect(changed(edit, { ...rows, answerStart: Int32Array.of(-1, -1) })).toEqual({});
  });

  it('is refused over rows without labels', () => {
    const [edit] = headEdits(backbone, one, settings);
    const unlabelled = padRows([[1, 2, 3, 4], [1]], { pad: 0 });
    expect(() => changed(edit, unlabelled as TrainingBatch)).toThrow(/PASS_INVALID.*rows with labels/);
  });

  it('lets gradients through: all where it adds, three quarters where it mixes, none where it replaces', () => {
    const slopes = (['add', 'mix', 'replace'] as const).map((mode) => {
      const [edit] = headEdits(backbone, one, { ...settings, mode });
      const slope = tf.tidy(() =>
        tf
          .grad((h: tf.Tensor) => tf.sum(edit.apply(h, [], rows)))(tf.ones([2, 4, 2, 2]))
          .arraySync(),
      ) as number[][][][];
      expect(slope[0][0]).toEqual([
        [1, 1],
        [1, 1],
      ]);
      expect(slope[0][1][0]).toEqual([1, 1]);
      return slope[0][1][1];
    });
    expect(slopes).toEqual([
      [1, 1],
      [0.75, 0.75],
      [0, 0],
    ]);
  });
});

describe('edits of heads', () => {
  const heads = [
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const;
  const three = { heads, values: Float32Array.of(1, 2, 3, 4, 5, 6) };

  it('are one for each layer that has any of them', () => {
    const edits = headEdits(backbone, three, { ...settings, strength: 1 });
    expect(edits.map(({ site }) => site)).toEqual(['layer 1', 'layer 0']);
    expect(changed(edits[0])[1]).toEqual([
      [2, 3],
      [6, 7],
    ]);
    expect(changed(edits[1])[1]).toEqual([
      [1, 1],
      [4, 5],
    ]);
  });

  it('are none at strength 0, whatever the mode', () => {
    for (const mode of ['add', 'replace', 'mix'] as const) {
      expect(headEdits(backbone, three, { ...settings, mode, strength: 0 })).toEqual([]);
    }
  });

  it('have equal keys if they do the same, and others if anything differs', () => {
    const keyOf = (vectors: Parameters<typeof headEdits>[1], given: object = {}) =>
      headEdits(backbone, vectors, { ...settings, ...given })[0].key;
    expect(keyOf({ heads: [...heads], values: three.values.slice() })).toBe(keyOf(three));
    const others = [
      keyOf({ heads, values: Float32Array.of(1, 2, 3, 4, 5, 7) }),
      keyOf({ heads: [heads[0], [0, 0], heads[2]], values: three.values }),
      keyOf(three, { mode: 'mix' }),
      keyOf(three, { positions: 'answers' }),
      keyOf(three, { strength: 0.5 }),
    ];
    expect(new Set([keyOf(three), ...others]).size).toBe(6);
  });

  it('are refused in a layer that has no site of head outputs', () => {
    const elsewhere = { heads: [[2, 0]], values: Float32Array.of(1, 2) } as const;
    expect(() => headEdits(backbone, elsewhere, settings)).toThrow(/SITE_UNKNOWN.*head outputs.*layer 2/);
  });
});
