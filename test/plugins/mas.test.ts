import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Backbone, ForwardRequest, TokenExample } from '../../core/index.js';
import { gatherRows } from '../../core/index.js';
import { describePlugin, toyLosses } from '../../core/testing/index.js';
import { seededRandom } from '../../core/training/random.js';
import manifest, { masOptions } from '../../plugins/mas/plugin.js';
import { MemoryAwareSynapses } from '../../plugins/mas/regularizer.js';
import { endOfTask } from '../training/task-moment.js';
import { numbers } from '../training/toy-run.js';
import { disposing } from './owned.js';
import { OnePair, OneVector, pairSite } from './small-adapters.js';

const single = { use: 'inc-lora', growth: 'single', rank: 4 };

describePlugin(manifest, { options: { over: 'merged', lambda: 0.1, samples: 5, decay: 0.5 } });

/** A model whose logits [P, 2] are x + 1/2 (x A^T) B^T, x = [token id, 1]. */
const linear = {
  forward({ batch, logits, additions }: ForwardRequest) {
    const x = tf.stack([tf.tensor1d([...batch.ids]), tf.ones([batch.ids.length])], 1) as tf.Tensor2D;
    const added = additions?.(pairSite);
    const y = added ? tf.add<tf.Tensor2D>(x, added.apply(x, added.inputs)) : x;
    return { logits: gatherRows(y, logits as Int32Array), captures: {} };
  },
} as unknown as Backbone;

/** An example that answers after each of the tokens. */
const after = (...tokens: number[]): TokenExample => ({
  tokens: [...tokens, 1],
  labels: [-100, ...tokens.slice(1), 1],
});

const endOf = (adapter: OnePair, examples: TokenExample[], taskIndex = 0) =>
  endOfTask(examples, { taskIndex, model: { backbone: linear, adapter } });

describe('mas', () => {
  const own = disposing();
  const pull = (adapter: OnePair | OneVector, options: Record<string, unknown>) =>
    own(new MemoryAwareSynapses(masOptions.parse(options), adapter, seededRandom(1)));
  const cost = (regularizer: MemoryAwareSynapses) => tf.tidy(() => numbers(regularizer.penalty())[0]);

  /*
   * With A = [1 -1] and B = [2 0] a token 2 gives f = [3 1], d|f|^2/dA = [12 6], d|f|^2/dB = [3 1], and a token 0 gives
   * f = [-1 1], d|f|^2/dA = [0 -2], d|f|^2/dB = [1 -1].
   */
  function atHand(): OnePair {
    const adapter = own(new OnePair());
    adapter.move([1, -1], [2, 0]);
    return adapter;
  }
  const byOne = (adapter: OnePair) => adapter.move([2, 0], [3, 1]);

  it('weighs A by (12 + 0) / 2 and (6 + 2) / 2, B by (3 + 1) / 2 and (1 + 1) / 2: 13 nats for a move by 1 of each', () => {
    const adapter = atHand();
    const regularizer = pull(adapter, { lambda: 1 });
    regularizer.afterTask(endOf(adapter, [after(2), after(0)]));
    expect(cost(regularizer)).toBe(0);
    byOne(adapter);
    expect(cost(regularizer)).toBeCloseTo(13, 5);
  });

  it('takes the mean over the answer positions of a sample before the magnitude: 6 + 2 + 2 + 0 = 10 nats', () => {
    const adapter = atHand();
    const regularizer = pull(adapter, { lambda: 1 });
    regularizer.afterTask(endOf(adapter, [after(2, 0)]));
    byOne(adapter);
    expect(cost(regularizer)).toBeCloseTo(10, 5);
  });

  it('holds merged weights by |2 f x^T|: [4 2; 2 2] for tokens 2 and 0, 27 nats for a move by [1.5 3; 0 0]', () => {
    const adapter = own(new OnePair());
    const regularizer = pull(adapter, { over: 'merged', lambda: 1 });
    regularizer.afterTask(endOf(adapter, [after(2), after(0)]));
    adapter.move([1, 2], [3, 0]);
    expect(cost(regularizer)).toBeCloseTo(27, 4);
  });

  it('adds up the importances of the tasks, the earlier ones decayed, around the newest weights: 13 + 13 / 2', () => {
    const adapter = atHand();
    const regularizer = pull(adapter, { lambda: 2, decay: 0.5 });
    regularizer.afterTask(endOf(adapter, [after(2), after(0)]));
    regularizer.afterTask(endOf(adapter, [after(2), after(0)], 1));
    byOne(adapter);
    expect(cost(regularizer)).toBeCloseTo(2 * 19.5, 4);
  });

  it('measures with the number of samples asked for', () => {
    const adapter = atHand();
    const regularizer = pull(adapter, { lambda: 1, samples: 1 });
    regularizer.afterTask(endOf(adapter, [after(2), after(0)]));
    byOne(adapter);
    expect([12 + 6 + 3 + 1, 0 + 2 + 1 + 1]).toContain(Math.round(cost(regularizer)));
  });

  it('goes on from its saved state', () => {
    const adapter = atHand();
    const regularizer = pull(adapter, { lambda: 1 });
    regularizer.afterTask(endOf(adapter, [after(2), after(0)]));
    const state = regularizer.state();
    const restored = pull(adapter, { lambda: 1 });
    restored.restore({ tensors: state.tensors, json: JSON.parse(JSON.stringify(state.json)) });
    tf.dispose(state.tensors);
    byOne(adapter);
    expect(cost(restored)).toBeCloseTo(13, 5);
  });

  it('refuses merged weights where the adapter has no low-rank pairs', () => {
    const adapter = own(new OneVector([0]));
    expect(() => pull(adapter, { over: 'merged' })).toThrow(/PLUGIN_CLASH.*low-rank pairs for `over: merged`/);
  });

  it.each([{ lambda: -1 }, { samples: 0 }, { decay: 2 }])('refuses %o', (options) => {
    expect(() => masOptions.parse(options)).toThrow(Object.keys(options)[0]);
  });
});

describe('on the two toy tasks mas', () => {
  it.each([
    ['adapter', single],
    ['merged', { use: 'inc-lora', rank: 4 }],
  ])('forgets less than plain training, over %s', async (over, adapter) => {
    const forgotten = async (lambda: number) => {
      const losses = await toyLosses(manifest, { adapter, options: { over, lambda } });
      return losses[2][0] - losses[1][0];
    };
    expect(await forgotten(0.1)).toBeLessThan(0.6 * (await forgotten(0)));
  });
});
