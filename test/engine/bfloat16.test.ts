import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { withoutKernels } from '../../core/engine/kernels/kernels.js';
import { FrozenLinear, feedForwardBlock, hasBfloat16 } from '../../core/index.js';
import { toyWeights } from '../../core/testing/toy-weights.js';
import { padRows } from '../../core/text/batching.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';

/** What a number becomes in bfloat16: its upper half, rounded to the nearest, ties to even. */
function rounded(value: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0];
  const upper = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  return new Float32Array(new Uint32Array([upper << 16]).buffer)[0];
}

describe('weights in bfloat16', () => {
  beforeEach(({ skip }) => skip(!hasBfloat16(), 'bfloat16 is of the native engine'));

  it('are rounded to the nearest, and given back in float32', () => {
    const values = Float32Array.of(1, 1.00390625, 1.01171875, -Math.PI, 1e-20, 65504);
    const linear = FrozenLinear.joined([{ weight: values, outFeatures: 3 }], 2, 'bf16');
    expect([...linear.copy().dataSync()]).toEqual([...values].map(rounded));
    linear.add(tf.ones([1, 2]), 1);
    const [, , third, fourth] = values;
    expect([...linear.copy(1, 1).dataSync()]).toEqual([rounded(rounded(third) + 1), rounded(rounded(fourth) + 1)]);
    linear.dispose();
  });

  it('take products of rounded inputs, summed in float32 and rounded', () => {
    const linear = FrozenLinear.joined(
      [{ weight: Float32Array.of(1.01, 2, 3, 4.02), outFeatures: 2, bias: Float32Array.of(0.5, 0) }],
      2,
      'bf16',
    );
    const x = tf.tensor2d([[1.013, 7.77]]);
    const dot = (a: number, b: number) => rounded(rounded(1.013) * rounded(a) + rounded(7.77) * rounded(b));
    expect([...linear.apply(x).dataSync()]).toEqual([rounded(dot(1.01, 2) + 0.5), dot(3, 4.02)]);
    const grad = tf.grad((x: tf.Tensor) => tf.sum(linear.apply(x as tf.Tensor2D)))(x);
    expect([...grad.dataSync()]).toEqual([rounded(rounded(1.01) + 3), rounded(2 + rounded(4.02))]);
    tf.dispose([x, grad]);
    linear.dispose();
  });

  it('go through a feed-forward block alike with and without native operations', () => {
    const weights = (seed: number, out: number, inFeatures: number) =>
      FrozenLinear.joined(
        [{ weight: tf.randomNormal([out, inFeatures], 0, 0.2, 'float32', seed).dataSync(), outFeatures: out }] as never,
        inFeatures,
        'bf16',
      );
    const [gateUp, down] = [weights(1, 2 * 24, 20), weights(2, 20, 24)];
    const gain = tf.ones([20]) as tf.Tensor1D;
    const [x, o] = [3, 4].map((seed) => tf.randomNormal<tf.Rank.R2>([9, 20], 0, 1, 'float32', seed));
    const values = () =>
      tf.tidy(() => {
        const run = (x: tf.Tensor, o: tf.Tensor) =>
          feedForwardBlock(x as tf.Tensor2D, o as tf.Tensor2D, { gain, epsilon: 1e-5, gateUp, down });
        const grads = tf.grads((x: tf.Tensor, o: tf.Tensor) => tf.sum(tf.square(run(x, o))))([x, o]);
        return [run(x, o), ...grads].map((tensor) => tensor.dataSync());
      });
    const [native, composed] = [values(), withoutKernels(values)];
    for (const [i, own] of native.entries()) {
      const size = Math.max(...composed[i].map(Math.abs));
      for (const [at, value] of own.entries()) expect(Math.abs(value - composed[i][at])).toBeLessThan(0.01 * size);
    }
    tf.dispose([x, o, gain]);
    for (const linear of [gateUp, down]) linear.dispose();
  });

  it('give a model whose logits are those of float32 to two digits, and leave no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const logits: Float32Array[] = [];
    for (const precision of ['f32', 'bf16'] as const) {
      const backbone = new LlamaBackbone(toyWeights(), { recompute: 'none', precision });
      await backbone.load();
      const made = backbone.forward({ batch: padRows([[1, 5, 9, 2]], { pad: 0 }), logits: 'all' }).logits;
      logits.push((made as tf.Tensor).dataSync<'float32'>());
      made?.dispose();
      backbone.dispose();
    }
    const [exact, coarse] = logits;
    const size = Math.max(...exact.map(Math.abs));
    const apart = exact.map((value, i) => Math.abs(value - coarse[i]));
    expect(Math.max(...apart)).toBeLessThan(0.02 * size);
    expect(Math.max(...apart)).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('bfloat16 on an engine without it', () => {
  beforeEach(({ skip }) => skip(hasBfloat16(), 'the native engine has it'));

  it('is refused before anything is loaded', () => {
    expect(() => new LlamaBackbone(toyWeights(), { recompute: 'none', precision: 'bf16' })).toThrow(
      /PRECISION_UNSUPPORTED.*f32.*--engine native/,
    );
  });
});
