import { didYouMean } from '../config/nearest.js';
import { problem } from '../errors.js';
import type { GridConfig } from './grid-schema.js';

/** Figures that every cell has: of the whole run, and of the process. */
export const SECONDS = 'seconds';
export const MEMORY = 'peakMemoryBytes';

/** The one figure of summary.json of which less is better. */
export const FORGETTING = 'forgetting';

/** Figures of summary.json. */
export const ofSummary = ['HP', 'IP', 'FP', FORGETTING];

/** Names of a grid's figures, in the order of the table. */
export function figureNames({ figures }: Pick<GridConfig, 'figures'>): string[] {
  return [...new Set([...ofSummary, ...Object.keys(figures)]), SECONDS, MEMORY];
}

/** Names of the figures of which more is better. */
export function gainNames(config: Pick<GridConfig, 'figures'>): string[] {
  return figureNames(config).filter((name) => ![FORGETTING, SECONDS, MEMORY].includes(name));
}

/** @throws PalimpsestError CONFIG_VALUE where a figure is none of those known */
export function assertFigure(figure: string, known: readonly string[], where: string): void {
  if (known.includes(figure)) return;
  const expected = `a figure: ${known.join(', ')}`;
  const remedy = 'Change it, or add it to `figures`; docs/commands/sweep.md has the form.';
  throw problem('CONFIG_VALUE', { where, expected, got: `${figure}${didYouMean(figure, known)}`, remedy });
}
