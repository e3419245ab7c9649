import { seededRandom } from '../training/random.js';
import type { Cell } from './cell.js';
import type { CellResult } from './cell-result.js';
import { MEMORY, SECONDS } from './figures.js';

/** Some of the cells, drawn from a seed of their own: which ones they are is not chosen. */
export function drawnCells(cells: readonly Cell[], count: number, seed: number): Cell[] {
  return seededRandom(seed).stream('repeat').shuffle(cells).slice(0, count);
}

/** What a repeated cell measured otherwise than before, a line each; times and memory may differ. */
export function differences(before: CellResult, after: CellResult): string[] {
  const names = [...new Set([...Object.keys(before.figures), ...Object.keys(after.figures)])];
  return names
    .filter((name) => name !== SECONDS && name !== MEMORY && before.figures[name] !== after.figures[name])
    .map((name) => `${before.cell.id}: ${name} was ${before.figures[name]} and is ${after.figures[name]}`);
}
