import * as tf from '@tensorflow/tfjs-core';
import {
  type GradientRequest,
  type NamedTensors,
  nextLabels,
  type PassResult,
  type RandomStream,
  rowMeans,
  type TaskMoment,
  type TrainingBatch,
  tokenCrossEntropy,
} from '../../core/index.js';

export interface FisherSettings {
  /** `variables` of the adapter, or merged `weights`. */
  readonly of: GradientRequest['of'];
  /** Whether gradients are squared for every sample, or for the mean of a batch. */
  readonly squares: 'per-sample' | 'batch';
  readonly labels: 'true' | 'sampled';
  /** Examples to estimate from; undefined for all. */
  readonly samples?: number;
  readonly stream: RandomStream;
}

/**
 * Diagonal Fisher information, mean over samples (or batches) of g^2, g the gradient of the mean cross-entropy of a sample's
 * answer tokens (of the batch's mean of those). By the names of variables or sites; the caller disposes it.
 */
export function fisherInformation({ passes, examples }: TaskMoment, settings: FisherSettings): NamedTensors {
  const { of, squares, samples = examples.length, stream } = settings;
  const chosen = stream.shuffle(examples.map((_, index) => index)).slice(0, samples);
  let sums: NamedTensors = {};
  let count = 0;
  for (const rows of passes.trainingBatches({ indices: chosen.sort((a, b) => a - b) })) {
    const reduce = squares === 'per-sample' ? 'sum-of-squares' : 'sum';
    const gradients = passes.gradients({ rows, of, reduce, logits: 'answers' }, (result) =>
      sampleLosses(result, rows, settings),
    );
    sums = added(sums, squares === 'per-sample' ? gradients : meanSquares(gradients, rows.rows));
    count += squares === 'per-sample' ? rows.rows : 1;
  }
  return scaled(sums, 1 / count);
}

/** Mean cross-entropy of every row's answer tokens [B]. */
function sampleLosses({ logits }: PassResult, rows: TrainingBatch, { labels, stream }: FisherSettings): tf.Tensor1D {
  const given = logits as tf.Tensor2D;
  return rowMeans(tokenCrossEntropy(given, labels === 'true' ? nextLabels(rows) : drawnLabels(given, stream)), rows);
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
  return replaced(sums, (sum) => tf.square(tf.div(sum, rows)));
}

function scaled(tensors: NamedTensors, factor: number): NamedTensors {
  return replaced(tensors, (tensor) => tf.mul(tensor, factor));
}

/** The sum of both; frees them. */
function added(sums: NamedTensors, more: NamedTensors): NamedTensors {
  return replaced(
    more,
    (tensor, name) => {
      const sum = sums[name];
      return sum ? tf.add(sum, tensor) : tf.clone(tensor);
    },
    sums,
  );
}

function replaced(
  tensors: NamedTensors,
  by: (tensor: tf.Tensor, name: string) => tf.Tensor,
  alsoFreed: NamedTensors = {},
): NamedTensors {
  const made = tf.tidy(() =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, by(tensor, name)])),
  );
  tf.dispose([tensors, alsoFreed]);
  return made;
}
