import { closest } from 'fastest-levenshtein';

/** ` (did you mean "x"?)` for the nearest of the names; nothing where there is none. */
export function didYouMean(name: string, names: readonly string[]): string {
  return names.length === 0 ? '' : ` (did you mean "${closest(name, [...names])}"?)`;
}
