import { commonSubsequence } from './common-subsequence.js';

/** Added to P + R, so that F is a number where both are 0. */
const EPSILON = 1e-8;

/**
 * ROUGE-L of a text and its answer as rouge 1.0.1 of PyPI computes it (`rouge-l`, `f`). Texts are split at every `.` into
 * sentences and those at white space into words. C are the distinct words in the longest common subsequences of any sentence of
 * one with any of the other: P = |C| / distinct words of the text, R = |C| / distinct words of the answer,
 * F = 2 P R / (P + R + 1e-8). In Lin 2004 (ROUGE: A Package for Automatic Evaluation of Summaries) a word counts as often as it
 * occurs. Of several longest subsequences the one counts that TRACE's call get_scores(answer, text) finds.
 * @returns 0 to 1; 0 where either has no sentence, as TRACE counts it (rouge refuses it)
 */
export function rougeLUnion(text: string, answer: string): number {
  const [ours, theirs] = [text, answer].map(sentencesOf);
  if (ours.length === 0 || theirs.length === 0) return 0;
  const common = new Set(ours.flatMap((one) => theirs.flatMap((other) => commonSubsequence(one, other))));
  const [precision, recall] = [ours, theirs].map((sentences) => common.size / new Set(sentences.flat()).size);
  return (2 * precision * recall) / (precision + recall + EPSILON);
}

/** Words of every sentence. A sentence of white space only is one empty word, as in rouge. */
function sentencesOf(text: string): string[][] {
  const pieces = text.split('.').filter((piece) => piece.length > 0);
  return pieces.map((piece) => piece.trim().split(/\s+/));
}
