import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import type { RandomStream } from '../training/random.js';
import { type InContextPrompt, promptOf, shuffledAnswers } from './in-context-prompts.js';
import type { VectorTask } from './vector-task.js';

export interface QuerySettings {
  /** Demonstrations before each query: the first ones of the pool that do not ask the same. */
  readonly shots: number;
  /** Whether these have each other's answers, permuted for every query by itself. */
  readonly answers: 'own' | 'shuffled';
  /** Longest prompt in tokens: those that do not fit have fewer demonstrations. */
  readonly maxTokens: number;
}

/** The queries of a task as prompts. @throws PalimpsestError DATA_EMPTY where none fits */
export function queryPrompts(
  { name, pool, queries }: VectorTask,
  { shots, answers, maxTokens }: QuerySettings,
  { tokenizer, stream }: { tokenizer: Tokenizer; stream: RandomStream },
): InContextPrompt[] {
  const limits = { maxTokens, least: answers === 'own' ? 0 : 2 };
  const prompts = queries.flatMap((query) => {
    const shown = pool.filter(({ prompt }) => prompt !== query.prompt).slice(0, shots);
    return promptOf(answers === 'own' ? shown : shuffledAnswers(shown, stream), query, tokenizer, limits);
  });
  if (prompts.length > 0) return prompts;
  throw problem('DATA_EMPTY', {
    where: `task "${name}"`,
    expected: `queries of at most ${maxTokens} tokens with an answer`,
    got: `${queries.length}, none of which fits`,
    remedy: 'Give shorter items, or ask for fewer demonstrations.',
  });
}
