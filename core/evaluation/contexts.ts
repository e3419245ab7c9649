import { setImmediate } from 'node:timers/promises';
import type { KeyValueCache } from '../contracts/backbone.js';
import { type Generated, type GenerationLimits, generateGreedy } from './generation.js';
import { type ContinuationScore, scoreContinuations } from './likelihood.js';
import type { BatchSettings, Model } from './model.js';
import { batchesByLength, runPrefix, runPrompts, sharedPrefixLength } from './prompt-run.js';

/** Tokens to be run once, and what is asked of them. */
export interface Context {
  /** At least one. */
  readonly tokens: readonly number[];
  /** Continuations to score. */
  readonly continuations?: readonly (readonly number[])[];
  /** Whether to go on from here greedily. */
  readonly generate?: boolean;
  /** Sees the logits [V] at the last token; they are valid during the call only. */
  readonly inspect?: (logits: Float32Array) => void;
}

export interface ContextResult {
  /** In the order of the context's continuations. */
  readonly scores: readonly ContinuationScore[];
  readonly generated?: Generated;
}

export interface ContextSettings extends BatchSettings {
  /** Needed where a context asks for generation. */
  readonly generation?: GenerationLimits;
}

/**
 * Runs every context once, in batches of like length, with the tokens that all begin with run once before; results in the
 * order given, the same at every batch size.
 * @throws PalimpsestError TOKENS_TOO_LONG
 */
export async function runContexts(
  model: Model,
  contexts: readonly Context[],
  settings: ContextSettings = {},
): Promise<ContextResult[]> {
  const shared = sharedPrefixLength(contexts.map(({ tokens }) => tokens));
  const past = shared > 0 ? runPrefix(model, contexts[0].tokens.slice(0, shared)) : undefined;
  const results = new Array<ContextResult>(contexts.length);
  try {
    const own = contexts.map((context) => ({ ...context, tokens: context.tokens.slice(shared) }));
    for (const batch of batches(own, settings)) {
      const done = runBatch(
        model,
        batch.map((index) => own[index]),
        { ...settings, past },
      );
      batch.forEach((index, b) => {
        results[index] = done[b];
      });
      await setImmediate();
    }
  } finally {
    past?.dispose();
  }
  return results;
}

/** Batches of indices by length; contexts that generate apart from those that do not. */
function batches(contexts: readonly Context[], settings: ContextSettings): number[][] {
  const indices = contexts.map((_, index) => index);
  return [true, false].flatMap((wanted) => {
    const group = indices.filter((index) => Boolean(contexts[index].generate) === wanted);
    const lengths = group.map((index) => contexts[index].tokens.length);
    return batchesByLength(lengths, settings).map((batch) => batch.map((at) => group[at]));
  });
}

function runBatch(
  model: Model,
  contexts: readonly Context[],
  { past, side, generation }: ContextSettings & { past?: KeyValueCache },
): ContextResult[] {
  const continuations = contexts.map((context) => context.continuations ?? []);
  const generates = generation !== undefined && contexts[0].generate;
  const goesOn = generates || continuations.some((row) => row.some((ids) => ids.length > 1));
  const prompts = contexts.map(({ tokens }) => tokens);
  const run = runPrompts(model, prompts, { past, side, keepCache: goesOn });
  let handedOver = false;
  try {
    contexts.forEach(({ inspect }, b) => {
      inspect?.(run.logits[b]);
    });
    const scores = scoreContinuations(model, run, continuations);
    handedOver = Boolean(generates);
    const generated = generates ? generateGreedy(model, run, generation) : undefined;
    return contexts.map((_, b) => ({ scores: scores[b], generated: generated?.[b] }));
  } finally {
    if (!handedOver) run.cache?.dispose();
  }
}
