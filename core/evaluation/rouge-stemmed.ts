import { commonLength } from './common-subsequence.js';
import { wordStem } from './word-stem.js';

/** Shorter words are left as they are. */
const SHORTEST_STEMMED = 4;

/**
 * ROUGE-L of a text and its answer as rouge_score (google-research) computes it with `use_stemmer=True`: F1 of the longest common
 * subsequence of their words (Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries, sentence level). Words are the
 * runs of a-z and 0-9 in the lower-cased text, those of more than three signs by their stem.
 * @returns 0 to 1; 0 where either has no word
 */
export function rougeLStemmed(text: string, answer: string): number {
  const [ours, theirs] = [text, answer].map(stemsOf);
  if (ours.length === 0 || theirs.length === 0) return 0;
  return (2 * commonLength(ours, theirs)) / (ours.length + theirs.length);
}

function stemsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.map((word) => (word.length < SHORTEST_STEMMED ? word : wordStem(word)));
}
