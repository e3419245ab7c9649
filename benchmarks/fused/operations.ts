import * as tf from '@tensorflow/tfjs-core';
import {
  attention,
  FrozenLinear,
  lowRankAddition,
  rmsNorm,
  rotaryTable,
  seededRandom,
  swiGlu,
  tokenCrossEntropy,
} from '../../core/index.js';
import { type AttentionSizes, plainAttention } from './plain-attention.js';

type Operation = (inputs: tf.Tensor[]) => tf.Tensor;

/** A fused operation and what it stands for; gradients are taken with respect to all inputs. */
export interface OperationPair {
  readonly name: string;
  readonly inputs: tf.Tensor[];
  readonly fused: Operation;
  readonly plain: Operation;
}

const [ROWS, LENGTH, WIDTH, FEED_FORWARD, RANK] = [8, 64, 576, 1536, 8];
const [VOCABULARY, ANSWERS] = [49152, 64];
const TOKENS = ROWS * LENGTH;
const SIZES: AttentionSizes = { rows: ROWS, length: LENGTH, heads: 9, keyValueHeads: 3, headWidth: 64 };
const EPSILON = 1e-5;

/** One at a time, since each makes its tensors. */
export function* operationPairs(): Iterable<OperationPair> {
  for (const make of [norm, gated, attended, crossEntropy, lowRank, frozen]) yield make();
}

function random(name: string, ...shape: [number, number]): tf.Tensor2D {
  const values = seededRandom(1)
    .stream(`fused/${name}`)
    .fillUniform(new Float32Array(shape[0] * shape[1]), -1, 1);
  return tf.tensor2d(values, shape);
}

function norm(): OperationPair {
  const gain = tf.ones<tf.Rank.R1>([WIDTH]);
  return {
    name: 'rmsNorm',
    inputs: [random('x', TOKENS, WIDTH)],
    fused: ([x]) => rmsNorm(x as tf.Tensor2D, gain, EPSILON),
    plain: ([x]) => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), EPSILON))), gain),
  };
}

function gated(): OperationPair {
  return {
    name: 'swiGlu',
    inputs: [random('gate and up', TOKENS, 2 * FEED_FORWARD)],
    fused: ([joined]) => swiGlu(joined as tf.Tensor2D),
    plain: ([joined]) => {
      const [gate, up] = tf.split(joined, 2, 1);
      return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
    },
  };
}

function attended(): OperationPair {
  const positions = Int32Array.from({ length: TOKENS }, (_, i) => i % LENGTH);
  const frequencies = Float64Array.from({ length: SIZES.headWidth / 2 }, (_, i) => 1e5 ** (-i / 32));
  const rotary = rotaryTable(positions, frequencies);
  const hidden = Float32Array.from({ length: LENGTH ** 2 }, (_, i) => (i % LENGTH > Math.floor(i / LENGTH) ? -1e9 : 0));
  const bias = tf.tensor4d(hidden, [1, 1, LENGTH, LENGTH]);
  const narrow = SIZES.keyValueHeads * SIZES.headWidth;
  return {
    name: 'attention',
    inputs: [random('q, k and v', TOKENS, WIDTH + 2 * narrow)],
    fused: ([joined]) => attention(joined as tf.Tensor2D, {}, { ...SIZES, rotary, bias, onlyCausal: true }),
    plain: ([joined]) => plainAttention(tf.split(joined, [WIDTH, narrow, narrow], 1), SIZES, rotary, bias),
  };
}

function crossEntropy(): OperationPair {
  const labels = Int32Array.from({ length: ANSWERS }, (_, i) => (i * 769) % VOCABULARY);
  const target = tf.oneHot(tf.tensor1d(labels, 'int32'), VOCABULARY);
  return {
    name: 'tokenCrossEntropy',
    inputs: [random('logits', ANSWERS, VOCABULARY)],
    fused: ([logits]) => tokenCrossEntropy(logits as tf.Tensor2D, labels),
    plain: ([logits]) => tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), target), -1)),
  };
}

function lowRank(): OperationPair {
  return {
    name: 'lowRankAddition',
    inputs: [random('x', TOKENS, WIDTH), random('a', RANK, WIDTH), random('b', WIDTH, RANK)],
    fused: ([x, a, b]) => lowRankAddition(x as tf.Tensor2D, a as tf.Tensor2D, b as tf.Tensor2D, 2),
    plain: ([x, a, b]) => tf.matMul(tf.mul(tf.matMul(x, a, false, true), 2), b, false, true),
  };
}

/** The plain one is given the weight as a constant, so neither computes dW. */
function frozen(): OperationPair {
  const weight = random('w', FEED_FORWARD, WIDTH);
  const values = weight.dataSync<'float32'>();
  const linear = FrozenLinear.joined([{ weight: values, outFeatures: FEED_FORWARD }], WIDTH);
  return {
    name: 'FrozenLinear, gate_proj',
    inputs: [random('x', TOKENS, WIDTH)],
    fused: ([x]) => linear.apply(x as tf.Tensor2D),
    plain: ([x]) => tf.matMul(x, weight, false, true),
  };
}
