import * as tf from '@tensorflow/tfjs-core';
import { type Backbone, gatherRows, type Head, headSite, type TrainingBatch } from '../../core/index.js';

type Captures = Readonly<Record<string, tf.Tensor>>;

/** Names of the sites that hold the heads' outputs. */
export function headsAt(backbone: Backbone, heads: readonly Head[]): string[] {
  return [...new Set(heads.map(([layer]) => headSite(backbone, layer)))];
}

/**
 * Mean over rows, heads and channels of (h - h*)^2 at the last prompt token, h [B, T, H, d_h] of the model that trains, h* of the
 * target; gradients flow to h.
 */
export function headDifference(
  backbone: Backbone,
  heads: readonly Head[],
  { own, target, batch }: { own: Captures; target: Captures; batch: TrainingBatch },
): tf.Scalar {
  const starts = batch.answerStart.filter((position) => position >= 0);
  const at = (captures: Captures, [layer, head]: Head): tf.Tensor2D => {
    const activation = captures[headSite(backbone, layer)];
    const [, , count, width] = activation.shape;
    const places = starts.map((position) => position * count + head);
    return gatherRows(tf.reshape(activation, [activation.size / width, width]), places);
  };
  const squares = heads.map((head) => tf.mean(tf.squaredDifference(at(own, head), at(target, head))));
  return tf.div(tf.addN(squares), heads.length) as tf.Scalar;
}
