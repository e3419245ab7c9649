import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose, expectNoLeak, numericGradient } from '../../core/testing/index.js';

describe('expectClose', () => {
  it('takes values within the tolerance and names the worst one beyond it', () => {
    expectClose([1, 2], [1.1, 2], 0.2);
    expect(() => expectClose([1, 2, 3], [1.1, 2.5, 3], 0.2, 'logits')).toThrow(
      'logits: 2 instead of 2.5 at index 1, more than 0.2 apart',
    );
  });

  it('reads tensors', () => {
    tf.tidy(() => expectClose(tf.tensor1d([1, 2]), [1, 2], 0));
  });

  it('refuses other lengths and values that are no numbers, but takes equal infinities', () => {
    expect(() => expectClose([1], [1, 2])).toThrow('values: 1 values instead of 2');
    expect(() => expectClose([1, Number.NaN, 3], [1, 2, 9])).toThrow('NaN instead of 2 at index 1');
    expectClose([Number.POSITIVE_INFINITY], [Number.POSITIVE_INFINITY]);
  });
});

describe('expectNoLeak', () => {
  it('returns what the work returns', async () => {
    expect(await expectNoLeak(async () => 7)).toBe(7);
  });

  it('counts what is left over and what is freed in excess', async () => {
    const kept: tf.Tensor[] = [];
    const leak = () => void kept.push(tf.scalar(1), tf.scalar(2));
    await expect(expectNoLeak(leak)).rejects.toThrow('2 tensors are left over');
    await expect(expectNoLeak(() => tf.dispose(kept[0]))).rejects.toThrow("1 of somebody else's tensors was disposed");
    tf.dispose(kept);
  });
});

describe('numericGradient', () => {
  it('is 2 x for the sum of x^2, and leaves x as it was', () => {
    const x = tf.variable(tf.tensor1d([1, -3]));
    const f = () => tf.tidy(() => tf.sum(tf.square(x)).dataSync<'float32'>()[0]);
    expect(numericGradient(f, x, 0)).toBeCloseTo(2, 2);
    expect(numericGradient(f, x, 1)).toBeCloseTo(-6, 2);
    expect([...x.dataSync()]).toEqual([1, -3]);
    x.dispose();
  });
});
