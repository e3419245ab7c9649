import type { ActivationEdit } from './backbone.js';
import type { TrainingBatch } from './batch.js';
import type { Moments, StepPosition } from './moments.js';

/** How activations are edited at sites, and how strongly at this step; while training, and on request while evaluating. */
export interface Intervention extends Moments {
  /** First task, from 0, in which it acts. */
  readonly startsAt: number;
  /** Names of the activation sites that it may edit. */
  readonly sites: readonly string[];
  /** The edits of the training pass at this step; empty for none. */
  edits(step: StepPosition, batch: TrainingBatch): readonly ActivationEdit[];
}
