import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type AttentionFrame,
  attention,
  FrozenLinear,
  type GateAdditions,
  gatherRows,
  rmsNorm,
  rotaryTable,
  swiGlu,
  tokenCrossEntropy,
} from '../../../core/index.js';
import { draw, expectSameGradients } from './gradients.js';

describe('tokenCrossEntropy', () => {
  it('is ln 2 for two equal logits, with gradient (-1/2, 1/2)', () => {
    const logits = tf.tensor2d([[3, 3]]);
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
      tf.sum(tokenCrossEntropy(x as tf.Tensor2D, Int32Array.of(0))),
    )(logits);
    expect(value.arraySync()).toBeCloseTo(Math.LN2, 6);
    expect(grad.arraySync()).toEqual([[expect.closeTo(-0.5, 6), expect.closeTo(0.5, 6)]]);
    tf.dispose([logits, value, grad]);
  });

  it('has the gradient of log-softmax', () => {
    const labels = Int32Array.of(1, 4, 4);
    const plain = (x: tf.Tensor) =>
      tf.neg(tf.sum(tf.mul(tf.logSoftmax(x), tf.oneHot(tf.tensor1d(labels, 'int32'), 5)), -1));
    expectSameGradients((x) => tokenCrossEntropy(x as tf.Tensor2D, labels), plain, [draw(1, 3, 5)]);
  });
});

describe('rmsNorm', () => {
  it('turns (3, 4) into (3, 4) / sqrt(12.5)', () => {
    const [x, gain] = [tf.tensor2d([[3, 4]]), tf.ones<tf.Rank.R1>([2])];
    const y = rmsNorm(x, gain, 0);
    expect(y.arraySync()[0]).toEqual([expect.closeTo(3 / Math.sqrt(12.5), 6), expect.closeTo(4 / Math.sqrt(12.5), 6)]);
    tf.dispose([x, gain, y]);
  });

  it('has the gradient of its plain form', () => {
    const gain = tf.tensor1d([1, 2, 0.5]);
    const plain = (x: tf.Tensor) => tf.mul(tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-5))), gain);
    expectSameGradients((x) => rmsNorm(x as tf.Tensor2D, gain, 1e-5), plain, [draw(2, 4, 3)]);
    gain.dispose();
  });
});

describe('swiGlu', () => {
  it('has the gradient of its plain form', () => {
    const plain = (gate: tf.Tensor, up: tf.Tensor) => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
    const joined = (gate: tf.Tensor, up: tf.Tensor) => swiGlu(tf.concat([gate, up], 1) as tf.Tensor2D);
    expectSameGradients(joined, plain, [draw(3, 4, 5), draw(4, 4, 5)]);
  });

  it('takes what is added to gate and up in, and gives its gradients', () => {
    const base = draw(9, 4, 10) as tf.Tensor2D;
    const [ownGate, ownUp] = tf.split(base, 2, 1);
    const plain = (gate: tf.Tensor, up: tf.Tensor) => {
      const whole = tf.add(ownGate, gate);
      return tf.mul(tf.mul(whole, tf.sigmoid(whole)), tf.add(ownUp, up));
    };
    const added = (gate: tf.Tensor, up: tf.Tensor) => swiGlu(base, { gate, up } as GateAdditions);
    expectSameGradients(added, plain, [draw(3, 4, 5), draw(4, 4, 5)]);
    const onlyUp = (up: tf.Tensor) => swiGlu(base, { up } as GateAdditions);
    expectSameGradients(onlyUp, (up) => plain(tf.zeros([4, 5]), up), [draw(4, 4, 5)]);
    tf.dispose([base, ownGate, ownUp]);
  });
});

describe('gatherRows', () => {
  it('adds the gradients of a row that is taken twice', () => {
    const x = draw(5, 3, 2);
    const grad = tf.grad((x: tf.Tensor) => tf.sum(gatherRows(x as tf.Tensor2D, Int32Array.of(2, 0, 2))))(x);
    expect(grad.arraySync()).toEqual([
      [1, 1],
      [0, 0],
      [2, 2],
    ]);
    tf.dispose([x, grad]);
  });
});

