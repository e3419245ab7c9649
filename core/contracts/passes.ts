import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { ActivationEdit } from './backbone.js';
import type { TokenBatch, TrainingBatch } from './batch.js';

/** Which adapters a pass has on. */
export type AdapterView = 'current' | 'before-this-task' | 'initial';

/** A run of the model that a plugin asks for. Equal requests of one step are run once and shared. */
export interface PassRequest {
  /** The step's batch by default. */
  readonly rows?: TokenBatch | TrainingBatch;
  /** Default `current`. */
  readonly adapters?: AdapterView;
  /** `step`: the edits that the run's interventions make at this step (none outside a step); default none. */
  readonly edits?: 'step' | readonly ActivationEdit[];
  /** Positions whose logits are needed; `answers` and `answer-start` need a TrainingBatch. Default `none`. */
  readonly logits?: 'none' | 'answers' | 'answer-start' | 'last' | 'all';
  /** Names of activation sites to return. */
  readonly captures?: readonly string[];
  /**
   * Whether gradients may flow back through this pass (default true for `current`, false for the other views). The
   * adapter's dropout acts only where they do.
   */
  readonly gradient?: boolean;
}

/** A pass's outcome; tensors belong to the pass runner and live to the end of the step (or of the callback). */
export interface PassResult {
  /** [P, V] at the positions asked for, in order. */
  readonly logits?: Tensor2D;
  readonly captures: Readonly<Record<string, Tensor>>;
}

/** Runs passes outside a step: in beforeTask and afterTask. */
export interface PassRunner {
  /** Results are valid inside `use` only; what it returns is kept, everything else freed. */
  run<R>(request: PassRequest & { rows: TokenBatch | TrainingBatch }, use: (result: PassResult) => R): R;
  /** The task's training examples as batches in file order; `rows` of a batch are the run's batch size by default. */
  trainingBatches(rows?: number): Iterable<TrainingBatch>;
}
