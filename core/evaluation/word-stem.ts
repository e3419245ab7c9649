import { stemmer } from 'stemmer';

/** Words that the rules would mistake, with their stems. */
const irregular: ReadonlyMap<string, string> = new Map(
  Object.entries({
    sky: ['sky', 'skies'],
    die: ['dying'],
    lie: ['lying'],
    tie: ['tying'],
    news: ['news'],
    inning: ['innings', 'inning'],
    outing: ['outings', 'outing'],
    canning: ['cannings', 'canning'],
    howe: ['howe'],
    proceed: ['proceed'],
    exceed: ['exceed'],
    succeed: ['succeed'],
  }).flatMap(([stem, words]) => words.map((word) => [word, stem] as const)),
);

/**
 * The stem of a lower-case word by Porter's rules (1980, An algorithm for suffix stripping) as NLTK extends them, whose stemmer
 * rouge_score uses: the package `stemmer` has Porter's own, and what NLTK changes is put on it here.
 */
export function wordStem(word: string): string {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  // dies and died are die, where Porter has di.
  if (/^.ie[sd]$/.test(word)) return word.slice(0, -1);
  // carefully goes on as careful, additionally as additional.
  const plain = /[aeiouy][^aeiou].*(al|ful)ly$/.test(word) ? word.slice(0, -2) : word;
  return withFinalE(withFinalY(stemmer(plain), plain), plain);
}

/** A final y stays behind a vowel (enjoyed: enjoy) and becomes i behind consonants alone (flying: fli). */
function withFinalY(stem: string, word: string): string {
  const rest = stem.slice(0, -1);
  if (/[aeiou]i$/.test(stem) && word[rest.length] === 'y') return `${rest}y`;
  return /^[^aeiouy]{2,}y$/.test(stem) ? `${rest}i` : stem;
}

/** An e stays behind a vowel and a consonant alone (using: use); archaeology is archaeolog, and so biology is biolog. */
function withFinalE(stem: string, word: string): string {
  if (/^[aeiou][^aeiou]$/.test(stem) && /^..(e|ing)/.test(word)) return `${stem}e`;
  return /[aeiouy]logi$/.test(stem) && !word.endsWith('ie') ? stem.slice(0, -1) : stem;
}
