import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { KeyValueCache } from '../contracts/backbone.js';
import { commonPrefixLength, padRows } from '../text/batching.js';
import type { BatchSettings, Model, PromptRun } from './model.js';

/** Below this many tokens a common prefix is not worth a run of its own. */
const SHORTEST_PREFIX = 8;

/** Tokens that all prompts begin with, as long as each keeps at least one of its own; 0 where sharing does not pay. */
export function sharedPrefixLength(prompts: readonly (readonly number[])[]): number {
  if (prompts.length < 2) return 0;
  const shortest = Math.min(...prompts.map((prompt) => prompt.length));
  const length = Math.min(commonPrefixLength(prompts), shortest - 1);
  return length < SHORTEST_PREFIX ? 0 : length;
}

/** Runs tokens that many prompts begin with; the caller disposes the cache of one row. */
export function runPrefix({ backbone, tokenizer, additions }: Model, prefix: readonly number[]): KeyValueCache {
  const batch = padRows([prefix], { pad: tokenizer.padding });
  return backbone.forward({ batch, additions, keepCache: true }).cache as KeyValueCache;
}

/**
 * Runs a batch of prompts after an optional prefix of one row and reads the logits at their last tokens. The caller disposes
 * the cache, which is kept on request, before that of the prefix.
 */
export function runPrompts(
  { backbone, tokenizer, additions }: Model,
  prompts: readonly (readonly number[])[],
  { past, keepCache, side }: { past?: KeyValueCache; keepCache?: boolean; side?: BatchSettings['side'] } = {},
): PromptRun {
  const batch = padRows(prompts, { pad: tokenizer.padding, side });
  const result = backbone.forward({ batch, additions, past, keepCache, logits: 'last' });
  return { logits: takeRows(result.logits as Tensor2D), cache: result.cache };
}

/** Downloads logits [P, V] as P rows and disposes the tensor. */
export function takeRows(logits: Tensor2D): Float32Array[] {
  const [rows, width] = logits.shape;
  const values = logits.dataSync<'float32'>();
  logits.dispose();
  return Array.from({ length: rows }, (_, row) => values.subarray(row * width, (row + 1) * width));
}

/**
 * Indices of rows in batches: longest first, rows of like length together, at most `batchRows` rows and `maxTokens` tokens
 * with padding.
 */
export function batchesByLength(
  lengths: readonly number[],
  { batchRows = 16, maxTokens = 4096 }: { batchRows?: number; maxTokens?: number } = {},
): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const batches: number[][] = [];
  for (const index of order) {
    const open = batches.at(-1);
    const fits = open && open.length < batchRows && (open.length + 1) * lengths[open[0]] <= maxTokens;
    if (fits) open.push(index);
    else batches.push([index]);
  }
  return batches;
}
