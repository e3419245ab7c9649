import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { hasKernels, withoutKernels } from '../../core/engine/kernels/kernels.js';
import { adamwUpdate } from '../../core/engine/ops/adamw.js';
import {
  type AttentionFrame,
  attention,
  FrozenLinear,
  feedForwardBlock,
  type GateAdditions,
  lowRankAddition,
  projectedAttention,
  rmsNorm,
  rotaryTable,
  seededRandom,
  swiGlu,
  tokenCrossEntropy,
} from '../../core/index.js';

type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Value and gradients of an operation, every output weighted by a number of its own. */
function valueAndGradients(run: Operation, inputs: readonly tf.Tensor[]): Float32Array[] {
  return tf.tidy(() => {
    const value = run(...inputs);
    const weights = tf.randomNormal(value.shape, 0, 1, 'float32', 99);
    const grads = tf.grads((...given: tf.Tensor[]) => tf.sum(tf.mul(run(...given), weights)))([...inputs]);
    return [value, ...grads].map((tensor) => tensor.dataSync<'float32'>());
  });
}

/** Holds the native form to the composed one. @param tolerance relative to the largest value */
function expectSame(run: Operation, shapes: readonly (readonly number[])[], tolerance = 5e-6): void {
  const inputs = shapes.map((shape, i) => tf.randomNormal([...shape], 0, 1, 'float32', i + 1));
  const native = valueAndGradients(run, inputs);
  const composed = withoutKernels(() => valueAndGradients(run, inputs));
  for (const [i, values] of native.entries()) {
    const size = Math.max(...composed[i].map(Math.abs));
    const apart = values.reduce((most, value, at) => Math.max(most, Math.abs(value - composed[i][at])), 0);
    expect(values.length).toBe(composed[i].length);
    expect(apart / size, `output or gradient ${i}`).toBeLessThan(tolerance);
  }
  expect(valueAndGradients(run, inputs)).toEqual(native);
  tf.dispose(inputs);
}

