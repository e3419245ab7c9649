import * as tf from '@tensorflow/tfjs-core';
import type { TrainingBatch } from '../contracts/batch.js';
import type { TaskMoment } from '../contracts/moments.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { growTensors, mapTensors } from './named-tensors.js';
import type { RandomStream } from './random.js';

export interface Sampling {
  /** Training examples to take, drawn from the task; by default all. */
  readonly samples?: number;
  readonly stream: RandomStream;
}

/** What a batch adds to a mean. */
export interface BatchSum {
  /** Freed by who takes it. */
  readonly sum: NamedTensors;
  /** What the sum counts for, for example rows. */
  readonly count: number;
}

/**
 * Means over a task's training examples, batch by batch: the sums of all batches over their counts, by name. Examples are drawn
 * without replacement and come in file order. The caller disposes the means.
 */
export function sampleMeans(
  { passes, examples }: TaskMoment,
  { samples, stream }: Sampling,
  sumOf: (rows: TrainingBatch) => BatchSum,
): NamedTensors {
  const indices = stream.shuffle([...examples.keys()]).slice(0, samples);
  const sums: NamedTensors = {};
  let total = 0;
  for (const rows of passes.trainingBatches({ indices: indices.sort((a, b) => a - b) })) {
    const { sum, count } = sumOf(rows);
    growTensors(sums, sum);
    tf.dispose(sum);
    total += count;
  }
  const means = mapTensors(sums, (sum) => tf.mul(sum, 1 / total));
  tf.dispose(sums);
  return means;
}
