import * as tf from '@tensorflow/tfjs-core';
import type { ActivationEdit, ForwardResult, KeyValueCache } from '../contracts/backbone.js';
import type { TrainingBatch } from '../contracts/batch.js';
import type { ModelView } from '../contracts/model-view.js';
import { batchesByLength } from '../evaluation/prompt-run.js';
import { commonPrefixLength, padRows } from '../text/batching.js';
import { NO_LOSS } from '../text/examples.js';
import { flatPositions } from '../training/positions.js';

/** What is asked of every prompt. */
export interface PromptRequest {
  /** Any token id. */
  readonly pad: number;
  /** At the prompts' last tokens. */
  readonly edits?: readonly ActivationEdit[];
  readonly captures?: readonly string[];
}

/** Some of the prompts, and how they were run: rows without the tokens that all of them begin with. */
export interface PromptBatch {
  /** Which of the prompts. */
  readonly indices: readonly number[];
  readonly rows: TrainingBatch;
}

/**
 * Runs prompts for the logits at their last tokens, in batches; what consecutive prompts begin with (demonstrations) is run
 * once for all of them.
 * @param use results are valid during the call only
 */
export function eachPromptBatch(
  model: ModelView,
  prompts: readonly (readonly number[])[],
  { pad, edits, captures }: PromptRequest,
  use: (result: ForwardResult, batch: PromptBatch) => void,
): void {
  for (const { first, count, shared } of prefixGroups(prompts)) {
    const own = prompts.slice(first, first + count).map((tokens) => tokens.slice(shared));
    const past = shared > 0 ? prefixCache(model, prompts[first].slice(0, shared)) : undefined;
    try {
      for (const batch of batchesByLength(
        own.map((tokens) => tokens.length),
        { maxTokens: 2048 },
      )) {
        const rows = promptRows(
          batch.map((index) => own[index]),
          pad,
        );
        tf.tidy(() => {
          const result = model.forward({ batch: rows, past, edits, captures, logits: 'last' });
          use(result, { rows, indices: batch.map((index) => first + index) });
        });
      }
    } finally {
      past?.dispose();
    }
  }
}

/** Runs tokens that rows begin with; the caller disposes the cache of one row. */
export function prefixCache(model: ModelView, tokens: readonly number[]): KeyValueCache {
  const batch = padRows([tokens], { pad: tokens[0] });
  return model.forward({ batch, keepCache: true }).cache as KeyValueCache;
}

/** Consecutive prompts, and how many tokens all of them begin with. */
interface PrefixGroup {
  readonly first: number;
  count: number;
  shared: number;
}

/** A prompt joins the group before it where half of its tokens, and of what the group shares so far, are common to both. */
function prefixGroups(prompts: readonly (readonly number[])[]): PrefixGroup[] {
  const groups: PrefixGroup[] = [];
  for (const [index, tokens] of prompts.entries()) {
    const open = groups[groups.length - 1];
    const common = open ? commonPrefixLength([prompts[open.first].slice(0, open.shared || undefined), tokens]) : 0;
    const shared = Math.min(common, tokens.length - 1, open ? prompts[open.first].length - 1 : 0);
    if (open && 2 * shared >= Math.max(tokens.length, open.shared)) {
      open.count++;
      open.shared = shared;
    } else groups.push({ first: index, count: 1, shared: 0 });
  }
  return groups;
}

/** Prompts as rows whose answers begin after their last tokens, which is where edits look. */
function promptRows(prompts: readonly (readonly number[])[], pad: number): TrainingBatch {
  const rows = padRows(prompts, { pad });
  const last = flatPositions(rows, 'last');
  const labels = new Int32Array(rows.ids.length).fill(NO_LOSS);
  return {
    ...rows,
    labels,
    answerPositions: last,
    answerStart: last,
    exampleIndex: Int32Array.from(last, (_, i) => i),
  };
}
