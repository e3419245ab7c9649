import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { problem } from '../errors.js';
import { markdownTable } from '../report/markdown-table.js';
import { shortName } from './grid-options.js';
import { bestOf, ranked, type Trial } from './run-search.js';
import type { SearchFile, TrialValues } from './search-file.js';
import type { SearchSettings } from './search-schema.js';

/** What search.json holds. */
export function searchRecord(search: SearchFile, trials: readonly Trial[], version: string): Record<string, unknown> {
  const { sampler, seed, maximize, minimize } = search.settings;
  return {
    ...{ search: path.basename(search.file), optuna: version, sampler, seed, maximize, minimize },
    best: bestOf(trials, search)?.number ?? null,
    trials: trials.map(({ cells, ...trial }) => ({ ...trial, cells: cells.map(({ id }) => id) })),
  };
}

/** Refuses a folder of a search whose sampler, seed or figure is another. @throws PalimpsestError OUTPUT_EXISTS */
export function assertSameSearch(folder: string, { settings }: SearchFile): void {
  const before = recorded(folder);
  if (!before) return;
  for (const name of ['sampler', 'seed', 'maximize', 'minimize'] as const) {
    if (before[name] === settings[name]) continue;
    throw problem('OUTPUT_EXISTS', {
      where: path.join(folder, 'search.json'),
      expected: `a search with the ${name} ${settings[name] ?? 'left out'}`,
      got: `one with ${before[name] ?? 'none'}`,
      remedy: 'Name another --out.',
    });
  }
}

/** How many trials search.json has: one that is called again comes back to them, and does not write fewer before. */
export function recordedTrials(folder: string): number {
  return recorded(folder)?.trials.length ?? 0;
}

/** What search.json holds; undefined where there is none. */
function recorded(
  folder: string,
): (Omit<SearchSettings, 'trials'> & { readonly trials: readonly unknown[] }) | undefined {
  const file = path.join(folder, 'search.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** A line on the newest trial. */
export function trialLine(search: SearchFile, trials: readonly Trial[]): string {
  const { number, values, objective } = trials[trials.length - 1];
  const best = bestOf(trials, search);
  const told = best && `  (best ${written(best.objective)}: trial ${best.number}, ${valuesText(best.values)})`;
  const outcome = objective === null ? 'failed' : `${search.figure} ${written(objective)}`;
  return `trial ${number} of ${search.trials}  ${valuesText(values)}  ${outcome}${told ?? ''}`;
}

/** Markdown: a row for each trial, the best first, those that failed last. */
export function searchTable(search: SearchFile, trials: readonly Trial[]): string {
  const options = Object.keys(search.settings.space);
  const failed = trials.filter(({ objective }) => objective === null);
  const columns = ['trial', ...options.map((option) => shortName(option, options)), search.figure];
  const rows = [...ranked(trials, search.settings), ...failed].map(({ number, values, objective }) => {
    return [number, ...options.map((option) => shown(values[option])), written(objective)];
  });
  return `${markdownTable(columns, rows)}\n`;
}

function valuesText(values: TrialValues): string {
  const options = Object.keys(values);
  return options.map((option) => `${shortName(option, options)}=${shown(values[option])}`).join(', ');
}

/** Numbers with four digits: search.json has them all. */
function shown(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(4)));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function written(objective: number | null): string {
  return objective === null ? 'failed' : String(Number(objective.toPrecision(4)));
}
