import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect } from 'vitest';

/**
 * For use at the top of a `describe`: what each test gives to the function that this returns is disposed when the test is over,
 * and no tensor may be left then.
 */
export function disposing(): <D extends { dispose(): void }>(one: D) => D {
  let before: number;
  let owned: { dispose(): void }[];
  beforeEach(() => {
    before = tf.memory().numTensors;
    owned = [];
  });
  afterEach(() => {
    for (const one of owned) one.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
  return (one) => {
    owned.push(one);
    return one;
  };
}
