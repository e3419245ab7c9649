import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { KeyValueCache } from '../contracts/backbone.js';
import { padRows } from '../text/batching.js';
import { argmax, logSumExp } from './log-softmax.js';
import { logitRowsPerPass, type Model, type PromptRun } from './model.js';
import { takeRows } from './prompt-run.js';

/** How likely a continuation is after its context, in nats. */
export interface ContinuationScore {
  /** sum_t log p(token t | context, tokens before t); 0 for no tokens. */
  readonly sum: number;
  /** The terms of the sum. */
  readonly tokens: readonly number[];
  /** Whether every token is the most likely one. */
  readonly greedy: boolean;
}

interface OpenScore {
  readonly row: number;
  readonly ids: readonly number[];
  readonly tokens: number[];
  greedy: boolean;
}

/** Adds log p(next token) from the logits [V] before it. */
function read(score: OpenScore, logits: Float32Array, normalizer: number): void {
  const token = score.ids[score.tokens.length];
  score.tokens.push(logits[token] - normalizer);
  score.greedy &&= argmax(logits) === token;
}

/**
 * Scores the continuations [B][any number][tokens] of a run of B prompts. Tokens after the first are run on the prompts' keys
 * and values, the j-th longest continuation of every prompt in one batch, so that each prompt has run once; one-token
 * continuations need no run at all. `run.cache` stays the caller's.
 */
export function scoreContinuations(
  model: Model,
  run: PromptRun,
  continuations: readonly (readonly (readonly number[])[])[],
): ContinuationScore[][] {
  const scores = continuations.map((row, b) =>
    row.map((ids): OpenScore => ({ row: b, ids, tokens: [], greedy: true })),
  );
  for (const [b, row] of scores.entries()) {
    const normalizer = row.length > 0 ? logSumExp(run.logits[b]) : 0;
    for (const score of row) if (score.ids.length > 0) read(score, run.logits[b], normalizer);
  }
  const byLength = scores.map((row) =>
    row.filter((score) => score.ids.length > 1).sort((x, y) => y.ids.length - x.ids.length),
  );
  const rounds = Math.max(0, ...byLength.map((row) => row.length));
  for (let j = 0; j < rounds; j++) {
    const round = byLength.map((row) => row[j]).filter((score) => score !== undefined);
    scoreRound(model, run.cache as KeyValueCache, round, continuations.length);
  }
  return scores.map((row) =>
    row.map(({ tokens, greedy }) => ({ sum: tokens.reduce((a, b) => a + b, 0), tokens, greedy })),
  );
}

/** At most one continuation a row, run in stretches whose logits fit the budget. */
function scoreRound(model: Model, prompts: KeyValueCache, round: readonly OpenScore[], rows: number): void {
  const longest = Math.max(...round.map((score) => score.ids.length - 1));
  const width = Math.max(1, Math.floor(logitRowsPerPass(model.backbone.sizes.vocabulary) / round.length));
  let past = prompts;
  try {
    for (let start = 0; start < longest; start += width) {
      const next = scoreStretch(model, past, round, { rows, start, end: Math.min(longest, start + width), longest });
      if (past !== prompts) past.dispose();
      past = next ?? prompts;
    }
  } finally {
    if (past !== prompts) past.dispose();
  }
}

interface Stretch {
  readonly rows: number;
  readonly start: number;
  readonly end: number;
  readonly longest: number;
}

/** Tokens [start, end) of every continuation; returns the cache for the next stretch, if there is one. */
function scoreStretch(
  { backbone, tokenizer, additions }: Model,
  past: KeyValueCache,
  round: readonly OpenScore[],
  { rows, start, end, longest }: Stretch,
): KeyValueCache | undefined {
  const inputs: number[][] = Array.from({ length: rows }, () => []);
  for (const { row, ids } of round) inputs[row] = ids.slice(start, Math.min(end, ids.length - 1));
  const batch = padRows(inputs, { pad: tokenizer.padding });
  const readers = round.flatMap((score) =>
    inputs[score.row].map((_, t) => ({ score, at: score.row * batch.length + t })),
  );
  const positions = Int32Array.from(readers, ({ at }) => at);
  const result = backbone.forward({ batch, additions, past, logits: positions, keepCache: end < longest });
  const logits = takeRows(result.logits as Tensor2D);
  readers.forEach(({ score }, p) => {
    read(score, logits[p], logSumExp(logits[p]));
  });
  return result.cache;
}
