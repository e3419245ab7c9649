import { closest, distance } from 'fastest-levenshtein';

/** ` (did you mean "x"?)` for the nearest of the names; nothing where none is near. */
export function didYouMean(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? '' : ` (did you mean "${near}"?)`;
}

/**
 * The name of the fewest edits, at most one for every three letters; capitals aside, and two letters that changed places count
 * as one edit.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const lower = name.toLowerCase();
  const byLower = new Map(names.map((one) => [one.toLowerCase(), one]));
  const found = closest(lower, [...byLower.keys()]);
  const edits = distance(lower, found) - (sorted(lower) === sorted(found) ? 1 : 0);
  return edits <= Math.max(1, Math.floor(name.length / 3)) ? byLower.get(found) : undefined;
}

const sorted = (text: string) => [...text].sort().join('');
