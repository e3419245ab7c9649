import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describePlugin, toyLosses } from '../../core/testing/index.js';
import manifest, { l2AnchorOptions } from '../../plugins/l2-anchor/plugin.js';
import { L2Anchor } from '../../plugins/l2-anchor/regularizer.js';
import { numbers } from '../training/toy-run.js';
import { disposing } from './owned.js';
import { OnePair, OneVector } from './small-adapters.js';

const single = { use: 'inc-lora', growth: 'single', rank: 4 };

describePlugin(manifest, { options: { over: 'merged', strength: 1 } });

describe('l2-anchor', () => {
  const own = disposing();
  const pull = (adapter: OneVector | OnePair, options: Record<string, unknown>) =>
    own(new L2Anchor(l2AnchorOptions.parse(options), adapter));
  const cost = (regularizer: L2Anchor) => tf.tidy(() => numbers(regularizer.penalty())[0]);

  it('costs strength / 2 x (2^2 + 1^2) = 5 nats where two weights moved by 2 and -1', () => {
    const adapter = own(new OneVector([1, 1, 1]));
    const regularizer = pull(adapter, { strength: 2 });
    regularizer.afterTask();
    expect(cost(regularizer)).toBe(0);
    adapter.move([3, 0, 1]);
    expect(cost(regularizer)).toBeCloseTo(5, 6);
  });

  it('holds merged weights: strength / 2 x |1/2 B A|^2 = 11.25 nats for A = [1 2], B = [3 0] and strength 2', () => {
    const adapter = own(new OnePair());
    const regularizer = pull(adapter, { over: 'merged', strength: 2 });
    adapter.move([7, 7], [7, 7]);
    regularizer.afterTask();
    adapter.move([1, 2], [3, 0]);
    expect(cost(regularizer)).toBeCloseTo(11.25, 5);
  });

  it('forgets where earlier tasks left the weights', () => {
    const adapter = own(new OneVector([0]));
    const regularizer = pull(adapter, { strength: 2 });
    for (const value of [5, 1]) {
      adapter.move([value]);
      regularizer.afterTask();
    }
    adapter.move([2]);
    expect(cost(regularizer)).toBeCloseTo(1, 6);
  });

  it('goes on from its saved state', () => {
    const adapter = own(new OneVector([0]));
    const regularizer = pull(adapter, { strength: 2 });
    regularizer.afterTask();
    const state = regularizer.state();
    const restored = pull(adapter, { strength: 2 });
    restored.restore({ tensors: state.tensors, json: JSON.parse(JSON.stringify(state.json)) });
    tf.dispose(state.tensors);
    adapter.move([3]);
    expect(cost(restored)).toBeCloseTo(9, 5);
  });

  it('refuses merged weights where the adapter has no low-rank pairs', () => {
    const adapter = own(new OneVector([0]));
    expect(() => pull(adapter, { over: 'merged' })).toThrow(/PLUGIN_CLASH.*low-rank pairs for `over: merged`/);
  });

  it('refuses a negative strength', () => {
    expect(() => l2AnchorOptions.parse({ strength: -1 })).toThrow(/strength/);
  });
});

describe('on the two toy tasks l2-anchor', () => {
  it.each([
    ['adapter', single],
    ['merged', { use: 'inc-lora', rank: 4 }],
  ])('forgets less than plain training, over %s', async (over, adapter) => {
    const forgotten = async (strength: number) => {
      const losses = await toyLosses(manifest, { adapter, options: { over, strength } });
      return losses[2][0] - losses[1][0];
    };
    expect(await forgotten(1)).toBeLessThan(0.9 * (await forgotten(0)));
  });
});
