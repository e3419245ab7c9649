import type { Scalar } from '@tensorflow/tfjs-core';
import type { TrainingBatch } from './batch.js';
import type { MicroPosition, Moments } from './moments.js';
import type { PassRequest, PassResult } from './passes.js';

/** The step as a regularizer sees it. */
export interface PenaltyMoment {
  readonly step: MicroPosition;
  readonly batch: TrainingBatch;
  /** The passes that `passes` asked for, by its names. */
  readonly passes: Readonly<Record<string, PassResult>>;
}

/**
 * A scalar [] in nats that the step's loss pays beyond the task's cross-entropy. It returns it and touches nothing.
 */
export interface Regularizer extends Moments {
  /**
   * `weights`: depends on trainable variables only, paid once per optimizer step. `positions`: a mean over this batch's answer
   * positions, weighted over micro-batches like the cross-entropy. `rows`: a mean over this batch's rows, weighted by rows.
   */
  readonly over: 'weights' | 'positions' | 'rows';
  /** First task, from 0, in which it acts. */
  readonly startsAt: number;
  /** Passes that `penalty` reads, by names of its own. */
  passes?(step: MicroPosition, batch: TrainingBatch): Record<string, PassRequest>;
  /** The loss term, weight included, shape []; differentiable. Called inside tf.tidy. */
  penalty(moment: PenaltyMoment): Scalar;
}
