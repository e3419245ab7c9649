import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Adapter } from '../../core/contracts/adapter.js';
import type { PluginState } from '../../core/contracts/moments.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';
import { disposeState, gatherState, type Progress, spreadState } from '../../core/training/checkpoint.js';
import type { Participants } from '../../core/training/participants.js';

const progress: Progress = {
  ...{ tasksDone: 1, taskStep: 0, seconds: 0, summaries: [], watched: ['own'] },
  idle: [{ plugin: 'other', task: 'one', steps: [2, 5], what: 'no edit' }],
};

/** A run of an adapter without state and a regularizer that has what is given. */
function runOf(own: Partial<Regularizer>): Participants {
  const adapter: Adapter = { sites: [], trainable: () => ({}), addition: () => undefined };
  const regularizer: Regularizer = { over: 'weights', startsAt: 0, penalty: () => tf.scalar(0), ...own };
  return { backbone: {} as never, adapter, regularizers: [{ name: 'own', regularizer }], interventions: [] };
}

let saved: PluginState | undefined;
afterEach(() => {
  if (saved) disposeState(saved);
  saved = undefined;
});

/** The state of one run, through JSON, given to another. */
function moved(from: Partial<Regularizer>, to: Partial<Regularizer>) {
  saved = gatherState(runOf(from), { progress, kept: [] });
  const json = JSON.parse(JSON.stringify(saved.json));
  return spreadState(runOf(to), { tensors: saved.tensors, json }, 'step-3');
}

const counting = (count: number): Partial<Regularizer> => ({
  state: () => ({ tensors: { sum: tf.tensor1d([1, count]) }, json: { count } }),
});

describe('the state of a sequence', () => {
  it('gives every participant its own back, and how far the sequence has come', () => {
    const given: unknown[] = [];
    const restore = ({ tensors, json }: PluginState) => void given.push([...tensors.sum.dataSync()], json);
    const { progress: back, optimizer } = moved(counting(7), { restore, afterStep: () => {} });
    expect(given).toEqual([[1, 7], { count: 7 }]);
    expect(back).toEqual(progress);
    expect(optimizer).toBeUndefined();
  });

  it('holds float32 tensors only', () => {
    const sum = tf.tensor1d([1], 'int32');
    const state = () => ({ tensors: { sum }, json: {} });
    expect(() => moved({ state }, {})).toThrow(/TENSOR_INVALID.*regularizers\/own, tensor sum.*float32.*int32/);
    sum.dispose();
  });

  it('is refused where a participant of tasks and steps has none, or cannot take it back', () => {
    const expected =
      /CHECKPOINT_INVALID.*step-3.*a state of regularizers\/own, which takes part in afterStep, afterTask/;
    const moments = { afterStep: () => {}, afterTask: () => {} };
    expect(() => moved({}, moments)).toThrow(expected);
    expect(() => moved(counting(1), moments)).toThrow(/no way to restore it/);
    expect(() => moved({}, { prepare: () => {} })).not.toThrow();
  });
});
