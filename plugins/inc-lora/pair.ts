import * as tf from '@tensorflow/tfjs-core';
import {
  type LinearAddition,
  type LinearSite,
  type LowRankPair,
  lowRankAddition,
  type RandomStream,
} from '../../core/index.js';

/** A pair on the engine: A [r, in] and B [out, r]. */
export interface PairTensors<T extends tf.Tensor = tf.Tensor> {
  readonly a: T;
  readonly b: T;
}

/** Pairs by the name of their site. */
export type PairsBySite<T extends tf.Tensor = tf.Tensor> = Map<string, PairTensors<T>>;

/** LoRA's start: A uniform in +-1 / sqrt(in) (Kaiming with a = sqrt 5, as PEFT), B = 0, so that nothing is added yet. */
export function startValues(
  site: LinearSite,
  rank: number,
  stream: RandomStream,
): { a: Float32Array; b: Float32Array } {
  const bound = 1 / Math.sqrt(site.inFeatures);
  return {
    a: stream.fillUniform(new Float32Array(rank * site.inFeatures), -bound, bound),
    b: new Float32Array(site.outFeatures * rank),
  };
}

/** Trainable variables with the values given. */
export function livePair(site: LinearSite, values: { a: Float32Array; b: Float32Array }): PairTensors<tf.Variable> {
  const rank = values.a.length / site.inFeatures;
  return tf.tidy(() => ({
    a: tf.variable(tf.tensor2d(values.a, [rank, site.inFeatures])),
    b: tf.variable(tf.tensor2d(values.b, [site.outFeatures, rank])),
  }));
}

/** The pair's values, copied from the engine. */
export function frozenCopy(site: LinearSite, { a, b }: PairTensors, scale: number): LowRankPair {
  return {
    site: site.name,
    a: Float32Array.from(a.dataSync()),
    b: Float32Array.from(b.dataSync()),
    rank: a.shape[0],
    inFeatures: site.inFeatures,
    outFeatures: site.outFeatures,
    scale,
  };
}

/** The pair as tensors; the caller disposes them. */
export function tensorsOf({ a, b, rank, inFeatures, outFeatures }: LowRankPair): PairTensors<tf.Tensor2D> {
  return { a: tf.tensor2d(a, [rank, inFeatures]), b: tf.tensor2d(b, [outFeatures, rank]) };
}

/** What the pair adds to the weight, scale B A [out, in]; the caller disposes it. */
export function deltaOf(pair: LowRankPair): tf.Tensor2D {
  return tf.tidy(() => {
    const { a, b } = tensorsOf(pair);
    return tf.mul(tf.matMul(b, a), pair.scale);
  });
}

/** One pair equal to the sum of pairs of one site and scale: A stacked by rows, B by columns. */
export function concatenated(pairs: readonly LowRankPair[]): LowRankPair {
  const [{ inFeatures, outFeatures }] = pairs;
  const rank = pairs.reduce((sum, pair) => sum + pair.rank, 0);
  const a = new Float32Array(rank * inFeatures);
  const b = new Float32Array(outFeatures * rank);
  let row = 0;
  for (const pair of pairs) {
    a.set(pair.a, row * inFeatures);
    for (let out = 0; out < outFeatures; out++) {
      b.set(pair.b.subarray(out * pair.rank, (out + 1) * pair.rank), out * rank + row);
    }
    row += pair.rank;
  }
  return { ...pairs[0], a, b, rank };
}

/** The pair's addition at its site, scale (dropout(x) A^T) B^T. */
export function pairAddition(site: string, { a, b }: PairTensors, scale: number, dropout = 0): LinearAddition {
  return {
    inputs: [a, b],
    drops: dropout > 0,
    ...(dropout > 0 ? {} : { lowRank: { scale } }),
    apply(x, inputs, draw) {
      const [a, b] = inputs as readonly tf.Tensor2D[];
      const dropped = draw && dropout > 0 ? tf.mul(x, draw.mask(site, x.shape, dropout)) : x;
      return lowRankAddition(dropped as tf.Tensor2D, a, b, scale);
    },
  };
}

export function disposePairs(pairs: PairsBySite): void {
  for (const { a, b } of pairs.values()) tf.dispose([a, b]);
  pairs.clear();
}
