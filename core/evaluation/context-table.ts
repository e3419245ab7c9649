import { type Context, type ContextResult, runContexts } from './contexts.js';
import type { ContinuationScore } from './likelihood.js';
import type { BatchSettings, Model } from './model.js';

/** A continuation after a context, both as token ids. */
export interface TokenPair {
  /** At least one token. */
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

/** Where a ContextTable's answer to a pair will stand. */
export interface ScorePlace {
  readonly context: number;
  readonly continuation: number;
}

interface OpenContext extends Context {
  readonly continuations: (readonly number[])[];
  generate: boolean;
}

/** Contexts by their tokens, so that whatever is asked of equal ones comes of one run. */
export class ContextTable {
  private readonly entries: OpenContext[] = [];
  private readonly places = new Map<string, number>();

  get contexts(): readonly Context[] {
    return this.entries;
  }

  private place(tokens: readonly number[]): number {
    const key = tokens.join(',');
    let at = this.places.get(key);
    if (at === undefined) {
      at = this.entries.push({ tokens, continuations: [], generate: false }) - 1;
      this.places.set(key, at);
    }
    return at;
  }

  /** Asks for a greedy continuation of the context; returns its index. */
  generate(tokens: readonly number[]): number {
    const at = this.place(tokens);
    this.entries[at].generate = true;
    return at;
  }

  /** Asks for a continuation's score. */
  score({ context, continuation }: TokenPair): ScorePlace {
    const at = this.place(context);
    return { context: at, continuation: this.entries[at].continuations.push(continuation) - 1 };
  }
}

/** The score that stands at a place. */
export function scoreAt(results: readonly ContextResult[], place: ScorePlace): ContinuationScore {
  return results[place.context].scores[place.continuation];
}

/** log p(continuation | context) of every pair; pairs with equal contexts share its run. */
export async function logLikelihoods(
  model: Model,
  pairs: readonly TokenPair[],
  settings: BatchSettings = {},
): Promise<ContinuationScore[]> {
  const table = new ContextTable();
  const places = pairs.map((pair) => table.score(pair));
  const results = await runContexts(model, table.contexts, settings);
  return places.map((place) => scoreAt(results, place));
}
