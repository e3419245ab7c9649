import { commonLength } from './common-subsequence.js';

/**
 * Similarity of two pieces of code as TRACE scores Py150: literals put in, then fuzzywuzzy's `ratio` with the back end of
 * python-Levenshtein, as a share in whole percent. The other back end, difflib, gives other numbers.
 * @returns 0 to 1; 1 for equal texts, empty ones too
 */
export function editSimilarity(text: string, answer: string): number {
  return percentAlike(withLiterals(text), withLiterals(answer)) / 100;
}

/**
 * The tags that stand for literals in Py150 replaced by what they stand for, as TRACE and CodeXGLUE do: `<NUM_LIT>` by 0,
 * `<STR_LIT>` and `<CHAR_LIT>` by nothing, `<STR_LIT:value>` and its like by the value.
 */
export function withLiterals(code: string): string {
  return code
    .replaceAll('<NUM_LIT>', '0')
    .replace(/<(?:STR|CHAR)_LIT>/g, '')
    .replace(/<(?:STR|NUM|CHAR)_LIT:(.*?)>/gs, '$1');
}

/**
 * 100 (1 - d / n) as a whole number, halves to the even one: d deletions and insertions lead from one text to the other, n is
 * the length of both together, in code points.
 */
function percentAlike(one: string, other: string): number {
  const [a, b] = [[...one], [...other]];
  const both = a.length + b.length;
  if (both === 0) return 100;
  const edits = both - 2 * commonLength(a, b);
  return halfToEven(100 * (1 - edits / both));
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
