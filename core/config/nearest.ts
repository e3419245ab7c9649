import { closest, distance } from 'fastest-levenshtein';

/** ` (did you mean "x"?)` for the nearest of the names, or nothing where none is near. */
export function didYouMean(name: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const nearest = closest(name, [...names]);
  const far = distance(name.toLowerCase(), nearest.toLowerCase()) > Math.max(2, nearest.length / 2);
  return far ? '' : ` (did you mean "${nearest}"?)`;
}
