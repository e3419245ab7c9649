import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import type { ActivationEdit } from '../../core/contracts/backbone.js';
import { sharePasses } from '../../core/training/passes.js';
import { flatPositions, indexWithin, union } from '../../core/training/positions.js';
import { runPass } from '../../core/training/run-pass.js';
import { numbers, toyBatch, toyLlama, toyLora } from './toy-run.js';

const edit = (key: string): ActivationEdit => ({ site: 'model.layers.0', key, apply: (x) => tf.mul(x, 2) });
const rows = toyBatch(['ab', 'cd'], ['a', 'b']);

describe('positions of a pass', () => {
  it('are where the next token is labelled, in rows of 5: a b|c d end, a|b end', () => {
    expect([...flatPositions(rows, 'answers')]).toEqual([1, 2, 3, 5, 6]);
    expect([...flatPositions(rows, 'answer-start')]).toEqual([1, 5]);
    expect([...flatPositions(rows, 'last')]).toEqual([4, 7]);
    expect(flatPositions(rows, 'all')).toHaveLength(10);
  });

  it('are merged in order and found again', () => {
    const merged = union([Int32Array.of(10, 2), Int32Array.of(2, 3)]);
    expect([...merged]).toEqual([2, 3, 10]);
    expect([...indexWithin(Int32Array.of(3, 10), merged)]).toEqual([1, 2]);
  });

  it('of answers are refused for rows without labels', () => {
    const { labels: _, ...unlabelled } = rows;
    expect(() => flatPositions(unlabelled, 'answers')).toThrow(/PASS_INVALID.*answers/);
  });
});

describe('sharing passes', () => {
  const shared = (...requests: Parameters<typeof sharePasses>[0]) =>
    sharePasses(requests, { rows, stepEdits: [edit('s')] }).map((pass) => pass.requests.length);

  it('runs requests once that differ in logits and captures only', () => {
    expect(shared({ logits: 'answers' }, { logits: 'last' }, { captures: ['model.layers.0'], gradient: true })).toEqual(
      [3],
    );
  });

  it('keeps requests apart that differ in rows, adapters, edits or gradient', () => {
    const other = toyBatch(['ab', 'cd']);
    expect(shared({}, { rows: other }, { adapters: 'initial' }, { edits: 'step' }, { gradient: false })).toEqual([
      1, 1, 1, 1, 1,
    ]);
  });

  it('takes edits with equal keys for the same', () => {
    expect(shared({ edits: 'step' }, { edits: [edit('s')] }, { edits: [edit('t')] })).toEqual([2, 1]);
  });

  it('serves every request from one run as if it had run alone', async () => {
    const backbone = await toyLlama();
    const adapter = toyLora(backbone);
    const forward = vi.spyOn(backbone, 'forward');
    const before = tf.memory().numTensors;
    const requests = (['answers', 'answer-start', 'last'] as const).map((logits) => ({ logits }));
    const run = (some: typeof requests) => {
      const [pass] = sharePasses(some, { rows });
      const results = runPass(pass, { backbone, adapter });
      return some.map((request) => numbers(results.get(request)?.logits as tf.Tensor));
    };
    const together = tf.tidy(() => run(requests));
    expect(forward).toHaveBeenCalledTimes(1);
    const alone = tf.tidy(() => requests.map((request) => run([request])[0]));
    for (const [i, values] of together.entries()) {
      expect(values.length).toBe(alone[i].length);
      for (const [j, value] of values.entries()) expect(value).toBeCloseTo(alone[i][j], 5);
    }
    expect(tf.memory().numTensors).toBe(before);
    backbone.dispose();
  });
});
