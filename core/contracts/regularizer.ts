import type { Scalar } from '@tensorflow/tfjs-core';
import type { TrainingBatch } from './batch.js';
import type { MicroPosition, Moments } from './moments.js';
import type { PassRequest, PassResult, Positions } from './passes.js';

/** What a mean is taken over: the rows of a batch, or positions of it. */
export type Unit = 'rows' | Positions;

/** The step as a regularizer sees it. */
export interface PenaltyMoment {
  readonly step: MicroPosition;
  readonly batch: TrainingBatch;
  /** The passes that `passes` asked for, by its names. */
  readonly passes: Readonly<Record<string, PassResult>>;
  /** This micro-batch's part of the optimizer step's rows or positions, 0-1. */
  share(unit: Unit): number;
}

/**
 * A scalar [] in nats that the step's loss pays beyond the task's cross-entropy. It returns it and touches nothing.
 */
export interface Regularizer extends Moments {
  /**
   * `weights`: depends on trainable variables only, paid once per optimizer step. A unit, for example `answers` or `rows`: a mean
   * over those of the micro-batch, weighted by how many of the step's it has. `shares`: it weighs its own parts, by `share`.
   */
  readonly over: 'weights' | Unit | 'shares';
  /** First task, from 0, in which it acts. */
  readonly startsAt: number;
  /** Whether its term may be exactly 0 for whole steps though nothing is wrong, for example below a threshold. Default false. */
  readonly mayRest?: boolean;
  /** Rows of its own that its passes run on, for one row of the step's batch; for the estimate of a run's memory. Default 0. */
  readonly ownRows?: number;
  /** Passes that `penalty` reads, by names of its own. */
  passes?(step: MicroPosition, batch: TrainingBatch): Record<string, PassRequest>;
  /** The loss term, weight included, shape []; differentiable. Called inside tf.tidy. */
  penalty(moment: PenaltyMoment): Scalar;
}
