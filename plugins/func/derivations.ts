import { type Pair, problem } from '../../core/index.js';
import { letterOf } from './letters.js';
import type { PythonDraws } from './python-draws.js';

/** The pairs of a published list. */
export interface PairList {
  readonly pairs: readonly Pair[];
  /** The list's file, for errors. */
  readonly where: string;
}

/** The words of a pair whose input is a list of them. */
const words = ({ input }: Pair) => input.split(', ');

/** Translations by word; of several the last one. */
export function dictionary({ pairs }: PairList): ReadonlyMap<string, string> {
  return new Map(pairs.map(({ input, output }) => [input, output]));
}

/** Lists whose last of five words has a translation, which becomes the answer. */
export function lastTranslated(pairs: readonly Pair[], spanish: ReadonlyMap<string, string>): Pair[] {
  return pairs.flatMap((pair) => {
    const output = spanish.get(words(pair)[4]);
    return output === undefined ? [] : [{ input: pair.input, output }];
  });
}

/**
 * Lists whose answer has a translation, which becomes the answer; then the others, with an answer of the same task that has a
 * translation, and that the list does not have yet, drawn to stand in the place of theirs.
 * @throws PalimpsestError DATA_LINE where there is none to draw
 */
export function answerTranslated(
  { pairs, where }: PairList,
  spanish: ReadonlyMap<string, string>,
  draws: PythonDraws,
): Pair[] {
  const known = pairs.filter(({ output }) => spanish.has(output));
  const targets = [...new Set(known.map(({ output }) => output))].sort();
  const others = [...pairs.entries()].filter(([, { output }]) => !spanish.has(output));
  const replaced = others.map(([index, pair]) => {
    const list = words(pair);
    const free = targets.filter((word) => !list.includes(word));
    if (free.length === 0) throw noTranslation(pair, `${where}, item ${index + 1}`);
    const target = draws.choice(free);
    return { input: list.map((word) => (word === pair.output ? target : word)).join(', '), output: target };
  });
  return [...known, ...replaced].map(({ input, output }) => ({ input, output: spanish.get(output) as string }));
}

const noTranslation = ({ output }: Pair, where: string) =>
  problem('DATA_LINE', {
    where,
    expected: 'an answer that has a translation, or another of the file to stand in its place',
    got: JSON.stringify(output),
  });

/**
 * A draw of a list's pairs, in its order: the labels become options of the input, in an order drawn for each pair, and the
 * letter of its label the output. @param count how many; all by default @throws PalimpsestError DATA_LINE for another label
 */
export function multipleChoice(
  { pairs, where }: PairList,
  labels: readonly string[],
  draws: PythonDraws,
  count?: number,
): Pair[] {
  const strange = pairs.findIndex(({ output }) => !labels.includes(output));
  if (strange >= 0) {
    throw problem('DATA_LINE', {
      where: `${where}, item ${strange + 1}`,
      expected: `an output that is one of ${labels.join(', ')}`,
      got: JSON.stringify(pairs[strange].output),
    });
  }
  const drawn = draws.shuffled(pairs.keys()).slice(0, count);
  return drawn
    .sort((a, b) => a - b)
    .map((index) => {
      const { input, output } = pairs[index];
      const options = draws.shuffled(labels);
      const lines = options.map((label, at) => `${letterOf(at)}: ${label}`);
      return { input: [input, ...lines].join('\n'), output: letterOf(options.indexOf(output)) };
    });
}
