import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { TokenBatch } from './batch.js';

/** A frozen linear layer, y = x W^T (+ b), to which an adapter may add. */
export interface LinearSite {
  /** The layer's module path in Hugging Face's naming, for example `model.layers.3.self_attn.q_proj`. */
  readonly name: string;
  /** The path's last part, for example `q_proj`: what `targets:` names. */
  readonly kind: string;
  /** Layer index from 0. */
  readonly layer: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** A point of the forward pass whose activation can be captured and edited. */
export interface ActivationSite {
  /** For example `model.layers.3.heads` (input of o_proj split by head) or `model.layers.3` (residual after the layer). */
  readonly name: string;
  /** Layer index from 0; -1 for the embedding, L for the final norm. */
  readonly layer: number;
  /** The activation's shape in letters, for example `[B, T, H, d_h]`. */
  readonly shape: string;
}

/** Sizes and special tokens of a model. */
export interface ModelSizes {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  readonly feedForward: number;
  /** Longest sequence the model was made for, in tokens. */
  readonly maxPositions: number;
  /** Number of frozen parameters. */
  readonly parameters: number;
}

/** What is added to a frozen linear layer's output. */
export interface LinearAddition {
  /** Tensors through which gradients flow, for example [A, B] of a low-rank pair. Owned by the adapter. */
  readonly inputs: readonly Tensor[];
  /**
   * Differentiable map of the layer's input x [N, in] and `inputs` to the addition [N, out]. It uses nothing else that
   * needs a gradient, and gives the same values when called again with the same `draw` (activations may be recomputed).
   */
  apply(x: Tensor2D, inputs: readonly Tensor[], draw?: DropoutDraw): Tensor2D;
  /** Whether `apply` makes use of its draw. */
  readonly drops?: boolean;
  /**
   * Says that `inputs` are a [r, in] and b [out, r] and that the addition is scale (x a^T) b^T whatever the draw, so that a backbone may
   * compute it together with other work.
   */
  readonly lowRank?: { readonly scale: number };
}

/** Names this step's dropout, so that recomputation draws the same mask. Absent outside training. */
export interface DropoutDraw {
  /** Mask of the shape, 0 or 1 / (1 - rate), drawn from the run's seed, this step, micro-batch and `name`. */
  mask(name: string, shape: readonly [number, number], rate: number): Tensor2D;
}

/** The additions of one forward pass: what the adapter puts at a linear site, or undefined for none. */
export type Additions = (site: LinearSite) => LinearAddition | undefined;

/** An edit of the activation at one site. Must be differentiable in the activation. */
export interface ActivationEdit {
  /** Name of an ActivationSite. */
  readonly site: string;
  /** Tensors beyond the activation that `apply` reads; owned by the plugin. */
  readonly inputs?: readonly Tensor[];
  /** The edited activation, of the same shape as the one given: [B, T, D] or [B, T, H, d_h]. */
  apply(activation: Tensor, inputs: readonly Tensor[], rows: TokenBatch): Tensor;
  /** Two edits with equal keys do the same: passes that differ in nothing else are run once. */
  readonly key: string;
  /**
   * `answers`: it touches nothing but the positions that a TrainingBatch's `answerStart` and `answerPositions` name, so that
   * passes which differ in such edits share their prompts. Default `any`.
   */
  readonly where?: 'any' | 'answers';
}

/** Copies of a row that part from it at one site and share with it all that comes before. */
export interface ActivationVariants {
  /** Name of an ActivationSite. */
  readonly site: string;
  /** n, the number of copies. */
  readonly count: number;
  /** The row's activation there [1, T, ..] to that of the copies [n, T, ..]. */
  apply(activation: Tensor): Tensor;
}

/** Keys and values of tokens already run, per layer. Disposed by whoever asked for it. */
export interface KeyValueCache {
  /** 1 (a prefix shared by every row) or B. */
  readonly rows: number;
  /** S, the cached length in tokens, padding included. */
  readonly length: number;
  /** 1 for a real token, 0 for padding [rows * S]. */
  readonly mask: Uint8Array;
  dispose(): void;
}

export interface ForwardRequest {
  /** May hold branches and positions of its own, but not together with `past`. */
  readonly batch: TokenBatch;
  /** Where logits are needed: flat positions into [B * T], `last` real token of every row, `all`, or `none` (default). */
  readonly logits?: 'none' | 'last' | 'all' | Int32Array;
  readonly additions?: Additions;
  /** Applied in the order given where several name one site. */
  readonly edits?: readonly ActivationEdit[];
  /** Names of ActivationSites to return, as they are after edits. */
  readonly captures?: readonly string[];
  /** Tokens that come before the batch's. */
  readonly past?: KeyValueCache;
  /** Return the keys and values of past and batch together. */
  readonly keepCache?: boolean;
  readonly dropout?: DropoutDraw;
  /**
   * In the order of their sites. Each copy runs from its site on only; the rows are then 1 + n, the batch's own before the copies
   * in order, and flat positions of logits are into [(1 + n) * T]. For a batch of one row without padding or branches; not
   * together with `edits`, `captures`, `dropout` or `keepCache`.
   */
  readonly variants?: readonly ActivationVariants[];
}

export interface ForwardResult {
  /** [P, V] in the order of the positions asked for; undefined for `none`. */
  readonly logits?: Tensor2D;
  /** By site name, shapes as the site says. */
  readonly captures: Readonly<Record<string, Tensor>>;
  readonly cache?: KeyValueCache;
}

/** The largest pass of a training step, as far as it is known before the first one. */
export interface PassShape {
  /** B */
  readonly rows: number;
  /** T in tokens, padding and branches included. */
  readonly length: number;
  /** Linear sites to which an adapter adds. */
  readonly adapted: readonly LinearSite[];
}

/** What a backbone holds on the engine while it is trained over, in bytes; logits are not among it. */
export interface BackboneMemory {
  /** Frozen weights, in every form that training needs. */
  readonly weights: number;
  /** Activations that the backward pass reads, when the forward pass is over. */
  readonly kept: number;
  /** Activations and their gradients at the peak of the backward pass. */
  readonly peak: number;
  /** What to set so that it is less, as a sentence; nothing where there is nothing to set. */
  readonly remedy?: string;
}

/** How tokens become logits: a decoder-only causal language model with frozen weights. */
export interface Backbone {
  /** Reads the weights; called once, before anything but `sizes` and the sites is used. @throws PalimpsestError TENSOR_INVALID, MEMORY_TOO_SMALL */
  load(): Promise<void>;
  readonly sizes: ModelSizes;
  readonly linearSites: readonly LinearSite[];
  readonly activationSites: readonly ActivationSite[];
  /**
   * Runs the model; results belong to the caller (or to the enclosing tf.tidy). Differentiable with respect to additions'
   * and edits' inputs. Later tokens never alter earlier logits, padding alters none.
   * @throws PalimpsestError SITE_UNKNOWN, TOKENS_TOO_LONG, TOKEN_OUT_OF_RANGE, PASS_INVALID
   */
  forward(request: ForwardRequest): ForwardResult;
  /** Adds delta [out, in] to the frozen weight at the site, for good. Disposes nothing of the caller's. */
  fold(site: LinearSite, delta: Tensor2D): void;
  /** A copy of the frozen weight [out, in] at the site; the caller disposes it. */
  weight(site: LinearSite): Tensor2D;
  /** What a training step takes, for the estimate of a run's memory; there is none without it. */
  memory?(pass: PassShape): BackboneMemory;
  dispose(): void;
}
