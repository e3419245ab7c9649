import * as tf from '@tensorflow/tfjs-core';
import type { Intervention } from '../../core/contracts/intervention.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';

type Called = (name: string) => void;

const moments = (called: Called) => ({
  prepare: () => called('prepare'),
  beforeTask: () => called('beforeTask'),
  afterStep: () => called('afterStep'),
  afterTask: () => called('afterTask'),
});

/** A regularizer that costs nothing and tells what is called. */
export function recordingRegularizer(called: Called): Regularizer {
  return {
    ...moments(called),
    over: 'weights',
    startsAt: 0,
    passes: () => {
      called('passes');
      return {};
    },
    penalty: () => {
      called('penalty');
      return tf.scalar(0);
    },
  };
}

/** An intervention that edits nothing and tells what is called. */
export function recordingIntervention(called: Called): Intervention {
  return {
    ...moments(called),
    startsAt: 0,
    sites: [],
    edits: () => {
      called('edits');
      return [];
    },
  };
}
