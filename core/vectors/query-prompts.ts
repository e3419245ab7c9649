import type { Tokenizer } from '../contracts/tokenizer.js';
import type { RandomStream } from '../training/random.js';
import { type InContextPrompt, promptOf, shuffledAnswers } from './in-context-prompts.js';
import type { VectorTask } from './vector-task.js';

export interface QuerySettings {
  /** Demonstrations before each query: the first ones of the pool. */
  readonly shots: number;
  /** Whether these have each other's answers, permuted for every query by itself. */
  readonly answers: 'own' | 'shuffled';
  /** Longest prompt in tokens: those that do not fit have fewer demonstrations. */
  readonly maxTokens: number;
}

/** The queries of a task as prompts. */
export function queryPrompts(
  { pool, queries }: VectorTask,
  { shots, answers, maxTokens }: QuerySettings,
  { tokenizer, stream }: { tokenizer: Tokenizer; stream: RandomStream },
): InContextPrompt[] {
  return queries.flatMap((query) => {
    const shown = pool.slice(0, shots);
    return promptOf(answers === 'own' ? shown : shuffledAnswers(shown, stream), query, tokenizer, maxTokens);
  });
}