describe('FrozenLinear', () => {
  it('computes x W^T + b, gives dy W back, and takes a difference in', () => {
    const before = tf.memory().numTensors;
    const layer = FrozenLinear.joined(
      [
        { weight: Float32Array.of(1, 2, 3, 4), outFeatures: 2 },
        { weight: Float32Array.of(5, 6), outFeatures: 1, bias: Float32Array.of(10) },
      ],
      2,
    );
    tf.tidy(() => {
      const x = tf.tensor2d([[1, 1]]);
      expect(layer.apply(x).arraySync()).toEqual([[3, 7, 21]]);
      const grad = tf.grad((x: tf.Tensor) => tf.sum(layer.apply(x as tf.Tensor2D)))(x);
      expect(grad.arraySync()).toEqual([[9, 12]]);
      layer.add(tf.ones([3, 2]));
      expect(layer.apply(x).arraySync()).toEqual([[5, 9, 23]]);
      expect(layer.copy().arraySync()).toEqual([
        [2, 3],
        [4, 5],
        [6, 7],
      ]);
      layer.add(tf.ones([1, 2]), layer.starts[1]);
      expect(layer.copy(1, 2).arraySync()).toEqual([
        [4, 5],
        [7, 8],
      ]);
    });
    layer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('attention', () => {
  const [rows, length, heads, keyValueHeads, headWidth] = [2, 3, 4, 2, 4];

  function frameOf(pastLength: number, pastRows: number): AttentionFrame {
    const positions = Int32Array.from({ length: rows * length }, (_, i) => pastLength + (i % length));
    const causal = Array.from({ length }, (_, t) =>
      Array.from({ length: pastLength + length }, (_, s) => (s <= pastLength + t ? 0 : -1e9)),
    );
    const segment = (seed: number): tf.Tensor4D =>
      tf.randomNormal<tf.Rank.R4>([pastRows, keyValueHeads, pastLength, headWidth], 0, 1, 'float32', seed);
    return {
      rows,
      length,
      heads,
      keyValueHeads,
      headWidth,
      rotary: rotaryTable(positions, Float64Array.of(1, 0.1)),
      bias: tf.tensor4d([[causal]]),
      past: pastLength > 0 ? [{ keys: segment(31), values: segment(32) }] : undefined,
    };
  }

  /** One head at a time, in plain operations. */
  function plain(frame: AttentionFrame, q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor {
    const rowsOut = Array.from({ length: rows }, (_, b) => {
      const part = (x: tf.Tensor, head: number) => tf.slice(x, [b * length, head * headWidth], [length, headWidth]);
      const angle = (x: tf.Tensor) =>
        tf.slice(tf.reshape(x, [rows * length, headWidth]), [b * length, 0], [length, headWidth]);
      const turned = (x: tf.Tensor) => {
        const [first, second] = tf.split(x, 2, 1);
        return tf.add(
          tf.mul(x, angle(frame.rotary.cos)),
          tf.mul(tf.concat([second, first], 1), angle(frame.rotary.sin)),
        );
      };
      const earlier = (x: tf.Tensor4D, group: number) =>
        tf.reshape(tf.slice(x, [x.shape[0] === 1 ? 0 : b, group, 0, 0], [1, 1, -1, -1]), [x.shape[2], headWidth]);
      const outputs = Array.from({ length: heads }, (_, head) => {
        const group = Math.floor((head * keyValueHeads) / heads);
        const past = frame.past?.[0];
        const join = (old: tf.Tensor4D | undefined, x: tf.Tensor) => (old ? tf.concat([earlier(old, group), x], 0) : x);
        const keys = join(past?.keys, turned(part(k, group)));
        const values = join(past?.values, part(v, group));
        const scores = tf.div(tf.matMul(turned(part(q, head)), tf.transpose(keys)), Math.sqrt(headWidth));
        const bias = tf.reshape(frame.bias as tf.Tensor4D, scores.shape);
        return tf.matMul(tf.softmax(tf.add(scores, bias)), values);
      });
      return tf.concat(outputs, 1);
    });
    return tf.concat(rowsOut, 0);
  }

  for (const [name, pastLength, pastRows] of [
    ['', 0, 2],
    [' behind a past of its own', 2, 2],
    [' behind a shared past', 2, 1],
  ] as const) {
    it(`equals one head at a time, and has its gradients${name}`, () => {
      const frame = frameOf(pastLength, pastRows);
      const inputs = [draw(6, rows * length, heads * headWidth), draw(7, rows * length, 8), draw(8, rows * length, 8)];
      const fusedForm = (...[q, k, v]: tf.Tensor[]) => attention(tf.concat([q, k, v], 1) as tf.Tensor2D, {}, frame);
      expectSameGradients(fusedForm, (q, k, v) => plain(frame, q, k, v), inputs);
      const { rotary, bias, past = [] } = frame;
      tf.dispose([rotary.cos, rotary.sin, bias as tf.Tensor, ...past.flatMap(({ keys, values }) => [keys, values])]);
    });
  }
});
