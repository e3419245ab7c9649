import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { KeyValueCache } from '../contracts/backbone.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { padRows } from '../text/batching.js';
import { argmax } from './log-softmax.js';
import type { Model, PromptRun } from './model.js';
import { takeRows } from './prompt-run.js';

export interface GenerationLimits {
  /** Most new tokens of a row, the one that ends it included. */
  readonly maxTokens: number;
  /** Whether a token ends its row. */
  readonly ends: (token: number) => boolean;
}

/** What a row was continued with. */
export interface Generated {
  /** New token ids, the one that ended the row included. */
  readonly tokens: number[];
  /** Whether a token ended it; false at the maximum. */
  readonly ended: boolean;
}

/**
 * Greedy decoding from a run of B prompts: the most likely token, the first of equals, until one ends the row or the maximum
 * is reached. Takes `run.cache` over and disposes it.
 */
export function generateGreedy(model: Model, run: PromptRun, limits: GenerationLimits): Generated[] {
  const rows = run.logits.map((): number[] => []);
  const ended = (row: readonly number[]) => row.length > 0 && limits.ends(row[row.length - 1]);
  let { logits, cache } = run;
  try {
    for (let step = 0; step < limits.maxTokens; step++) {
      rows.forEach((row, b) => {
        if (!ended(row)) row.push(argmax(logits[b]));
      });
      if (step + 1 === limits.maxTokens || rows.every(ended)) break;
      const next = runNewest(model, rows, cache as KeyValueCache);
      cache?.dispose();
      [logits, cache] = next;
    }
  } finally {
    cache?.dispose();
  }
  return rows.map((tokens) => ({ tokens, ended: ended(tokens) }));
}

/** Runs the rows' newest tokens [B, 1] on a cache; ended rows run along unread. The caller disposes both caches. */
function runNewest(
  { backbone, tokenizer, additions }: Model,
  rows: readonly (readonly number[])[],
  past: KeyValueCache,
): [Float32Array[], KeyValueCache] {
  const batch = padRows(
    rows.map((row) => [row[row.length - 1]]),
    { pad: tokenizer.padding },
  );
  const result = backbone.forward({ batch, additions, past, logits: 'last', keepCache: true });
  return [takeRows(result.logits as Tensor2D), result.cache as KeyValueCache];
}

/** Whether a token ends an answer: EOS, or one with a newline in it. */
export function answerEnds(tokenizer: Tokenizer, newline: boolean): (token: number) => boolean {
  const known = new Map<number, boolean>();
  return (token) => {
    if (token === tokenizer.endOfSequence || tokenizer.otherEnds?.includes(token)) return true;
    if (!newline) return false;
    let ends = known.get(token);
    if (ends === undefined) {
      ends = tokenizer.decode([token]).includes('\n');
      known.set(token, ends);
    }
    return ends;
  };
}
