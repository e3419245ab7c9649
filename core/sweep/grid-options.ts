import { textDigest } from '../digest.js';
import type { GridConfig } from './grid-schema.js';

/** One option and its value, of those that a grid varies. */
export interface OptionValue {
  readonly option: string;
  readonly value: unknown;
  /** As tables and folders show it, for example `learningRate=0.001`. */
  readonly text: string;
}

/** Every combination of options' values; one without options where there are none. */
export function optionCombinations(options: GridConfig['options']): OptionValue[][] {
  const names = Object.keys(options);
  return names.reduce<OptionValue[][]>(
    (combinations, option) =>
      combinations.flatMap((earlier) =>
        options[option].map((value) => [
          ...earlier,
          { option, value, text: `${shortName(option, names)}=${textOf(value)}` },
        ]),
      ),
    [[]],
  );
}

/** An option's last key, where no other of the names ends likewise. */
export function shortName(option: string, names: readonly string[]): string {
  const last = option.split('.').at(-1) as string;
  return names.filter((name) => name.split('.').at(-1) === last).length > 1 ? option : last;
}

/** Characters of a value in a folder's name. */
const LONGEST = 40;

/** A value as a part of a folder's name; a long one ends with a digest of the whole. */
export function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const plain = text.replace(/[^A-Za-z0-9.+-]+/g, '_');
  if (plain.length <= LONGEST) return plain;
  const digest = textDigest(text, 8);
  return `${plain.slice(0, LONGEST - digest.length - 1)}-${digest}`;
}
