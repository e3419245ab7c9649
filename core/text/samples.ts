import type { TextExample } from '../contracts/benchmark.js';
import { problem } from '../errors.js';
import { overlapping } from './overlap.js';

/** How many items of a list go where. */
export interface SplitCounts {
  /** To learn from. */
  readonly first: number;
  /** To score; undefined: all others. */
  readonly test?: number;
  /** For validation. */
  readonly validation?: number;
}

export interface Split<T> {
  readonly first: T[];
  readonly test: T[];
  readonly validation: T[];
}

/**
 * A list cut in its order: what is learnt from, what is scored, what is for validation.
 * @param where names the list in errors
 * @throws PalimpsestError DATA_EMPTY where it is too short
 */
export function splitInOrder<T>(items: readonly T[], counts: SplitCounts, where: string): Split<T> {
  const { first, test, validation = 0 } = counts;
  const wanted = first + (test ?? 1) + validation;
  if (first < 1 || items.length < wanted) throw tooFew(items.length, counts, where);
  const end = test === undefined ? items.length - validation : first + test;
  return {
    first: items.slice(0, first),
    test: items.slice(first, end),
    validation: items.slice(end, end + validation),
  };
}

function tooFew(got: number, { first, test = 1, validation = 0 }: SplitCounts, where: string) {
  const learnt = Math.max(first, 1);
  const kept = validation > 0 ? `${validation} for validation, ` : '';
  return problem('DATA_EMPTY', {
    where,
    expected: `at least ${learnt + test + validation} items (${learnt} to learn from, ${kept}the others to score)`,
    got: `${got}`,
    remedy: 'Ask for fewer, or give the file more.',
  });
}

/** The samples whose prompts are in none of the other lists; undefined where none is left. */
export function unseen(
  samples: readonly TextExample[],
  ...others: readonly (readonly TextExample[])[]
): TextExample[] | undefined {
  const seen = new Set(overlapping(samples, others.flat()));
  const left = samples.filter((sample) => !seen.has(sample));
  return left.length > 0 ? left : undefined;
}

/**
 * The letters that a text lists options by, each at the beginning of a line: A, B, .. for `A` and `. `. A line that does
 * not begin with the next letter belongs to the option before it.
 */
export function optionLetters(text: string, first: 'A' | 'a', mark: string): string[] {
  const letters: string[] = [];
  for (const line of text.split('\n')) {
    const next = letterAfter(first, letters.length);
    if (line.startsWith(`${next}${mark}`)) letters.push(next);
  }
  return letters;
}

/** The letter that is `steps` after another one. */
export function letterAfter(first: string, steps: number): string {
  return String.fromCharCode(first.charCodeAt(0) + steps);
}
