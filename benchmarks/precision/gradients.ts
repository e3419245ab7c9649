import * as tf from '@tensorflow/tfjs-core';
import {
  type Backbone,
  type LowRankPair,
  lowRankAddition,
  type TokenExample,
  tokenCrossEntropy,
} from '../../core/index.js';
import { nextLabels, trainingBatch } from '../../core/text/examples.js';

/** Gradients of a low-rank adapter's factors over one batch. */
export interface AdapterGradients {
  /** Mean cross-entropy of the answers in nats. */
  readonly loss: number;
  /** By PEFT's names of the parameters. */
  readonly gradients: Readonly<Record<string, Float32Array>>;
}

/** Loss of the examples as one batch with the pairs added, and its gradients. */
export function adapterGradients(
  backbone: Backbone,
  pairs: readonly LowRankPair[],
  examples: readonly TokenExample[],
): AdapterGradients {
  const batch = trainingBatch(examples, [...examples.keys()], 0);
  return tf.tidy(() => {
    const factors = pairs.map(({ a, b, rank, inFeatures, outFeatures }) => [
      tf.variable(tf.tensor2d(a, [rank, inFeatures])),
      tf.variable(tf.tensor2d(b, [outFeatures, rank])),
    ]);
    const { value, grads } = tf.variableGrads(() => {
      const { logits } = backbone.forward({
        batch,
        logits: batch.answerPositions,
        additions: ({ name }) => {
          const at = pairs.findIndex(({ site }) => site === name);
          if (at < 0) return undefined;
          const apply = (x: tf.Tensor2D, [a, b]: readonly tf.Tensor[]) =>
            lowRankAddition(x, a as tf.Tensor2D, b as tf.Tensor2D, pairs[at].scale);
          return { inputs: factors[at], apply };
        },
      });
      return tf.mean(tokenCrossEntropy(logits as tf.Tensor2D, nextLabels(batch)));
    });
    const named = pairs.flatMap(({ site }, i) =>
      ['A', 'B'].map((side, j) => [
        `base_model.model.${site}.lora_${side}.weight`,
        grads[factors[i][j].name].dataSync<'float32'>(),
      ]),
    );
    const loss = value.dataSync()[0];
    tf.dispose(factors);
    return { loss, gradients: Object.fromEntries(named) as AdapterGradients['gradients'] };
  });
}

/** |a - b| / |b| */
export function relativeDistance(a: Float32Array, b: Float32Array): number {
  const norm = (values: Iterable<number>) => Math.hypot(...values);
  return norm(a.map((value, i) => value - b[i])) / norm(b);
}
