import * as tf from '@tensorflow/tfjs-core';
import type { TokenBatch, TrainingBatch } from '../contracts/batch.js';
import { problem } from '../errors.js';

/** Where an edit acts: at the last prompt token of every row, or at every position whose next token is an answer's. */
export type EditPositions = 'prompt-end' | 'answers';

/** Flat positions into [B * T]. @throws PalimpsestError PASS_INVALID for rows without labels */
export function answerPlaces(rows: TokenBatch, positions: EditPositions): Int32Array {
  if (!('labels' in rows)) {
    throw problem('PASS_INVALID', { where: 'an edit at answers', expected: 'rows with labels', got: 'rows without' });
  }
  const { answerStart, answerPositions } = rows as TrainingBatch;
  return positions === 'answers' ? answerPositions : answerStart.filter((position) => position >= 0);
}

/** An activation [B, T, ..] with a vector added at flat positions; the vector [F] has all that comes after B and T. */
export function addAtPlaces<T extends tf.Tensor>(activation: T, vector: Float32Array, places: Int32Array): T {
  return tf.tidy(() => {
    const index = tf.tensor2d(places, [places.length, 1], 'int32');
    const updates = tf.tile(tf.tensor2d(vector, [1, vector.length]), [places.length, 1]);
    const flat = tf.scatterND(index, updates, [activation.size / vector.length, vector.length]);
    return tf.add(activation, tf.reshape(flat, activation.shape)) as T;
  });
}
