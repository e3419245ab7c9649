import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { editSimilarity, withLiterals } from '../../core/evaluation/edit-similarity.js';
import { rougeLStemmed } from '../../core/evaluation/rouge-stemmed.js';
import { rougeLUnion } from '../../core/evaluation/rouge-union.js';
import { compareTexts } from '../../core/evaluation/text-metrics.js';
import { wordStem } from '../../core/evaluation/word-stem.js';

const reference = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../reference/${name}.json`, import.meta.url), 'utf8'));

interface Texts {
  readonly prediction: string;
  readonly target: string;
}

describe('ROUGE-L over the union of sentences, worked by hand', () => {
  it('counts each word once', () => {
    // C = {the, dog}: P = 2/3 of the text's distinct words, R = 2/2
    expect(rougeLUnion('the cat the dog', 'the dog')).toBeCloseTo(0.8, 6);
  });

  it('joins what sentences have in common, whatever their order', () => {
    // "a b" with "c. b": b; "c d" with them: c; "d" is not in the answer. P = 2/4, R = 2/2
    expect(rougeLUnion('a b. c d', 'c. b')).toBeCloseTo(2 / 3, 6);
    expect(rougeLUnion('one. two. three.', 'three. two. one.')).toBeCloseTo(1, 6);
  });

  it('keeps the order within a sentence, capitals and commas', () => {
    expect(rougeLUnion('a b', 'b a')).toBeCloseTo(0.5, 6);
    expect(rougeLUnion('The cat, asleep', 'the cat asleep')).toBeCloseTo(1 / 3, 6);
  });

  it('is 0 where either is empty, or dots alone', () => {
    expect([rougeLUnion('', 'a'), rougeLUnion('a', ''), rougeLUnion('..', 'a'), rougeLUnion('', '')]).toEqual([
      0, 0, 0, 0,
    ]);
  });
});

describe('ROUGE-L of stems, worked by hand', () => {
  it('is F1 of the longest common subsequence of stems', () => {
    // the runner were run; a runner run: 2 in common, 4 and 3 words
    expect(rougeLStemmed('The runners were running.', 'A runner runs')).toBeCloseTo(4 / 7, 12);
  });

  it('counts a word as often as it occurs', () => {
    expect(rougeLStemmed('the cat the dog', 'the dog')).toBeCloseTo(4 / 6, 12);
  });

  it('takes other signs than a-z and 0-9 for blanks, and leaves words of three letters alone', () => {
    expect(rougeLStemmed("It's 3-4, café!", 'it s 3 4 caf')).toBe(1);
    expect(rougeLStemmed('gas', 'ga')).toBe(0);
  });

  it('is 0 where either has no word', () => {
    expect([rougeLStemmed('', 'a'), rougeLStemmed('a', '?!'), rougeLStemmed('', '')]).toEqual([0, 0, 0]);
  });
});

describe('edit similarity, worked by hand', () => {
  it('is twice the common characters over both lengths, in whole percent', () => {
    // i t t n in common of 6 and 7: 8/13
    expect(editSimilarity('kitten', 'sitting')).toBe(0.62);
    expect([editSimilarity('', 'a'), editSimilarity('a', 'b'), editSimilarity('', '')]).toEqual([0, 0, 1]);
  });

  it('rounds halves to the even percent, as Python does', () => {
    // 10/16 = 62.5 % and 6/16 = 37.5 %
    expect(editSimilarity('abcdefgh', 'abcdexyz')).toBe(0.62);
    expect(editSimilarity('abcdefgh', 'abcuvxyz')).toBe(0.38);
  });

  it('counts characters, not halves of them', () => {
    // 🙂 and 🙃 differ in their second half only
    expect(editSimilarity('🙂', '🙃')).toBe(0);
  });

  it('puts literals in the place of their tags', () => {
    expect(withLiterals("f ( <NUM_LIT> , <NUM_LIT:42> , '<STR_LIT:a\nb>' , '<CHAR_LIT>' , \"<STR_LIT>\" )")).toBe(
      "f ( 0 , 42 , 'a\nb' , '' , \"\" )",
    );
    expect(editSimilarity('x = <NUM_LIT:3>', 'x = 3')).toBe(1);
  });
});

describe('a greedy text beside its answer', () => {
  it('is compared after trimming both, by the one metric that its set names', () => {
    expect(compareTexts('a b\n', ' a b', 'rougeLUnion')).toEqual({ exact: true, rougeLUnion: expect.closeTo(1, 6) });
    expect(compareTexts('kitten ', ' sitting', 'editSimilarity')).toEqual({ exact: false, editSimilarity: 0.62 });
    expect(compareTexts('a', ' a')).toEqual({ exact: true });
    expect(compareTexts('a', ' b', 'choiceAccuracySum')).toEqual({ exact: false });
  });
});

describe('beside the Python packages', () => {
  // Made by rouge 1.0.1, rouge_score 0.1.2, nltk 3.10.4 and fuzzywuzzy 0.18.0 with python-Levenshtein 0.27.5, how stands in the file.
  const made = reference<{
    pairs: readonly (Texts & { rouge: number; rouge_score: number; ratio: number })[];
    stems: Readonly<Record<string, string>>;
  }>('rouge');

  it('all three have the same values for sentences, word by word shuffled ones and code', () => {
    for (const { prediction, target, ...wanted } of made.pairs) {
      const what = `${prediction} | ${target}`;
      expect(rougeLUnion(prediction, target), what).toBeCloseTo(wanted.rouge, 12);
      expect(rougeLStemmed(prediction, target), what).toBeCloseTo(wanted.rouge_score, 12);
      expect(editSimilarity(prediction, target), what).toBe(wanted.ratio / 100);
    }
  });

  it('stems are those of NLTK, where they depart from Porter too', () => {
    const words = Object.keys(made.stems);
    expect(Object.fromEntries(words.map((word) => [word, wordStem(word)]))).toEqual(made.stems);
  });

  // rouge refuses an empty text.
  const { pairs, py150_postprocess } = reference<{
    pairs: readonly (Texts & { rouge_l_trace: { f?: number }; fuzz_ratio_levenshtein: number })[];
    py150_postprocess: readonly { in: string; out: string }[];
  }>('metrics');

  it('ROUGE-L over the union of sentences is that of rouge', () => {
    for (const { prediction, target, rouge_l_trace } of pairs) {
      const got = rougeLUnion(prediction, target);
      expect(got, `${prediction} | ${target}`).toBeCloseTo(rouge_l_trace.f ?? 0, 8);
    }
  });

  it('edit similarity is the ratio of fuzzywuzzy, and literals are as TRACE has them', () => {
    for (const { prediction, target, fuzz_ratio_levenshtein } of pairs) {
      expect(editSimilarity(prediction, target), `${prediction} | ${target}`).toBe(fuzz_ratio_levenshtein / 100);
    }
    for (const { in: tagged, out } of py150_postprocess) expect(withLiterals(tagged)).toBe(out);
  });
});
