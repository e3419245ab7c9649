import path from 'node:path';
import type { DataFile, MetricName } from '../contracts/benchmark.js';
import { wideTable } from './wide-table.js';

/** What there is of a task or held-out set; undefined for what it does not have by its kind. */
export interface SetCounts {
  readonly name: string;
  readonly train?: number;
  readonly validation?: number;
  readonly test?: number;
  readonly demonstrations?: number;
  /** Fewest and most candidate answers of an item that is scored; undefined where answers are text. */
  readonly choices?: readonly [fewest: number, most: number];
  /** How a run scores it; undefined where it does not. */
  readonly scored?: { readonly shots: readonly number[]; readonly metrics: readonly MetricName[] };
}

/** A benchmark's data as a run would use them. */
export interface DataReport {
  /** The benchmark's name. */
  readonly benchmark: string;
  /** Tasks in their order, then held-out sets. */
  readonly sets: readonly SetCounts[];
  readonly files: readonly DataFile[];
  /** What a run would warn of. */
  readonly warnings: readonly string[];
}

/** Columns that are a count each. */
const parts = ['train', 'validation', 'test', 'demonstrations'] as const;

/**
 * A benchmark's data as text: a table of what each task and held-out set has, the files by their folders, each with the number of
 * its items, and what a run would warn of. @param width in characters
 */
export function dataTable({ sets, files, warnings }: DataReport, width: number): string {
  const column = (heading: string, cell: (set: SetCounts) => string) => ({ heading, cells: sets.map(cell) });
  const columns = [
    ...parts.map((part) => column(part, (set) => `${set[part] ?? '-'}`)),
    column('choices', ({ choices }) => (choices ? [...new Set(choices)].join('-') : '-')),
  ];
  const table = wideTable({ corner: 'set', titles: sets.map(({ name }) => name) }, columns, width);
  return [table, ...fileLines(files), ...warnings.map((warning) => `warning: ${warning}`)].join('\n');
}

/** A line for each folder. */
function fileLines(files: DataReport['files']): string[] {
  const folders = new Map<string, string[]>();
  for (const { path: file, items } of files) {
    const folder = path.dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), `${path.basename(file)} (${items})`]);
  }
  return Array.from(folders, ([folder, names]) => `${folder}: ${names.join(', ')}`);
}
