import * as tf from '@tensorflow/tfjs-core';
import {
  type GradientRequest,
  mapTensors,
  type NamedTensors,
  nextLabels,
  type PassResult,
  type RandomStream,
  rowMeans,
  type Sampling,
  sampleMeans,
  type TaskMoment,
  type TrainingBatch,
  tokenCrossEntropy,
} from '../../core/index.js';

export interface FisherSettings extends Sampling {
  /** `variables` of the adapter, or merged `weights`. */
  readonly of: GradientRequest['of'];
  /** Whether gradients are squared for every sample, or for the mean of a batch. */
  readonly squares: 'per-sample' | 'batch';
  readonly labels: 'answers' | 'sampled';
}

/**
 * Diagonal Fisher information, mean over samples (or batches) of g^2, g the gradient of the mean cross-entropy of a sample's
 * answer tokens (of the batch's mean of those). By the names of variables or sites; the caller disposes it.
 */
export function fisherInformation(moment: TaskMoment, settings: FisherSettings): NamedTensors {
  const { of, squares } = settings;
  const reduce = squares === 'per-sample' ? 'sum-of-squares' : 'sum';
  return sampleMeans(moment, settings, (rows) => {
    const sum = moment.passes.gradients({ rows, of, reduce, logits: 'answers' }, (result) =>
      sampleLosses(result, rows, settings),
    );
    return squares === 'per-sample' ? { sum, count: rows.rows } : { sum: meanSquares(sum, rows.rows), count: 1 };
  });
}

/** Mean cross-entropy of every row's answer tokens [B]. */
function sampleLosses({ logits }: PassResult, rows: TrainingBatch, { labels, stream }: FisherSettings): tf.Tensor1D {
  const given = logits as tf.Tensor2D;
  return rowMeans(tokenCrossEntropy(given, labels === 'answers' ? nextLabels(rows) : drawnLabels(given, stream)), rows);
}

/** A token for every position drawn from softmax(logits) [P, V]. */
function drawnLabels(logits: tf.Tensor2D, stream: RandomStream): Int32Array {
  const [positions, vocabulary] = logits.shape;
  const probabilities = tf.tidy(() => tf.softmax(logits).dataSync<'float32'>());
  return Int32Array.from({ length: positions }, (_, p) => {
    let left = stream.uniform();
    for (let token = 0; token < vocabulary; token++) {
      left -= probabilities[p * vocabulary + token];
      if (left < 0) return token;
    }
    return vocabulary - 1;
  });
}

/** (sum / rows)^2; frees the sums. */
function meanSquares(sums: NamedTensors, rows: number): NamedTensors {
  const squares = mapTensors(sums, (sum) => tf.square(tf.div(sum, rows)));
  tf.dispose(sums);
  return squares;
}
