import { optionLetters, type Pair, pairExample, problem, type TextExample } from '../../core/index.js';

/** The letters of the options with which an input ends. */
const lettersOf = ({ input }: Pair) => optionLetters(input, 'a', ': ');

/** The letter of an option, counted from 0. */
export const letterOf = (index: number): string => 'abcdefghijklmnopqrstuvwxyz'[index];

/** A pair whose output is the letter of an option, with all of these letters as choices. */
export function letterExample(pair: Pair, instruction?: string): TextExample {
  return { ...pairExample(pair, instruction), choices: lettersOf(pair).map((letter) => ` ${letter}`) };
}

/** @param file names the pairs in errors @throws PalimpsestError DATA_LINE where an output is no option's letter */
export function checkLetters(pairs: readonly Pair[], file: string): void {
  for (const [index, pair] of pairs.entries()) {
    const letters = lettersOf(pair);
    if (letters.includes(pair.output)) continue;
    throw problem('DATA_LINE', {
      where: `${file}, item ${index + 1}`,
      expected:
        letters.length > 0 ? `an output that is one of ${letters.join(', ')}` : 'an input with options a:, b:, ..',
      got: JSON.stringify(pair.output),
    });
  }
}
