import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { ActivationEdit } from './backbone.js';
import type { TokenBatch, TrainingBatch } from './batch.js';
import type { ModelView } from './model-view.js';
import type { NamedTensors } from './tensors.js';

/** Which adapters a pass has on. */
export type AdapterView = 'current' | 'before-this-task' | 'initial';

/**
 * Positions of a batch: those whose next token is labelled (`answers`), the first of them in every row (`answer-start`), every
 * row's last real token (`last`), all real tokens (`real`), or `all`, padding included.
 */
export type Positions = 'answers' | 'answer-start' | 'last' | 'real' | 'all';

/** A run of the model that a plugin asks for. Equal requests of one step are run once and shared. */
export interface PassRequest {
  /** The step's batch by default. */
  readonly rows?: TokenBatch | TrainingBatch;
  /** Default `current`. */
  readonly adapters?: AdapterView;
  /** `step`: the edits that the run's interventions make at this step (none outside a step); default none. */
  readonly edits?: 'step' | readonly ActivationEdit[];
  /** Positions whose logits are needed; `answers` and `answer-start` need a TrainingBatch. Default `none`. */
  readonly logits?: 'none' | Positions;
  /** Gives the k largest logits of every position in place of all of them; without gradient only. */
  readonly top?: TopRequest;
  /** Names of activation sites to return. */
  readonly captures?: readonly string[];
  /**
   * Whether gradients may flow back through this pass (default true for `current`, false for the other views). The
   * adapter's dropout acts only where they do.
   */
  readonly gradient?: boolean;
  /**
   * Whether the step's rows will be asked for again in later epochs with equal edits: then what came out is kept, within the
   * bounds of `training.keep`, and not run again in this task. For passes of other views than `current` over the step's own
   * rows, without captures; elsewhere it changes nothing. Default false.
   */
  readonly keep?: boolean;
}

/** A pass's outcome; tensors belong to the pass runner and live to the end of the step (or of the callback). */
export interface PassResult {
  /** [P, V] at the positions asked for, in order; undefined for none, and where `top` was asked for. */
  readonly logits?: Tensor2D;
  readonly top?: TopLogits;
  readonly captures: Readonly<Record<string, Tensor>>;
}

export interface TopRequest {
  /** k; at most V. */
  readonly count: number;
  /** T of the distribution that they are a part of. */
  readonly temperature: number;
}

/** The k largest logits of every position, the largest first. */
export interface TopLogits {
  /** [P, k] */
  readonly values: Tensor2D;
  /** Token ids, int32 [P, k]. */
  readonly ids: Tensor2D;
  /** log sum exp of all logits over T [P]: what makes probabilities of them. */
  readonly logSumExp: Tensor1D;
}

/** Runs passes outside a step: in beforeTask and afterTask. */
export interface PassRunner {
  /** Results are valid inside `use` only; what it returns is kept, everything else freed. */
  run<R>(request: PassRequest & { rows: TokenBatch | TrainingBatch }, use: (result: PassResult) => R): R;
  /**
   * Gradients of a loss of every row. With `of: variables` they go by the adapter's names of its variables, with
   * `of: weights` by linear site: that of the merged weight [out, in], the frozen one and all additions together, at each
   * site of the adapter. The caller disposes them.
   * @param loss [B], row b depending on nothing but row b of the batch
   */
  gradients(request: GradientRequest, loss: (result: PassResult) => Tensor1D): NamedTensors;
  /** The model as a view of the adapters shows it. */
  model(view: AdapterView): ModelView;
  /**
   * The task's training examples as batches, in file order or as `indices` say; a batch has the run's batch size of `rows` by
   * default.
   */
  trainingBatches(options?: { rows?: number; indices?: readonly number[] }): Iterable<TrainingBatch>;
}

/** How the gradients of single rows are put together: their sum, or that of their squares or magnitudes, entry by entry. */
export type RowReduction = 'sum' | 'sum-of-squares' | 'sum-of-magnitudes';

export interface GradientRequest extends Omit<PassRequest, 'adapters' | 'gradient' | 'keep'> {
  readonly rows: TrainingBatch;
  readonly of: 'variables' | 'weights';
  readonly reduce: RowReduction;
}
