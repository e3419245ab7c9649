import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { AdamW } from '../../core/training/optimizer.js';
import { l2Norm, Packing } from '../../core/training/packing.js';

const settings = { betas: [0.9, 0.99] as [number, number], epsilon: 0.5, weightDecay: 0.1 };

function made(values: { p: number[][]; q: number[] }, own = settings) {
  const variables = tf.tidy(() => ({ p: tf.variable(tf.tensor2d(values.p)), q: tf.variable(tf.tensor1d(values.q)) }));
  const packing = new Packing(variables);
  const optimizer = new AdamW(variables, packing, own);
  const step = (gradients: { p: number[][]; q: number[] }, rate: number) =>
    tf.tidy(() => {
      const gradient = packing.pack({ p: tf.tensor2d(gradients.p), q: tf.tensor1d(gradients.q) });
      return [...optimizer.update(gradient, rate).dataSync()];
    });
  const dispose = () => {
    optimizer.dispose();
    tf.dispose(variables);
  };
  return { variables, optimizer, step, dispose };
}

describe('AdamW', () => {
  it('moves a weight as worked out by hand over two steps', () => {
    const before = tf.memory().numTensors;
    const { variables, step, dispose } = made({ p: [[1, 0]], q: [2] });
    // Step 1: m/(1-b1) = g = 2, sqrt(v/(1-b2)) = 2: 1 - 0.2 x 0.1 x 1 - 0.2 x 2 / (2 + 0.5) = 0.82.
    step({ p: [[2, 0]], q: [0] }, 0.2);
    expect(variables.p.dataSync()[0]).toBeCloseTo(0.82, 6);
    expect(variables.q.dataSync()[0]).toBeCloseTo(1.96, 6);
    // Step 2, g = -1: m = 0.9 x 0.2 - 0.1 = 0.08, m/(1 - 0.81) = 0.421053; v = 0.99 x 0.04 + 0.01 = 0.0496,
    // v/(1 - 0.9801) = 2.492462, root 1.578753: 0.82 - 0.1 x 0.1 x 0.82 - 0.1 x 0.421053 / 2.078753 = 0.791545.
    const difference = step({ p: [[-1, 0]], q: [0] }, 0.1);
    expect(variables.p.dataSync()[0]).toBeCloseTo(0.791545, 5);
    expect(difference[0]).toBeCloseTo(0.791545 - 0.82, 5);
    expect([...variables.p.dataSync()][1]).toBe(0);
    dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on from a saved state as if it had never stopped', () => {
    const whole = made({ p: [[1, -1]], q: [3] });
    whole.step({ p: [[1, 2]], q: [0.5] }, 0.1);
    const saved = whole.optimizer.state();
    const values = { p: whole.variables.p.arraySync() as number[][], q: whole.variables.q.arraySync() as number[] };
    const resumed = made(values);
    resumed.optimizer.restore(saved);
    tf.dispose([saved.first, saved.second]);
    const next = { p: [[-2, 1]], q: [1] };
    expect(resumed.step(next, 0.1)).toEqual(whole.step(next, 0.1));
    whole.dispose();
    resumed.dispose();
  });
});

describe('packing', () => {
  it('lays tensors end to end, with zeros for an absent one, and takes them apart again', () => {
    const before = tf.memory().numTensors;
    const [a, b] = [tf.tensor2d([[1, 2]]), tf.tensor1d([3])];
    const packing = new Packing({ a, b });
    const vector = packing.pack({ a });
    expect([...vector.dataSync()]).toEqual([1, 2, 0]);
    const parts = packing.unpack(vector);
    expect(parts.a.arraySync()).toEqual([[1, 2]]);
    tf.dispose([a, b, vector, parts]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('measures the length of a vector of any size', () => {
    const norm = (values: number[]) => tf.tidy(() => l2Norm(tf.tensor1d(values)));
    expect(norm([3, 4])).toBeCloseTo(5, 6);
    expect(norm(new Array(2500).fill(2))).toBeCloseTo(100, 4);
  });
});
