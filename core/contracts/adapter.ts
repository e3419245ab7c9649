import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LinearAddition, LinearSite } from './backbone.js';
import type { Moments } from './moments.js';
import type { AdapterView } from './passes.js';
import type { NamedVariables } from './tensors.js';

/** A low-rank pair as PEFT stores it: the addition is scale * (x A^T) B^T. */
export interface LowRankPair {
  readonly site: string;
  /** [r, in], row-major. */
  readonly a: Float32Array;
  /** [out, r], row-major. */
  readonly b: Float32Array;
  readonly rank: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** alpha / r. */
  readonly scale: number;
}

/** A low-rank pair on the engine; owned by the adapter. */
export interface LowRankFactors {
  /** [r, in] */
  readonly a: Tensor2D;
  /** [out, r] */
  readonly b: Tensor2D;
  /** alpha / r. */
  readonly scale: number;
}

/** What trains: an addition at linear sites. `beforeTask` grows it, `afterTask` freezes (and may fold) what was learnt. */
export interface Adapter extends Moments {
  /** Linear sites that it adds to. */
  readonly sites: readonly LinearSite[];
  /** Number of values that train in a task; for the estimate of a run's memory. */
  readonly trainedValues?: number;
  /** What the optimizer updates now; empty before the first task. Owned by the adapter. */
  trainable(): NamedVariables;
  /** The addition at a site in a view, or undefined for none. */
  addition(site: LinearSite, view: AdapterView): LinearAddition | undefined;
  /**
   * What a task learnt as low-rank pairs (`earlier`: the tasks before the current one together, `all`: every task so far
   * together); undefined if it is not of that form, or if there is none yet.
   */
  pairs?(which: 'task' | 'earlier' | 'all'): LowRankPair[] | undefined;
  /**
   * The addition at a site as factors: for `current` they are what trains, and gradients flow to them; undefined for no
   * addition. An adapter that is not of low rank has no such method.
   */
  factors?(site: LinearSite, view: 'current' | 'before-this-task'): LowRankFactors | undefined;
}
