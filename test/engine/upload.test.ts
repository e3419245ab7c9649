import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { currentEngine } from '../../core/engine/engine.js';
import { uploadingAtOnce } from '../../core/engine/upload.js';
import { toyWeights } from '../../core/testing/toy-weights.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';

/** The part of the native backend that remembers what it has not handed over yet. */
interface Pending extends tf.KernelBackend {
  readonly tensorMap: { has(dataId: object): boolean; get(dataId: object): { readonly values: unknown } };
}

/** Runs `load`; gives, for every tensor made meanwhile and still there, whether JavaScript still holds its values. */
async function pendingAfter(load: () => Promise<unknown>): Promise<boolean[]> {
  const backend = tf.backend() as Pending;
  const made = vi.spyOn(backend, 'move');
  await load();
  const left = made.mock.calls.map(([dataId]) => dataId).filter((dataId) => backend.tensorMap.has(dataId));
  return left.map((dataId) => backend.tensorMap.get(dataId).values != null);
}

describe('on the native engine', () => {
  beforeEach((context) => {
    if (currentEngine().name !== 'native') context.skip('the native engine only');
  });
  afterEach(() => void vi.restoreAllMocks());

  it('no weight of a loaded model is held by JavaScript too', async () => {
    const backbone = new LlamaBackbone(toyWeights({ attention_bias: true }), { recompute: 'none' });
    const pending = await pendingAfter(() => backbone.load());
    expect(pending.length).toBeGreaterThanOrEqual(2 + 5 * 2);
    expect(pending).not.toContain(true);
    backbone.dispose();
  });

  it('values wait in JavaScript again once every load is over, also where one fails', async () => {
    const made: tf.Tensor[] = [];
    const make = async () => void made.push(tf.tensor1d([1, 2]));
    const failing = uploadingAtOnce(async () => {
      await Promise.resolve();
      throw new Error('a file that ends');
    });
    const pending = await pendingAfter(async () => {
      await uploadingAtOnce(make);
      await expect(failing).rejects.toThrow('a file that ends');
      await make();
    });
    expect(pending).toEqual([false, true]);
    tf.dispose(made);
  });
});

it('gives what the load gives, on every engine', async () => {
  const x = await uploadingAtOnce(async () => tf.tensor1d([1, 2, 3]));
  expect([...x.dataSync()]).toEqual([1, 2, 3]);
  x.dispose();
});
