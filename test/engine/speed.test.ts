import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { useEngine } from '../../core/engine/engine.js';
import { productSpeed } from '../../core/engine/speed.js';

test('a speed is a positive number of GFLOPS and leaves no tensor behind', async () => {
  await useEngine('wasm');
  const before = tf.memory().numTensors;
  expect(productSpeed(64)).toBeGreaterThan(0);
  expect(tf.memory().numTensors).toBe(before);
});