describe('native operations equal the composed ones and repeat themselves', () => {
  beforeEach(({ skip }) => skip(!hasKernels(), 'they belong to the native engine on the processor'));

  it.each([
    [5, 3],
    [70, 48],
    [33, 100],
  ])('rmsNorm of %i rows of %i', (rows, width) => {
    const gain = tf.randomNormal<tf.Rank.R1>([width], 1, 0.1, 'float32', 9);
    expectSame((x) => rmsNorm(x as tf.Tensor2D, gain, 1e-5), [[rows, width]]);
    gain.dispose();
  });

  it.each([
    [5, 3],
    [70, 48],
  ])('swiGlu of %i rows of %i, with and without additions', (rows, width) => {
    const [joined, own] = [
      [rows, 2 * width],
      [rows, width],
    ];
    expectSame((x) => swiGlu(x as tf.Tensor2D), [joined]);
    expectSame((x, gate, up) => swiGlu(x as tf.Tensor2D, { gate, up } as GateAdditions), [joined, own, own]);
    expectSame((x, up) => swiGlu(x as tf.Tensor2D, { up } as GateAdditions), [joined, own]);
  });

  it.each([
    [5, 3, 7, 2],
    [130, 48, 20, 8],
    [70, 17, 33, 19],
  ])('a low-rank pair for %i rows from %i to %i, rank %i', (rows, inFeatures, outFeatures, rank) => {
    const run: Operation = (x, a, b) => lowRankAddition(x as tf.Tensor2D, a as tf.Tensor2D, b as tf.Tensor2D, 2);
    expectSame(run, [
      [rows, inFeatures],
      [rank, inFeatures],
      [outFeatures, rank],
    ]);
  });

  it.each([5, 16, 101])('tokenCrossEntropy over %i tokens', (vocabulary) => {
    const labels = Int32Array.from({ length: 7 }, (_, i) => (i * 3) % vocabulary);
    expectSame((x) => tokenCrossEntropy(x as tf.Tensor2D, labels), [[7, vocabulary]]);
  });

  it.each([
    [2, 5, 4, 2, 6],
    [3, 64, 6, 2, 16],
    [1, 150, 2, 1, 20],
    [9, 17, 3, 3, 64],
  ])('attention in %i rows of %i tokens, %i heads on %i, %i wide', (rows, length, heads, keyValueHeads, headWidth) => {
    const positions = Int32Array.from({ length: rows * length }, (_, i) => i % length);
    const frequencies = Float64Array.from({ length: headWidth / 2 }, (_, i) => 100 ** (-i / headWidth));
    const rotary = rotaryTable(positions, frequencies);
    const hidden = Float32Array.from({ length: rows * length * length }, (_, i) => {
      const [row, query, key] = [Math.floor(i / length ** 2), Math.floor(i / length) % length, i % length];
      return key > query || (key === row && query !== key) ? -1e9 : 0;
    });
    const bias = tf.tensor4d(hidden, [rows, 1, length, length]);
    const frame: AttentionFrame = { rows, length, heads, keyValueHeads, headWidth, rotary, bias };
    const n = rows * length;
    const [joined, query, key] = [
      [n, (heads + 2 * keyValueHeads) * headWidth],
      [n, heads * headWidth],
      [n, keyValueHeads * headWidth],
    ];
    expectSame((x) => attention(x as tf.Tensor2D, {}, frame), [joined]);
    const added: Operation = (x, queries, values) =>
      attention(x as tf.Tensor2D, { queries, values } as { queries: tf.Tensor2D; values: tf.Tensor2D }, frame);
    expectSame(added, [joined, query, key]);
    expectSame((x, keys) => attention(x as tf.Tensor2D, { keys: keys as tf.Tensor2D }, frame), [joined, key]);
    tf.dispose([rotary.cos, rotary.sin, bias]);
  });

  it.each(['f32', 'bf16'] as const)('a feed-forward block, %s', (precision) => {
    const linear = (seed: number, outFeatures: number, inFeatures: number) => {
      const weight = seededRandom(seed)
        .stream('weight')
        .fillUniform(new Float32Array(outFeatures * inFeatures), -0.3, 0.3);
      return FrozenLinear.joined([{ weight, outFeatures }], inFeatures, precision);
    };
    const [gateUp, down] = [linear(1, 2 * 24, 20), linear(2, 20, 24)];
    const gain = tf.ones<tf.Rank.R1>([20]);
    const run: Operation = (x, o) =>
      feedForwardBlock(x as tf.Tensor2D, o as tf.Tensor2D, { gain, epsilon: 1e-5, gateUp, down });
    expectSame(run, [[9, 20], [9, 20]], precision === 'bf16' ? 0.02 : undefined); // biome-ignore format: shapes
    gain.dispose();
    for (const one of [gateUp, down]) one.dispose();
  });

  it.each<['f32' | 'bf16', ('pair' | 'dense' | undefined)[]]>([
    ['f32', ['pair', undefined, 'pair']],
    ['f32', [undefined, 'pair', undefined]],
    ['f32', ['pair', 'dense', 'pair']],
    ['f32', ['dense', 'pair', 'dense']],
    ['f32', [undefined, undefined, undefined]],
    ['bf16', ['pair', undefined, 'dense']],
  ])('attention of a %s projection with %s added to queries, keys and values', (precision, kinds) => {
    const [rows, length, heads, keyValueHeads, headWidth, inFeatures, rank] = [2, 5, 4, 2, 6, 10, 3];
    const widths = [heads, keyValueHeads, keyValueHeads].map((count) => count * headWidth);
    const outFeatures = widths[0] + 2 * widths[1];
    const weight = seededRandom(1)
      .stream('w')
      .fillUniform(new Float32Array(outFeatures * inFeatures), -0.5, 0.5);
    const projection = FrozenLinear.joined([{ weight, outFeatures }], inFeatures, precision);
    const rotary = rotaryTable(
      Int32Array.from({ length: 10 }, (_, i) => i % length),
      Float64Array.of(1, 0.5, 0.1),
    );
    const causal = Float32Array.from({ length: length ** 2 }, (_, i) =>
      i % length > Math.floor(i / length) ? -1e9 : 0,
    );
    const bias = tf.tensor4d(causal, [1, 1, length, length]);
    const frame = { rows, length, heads, keyValueHeads, headWidth, rotary, bias, onlyCausal: true };
    const shapes = kinds.map((kind, i) =>
      kind === 'pair' ? [[rank, inFeatures], [widths[i], rank]] : kind === 'dense' ? [[10, widths[i]]] : [],
    ); // biome-ignore format: shapes
    const run: Operation = (x, ...given) => {
      const [queries, keys, values] = shapes.map((own) => {
        const [a, b] = given.splice(0, own.length) as tf.Tensor2D[];
        return b ? { a, b, scale: 2 } : a;
      });
      return projectedAttention(x as tf.Tensor2D, projection, { queries, keys, values }, frame);
    };
    expectSame(run, [[10, inFeatures], ...shapes.flat()], precision === 'bf16' ? 0.05 : undefined);
    tf.dispose([rotary.cos, rotary.sin, bias]);
    projection.dispose();
  });

  it('an update of AdamW', () => {
    tf.tidy(() => {
      const [values, gradient, first, second] = [1, 2, 3, 4].map((seed) =>
        tf.abs(tf.randomNormal<tf.Rank.R1>([10_001], 0, 1, 'float32', seed)),
      ) as tf.Tensor1D[];
      const factors = { betas: [0.9, 0.999], epsilon: 1e-8, decay: 1e-3, size: 2e-3, root: 1.7 } as const;
      const update = () => Object.entries(adamwUpdate(values, gradient, { first, second }, factors));
      const composed = Object.fromEntries(withoutKernels(update));
      for (const [name, tensor] of update()) {
        const apart = tf.max(tf.abs(tf.sub(tf.div(tensor, composed[name]), 1))).dataSync()[0];
        expect(apart, name).toBeLessThan(1e-5);
      }
    });
  });

  it('refuse labels outside the vocabulary and additions of another shape', () => {
    tf.tidy(() => {
      const logits = tf.zeros<tf.Rank.R2>([2, 5]);
      for (const label of [-1, 5]) {
        expect(() => tokenCrossEntropy(logits, Int32Array.of(0, label))).toThrow(
          `label ${label} is not one of 5 tokens`,
        );
      }
      const wrong = { gate: tf.zeros<tf.Rank.R2>([1, 3]) };
      expect(() => swiGlu(tf.zeros<tf.Rank.R2>([2, 6]), wrong)).toThrow(/shape \[1,3\] instead of \[2,3\]/);
      const [a, b] = [tf.zeros<tf.Rank.R2>([2, 3]), tf.zeros<tf.Rank.R2>([4, 2])];
      expect(() => lowRankAddition(tf.zeros<tf.Rank.R2>([2, 6]), a, b, 1)).toThrow(/shape \[2,3\] instead of \[2,6\]/);
    });
  });

  it('what is not a number stays so', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([[1, Number.NaN, 2, 3]]);
      expect(swiGlu(x).dataSync()[1]).toBeNaN();
      expect(tokenCrossEntropy(x, Int32Array.of(0)).dataSync()[0]).toBeNaN();
      expect(rmsNorm(x, tf.ones([4]), 1e-5).dataSync()[0]).toBeNaN();
    });
  });
});
