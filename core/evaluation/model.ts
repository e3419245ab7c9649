import type { Additions, Backbone, KeyValueCache } from '../contracts/backbone.js';
import type { Tokenizer } from '../contracts/tokenizer.js';

/** What is evaluated: a backbone with its tokenizer and whatever is added to its linear layers. */
export interface Model {
  readonly backbone: Backbone;
  readonly tokenizer: Tokenizer;
  readonly additions?: Additions;
}

/** How rows are put together; no result depends on it beyond float noise. */
export interface BatchSettings {
  /** Most rows of one batch. Default 16. */
  readonly batchRows?: number;
  /** Where prompts are padded. Default `right`. */
  readonly side?: 'left' | 'right';
}

/** Bytes that the logits of one forward pass may take. */
const LOGIT_BYTES = 64 * 2 ** 20;

/** Number of logit rows [V] that fit the budget of one forward pass; at least 1. */
export function logitRowsPerPass(vocabulary: number): number {
  return Math.max(1, Math.floor(LOGIT_BYTES / (4 * vocabulary)));
}

/** Logits after a batch of prompts, and their keys and values to go on from. */
export interface PromptRun {
  /** Logits [V] at the last token of every prompt [B]. */
  readonly logits: readonly Float32Array[];
  /** Keys and values of B rows; undefined unless kept. */
  readonly cache?: KeyValueCache;
}
