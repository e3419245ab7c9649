import { textDigest } from '../digest.js';
import { type OptionValue, optionCombinations } from './grid-options.js';
import type { CellLabels, GridConfig } from './grid-schema.js';

/** One run of a grid. */
export interface Cell {
  /** Names the cell and its folder: `FUNC/ewc+ivg,learningRate=0.001/seed-1`. */
  readonly id: string;
  readonly benchmark: string;
  readonly base: string;
  readonly add: string;
  readonly options: readonly OptionValue[];
  readonly seed: number;
}

/** What parts of a cell's name say, seed and options aside. */
export const axes = ['base', 'add', 'benchmark'] as const;

/** Whether a cell has all of the names that are given. */
export function matches(cell: Cell, labels: CellLabels): boolean {
  return axes.every((axis) => labels[axis] === undefined || labels[axis] === cell[axis]);
}

/** Characters of a row's name, which names folders and files too. */
const LONGEST = 150;

/** What a row of the table is called: the method, what is added and the options; a long name ends with a digest of the whole. */
export function rowLabel({ base, add, options }: Pick<Cell, 'base' | 'add' | 'options'>): string {
  const label = [add === 'none' ? base : `${base}+${add}`, ...options.map(({ text }) => text)].join(',');
  return label.length > LONGEST ? `${label.slice(0, LONGEST - 9)}-${textDigest(label, 8)}` : label;
}

/** Every combination that a grid does not leave out. */
export function expand({ base, add, benchmark, seeds, options, except }: GridConfig): Cell[] {
  const combinations = optionCombinations(options);
  const seedsOf = (name: string) => (Array.isArray(seeds) ? seeds : (seeds[name] ?? []));
  const cells = Object.keys(benchmark).flatMap((benchmark) =>
    Object.keys(base).flatMap((base) =>
      Object.keys(add).flatMap((add) =>
        combinations.flatMap((options) =>
          seedsOf(benchmark).map((seed: number) => named({ benchmark, base, add, options, seed })),
        ),
      ),
    ),
  );
  return cells.filter((cell) => !except.some((labels) => matches(cell, labels)));
}

function named(cell: Omit<Cell, 'id'>): Cell {
  return { ...cell, id: `${cell.benchmark}/${rowLabel(cell)}/seed-${cell.seed}` };
}
