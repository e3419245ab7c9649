import type { Example, TextExample } from '../contracts/benchmark.js';

/** The samples whose prompts some of the others have too. */
export function overlapping(samples: readonly TextExample[], others: readonly Example[]): TextExample[] {
  const prompts = new Set(others.flatMap((other) => ('prompt' in other ? [other.prompt] : [])));
  return samples.filter(({ prompt }) => prompts.has(prompt));
}

/** `all 56 records are`, `1 of 100 records is`. @param what in the plural */
export function shareOf(count: number, total: number, what: string): string {
  if (count === total && total > 1) return `all ${total} ${what} are`;
  return `${count} of ${total} ${what} ${count === 1 ? 'is' : 'are'}`;
}
