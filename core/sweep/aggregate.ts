import { mean } from '../evaluation/score-matrix.js';
import { type Cell, rowLabel } from './cell.js';
import type { CellResult, Figures } from './cell-result.js';
import { figureNames } from './figures.js';
import type { OptionValue } from './grid-options.js';
import type { GridConfig } from './grid-schema.js';

/** A figure over the seeds of a row. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation (n - 1); null for one seed. */
  readonly deviation: number | null;
  /** Mean difference, seed by seed, to the same method, options and benchmark with the first entry of `add`; null there. */
  readonly difference: number | null;
}

/** A row of a benchmark's table: all seeds of one method. */
export interface Row {
  readonly label: string;
  readonly base: string;
  readonly add: string;
  readonly options: readonly OptionValue[];
  /** Seeds that are there, of those that the grid asks for. */
  readonly seeds: readonly number[];
  readonly wanted: number;
  /** By name; null where no seed has it. */
  readonly figures: Readonly<Record<string, Spread | null>>;
  /** Figures of retention with which no other row of the benchmark is at least as good in it and in plasticity, and better in one. */
  readonly frontier: readonly string[];
}

/** What a grid found on one benchmark. */
export interface BenchmarkTable {
  readonly benchmark: string;
  readonly columns: readonly string[];
  /** The figures that the frontiers are drawn over. */
  readonly frontier: GridConfig['frontier'];
  /** Means of the model as it came, of the figures that tell of it; none where there are several models. */
  readonly init: Figures;
  readonly rows: readonly Row[];
}

/** A table for every benchmark of a grid of which a cell is over, with a row for every method of which one is. */
export function aggregate(
  { config, cells }: { readonly config: GridConfig; readonly cells: readonly Cell[] },
  results: readonly CellResult[],
): BenchmarkTable[] {
  const names = figureNames(config);
  const [first] = Object.keys(config.add);
  const { frontier } = config;
  return Object.keys(config.benchmark).flatMap((benchmark) => {
    const measured = results.filter(({ cell }) => cell.benchmark === benchmark);
    if (measured.length === 0) return [];
    const wanted = cells.filter((cell) => cell.benchmark === benchmark);
    const labels = [...new Set(measured.map(({ cell }) => rowLabel(cell)))];
    const rows = labels.map((label) => rowOf(label, { measured, wanted, names, first }));
    const columns = names.filter((name) => name in config.figures || rows.some(({ figures }) => figures[name]));
    return [{ benchmark, columns, frontier, init: initOf(columns, measured), rows: withFrontiers(rows, frontier) }];
  });
}

interface RowParts {
  /** Results of the benchmark, and its cells. */
  readonly measured: readonly CellResult[];
  readonly wanted: readonly Cell[];
  readonly names: readonly string[];
  /** The entry of `add` that the others are compared with. */
  readonly first: string;
}

function rowOf(label: string, { measured, wanted, names, first }: RowParts): Row {
  const called = (name: string) => measured.filter(({ cell }) => rowLabel(cell) === name);
  const found = called(label);
  const { base, add, options } = found[0].cell;
  const compared = add === first ? [] : called(rowLabel({ base, add: first, options }));
  const figures = names.map((name) => {
    const own = spread(found.map(({ figures }) => figures[name]));
    return [name, own && { ...own, difference: pairedDifference(name, found, compared) }] as const;
  });
  return {
    ...{ label, base, add, options, frontier: [] },
    seeds: found.map(({ cell }) => cell.seed),
    wanted: wanted.filter((cell) => rowLabel(cell) === label).length,
    figures: Object.fromEntries(figures),
  };
}

/** Mean and sample deviation of the values that are there; null for none. */
export function spread(values: readonly (number | null | undefined)[]): Omit<Spread, 'difference'> | null {
  const known = values.filter((value) => typeof value === 'number');
  if (known.length === 0) return null;
  const center = mean(known) as number;
  if (known.length === 1) return { mean: center, deviation: null };
  const squares = known.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return { mean: center, deviation: Math.sqrt(squares / (known.length - 1)) };
}

/** Mean over the seeds that both have of one's figure minus the other's; null for none. */
function pairedDifference(name: string, own: readonly CellResult[], other: readonly CellResult[]): number | null {
  const differences = own.map(({ cell, figures }) => {
    const paired = other.find(({ cell: { seed } }) => seed === cell.seed)?.figures[name];
    const value = figures[name];
    return typeof value === 'number' && typeof paired === 'number' ? value - paired : null;
  });
  return spread(differences)?.mean ?? null;
}

/** Means over the seeds; none where the rows are of different models. */
function initOf(columns: readonly string[], results: readonly CellResult[]): Figures {
  if (new Set(results.map(({ model }) => JSON.stringify(model))).size > 1) return {};
  const seeds = [...new Set(results.map(({ cell }) => cell.seed))];
  const meanOf = (name: string, seed: number) =>
    spread(results.filter(({ cell }) => cell.seed === seed).map(({ init }) => init[name]))?.mean;
  const init = columns.map((name) => [name, spread(seeds.map((seed) => meanOf(name, seed)))?.mean ?? null] as const);
  return Object.fromEntries(init.filter(([, value]) => value !== null));
}

function withFrontiers(rows: readonly Row[], { plasticity, retention }: GridConfig['frontier']): Row[] {
  return rows.map((row) => ({
    ...row,
    frontier: retention.filter((kept) => isUnbeaten(row, rows, [plasticity, kept])),
  }));
}

/** Whether a row has the figures, and no other is at least as good in both and better in one. */
function isUnbeaten(row: Row, rows: readonly Row[], names: readonly string[]): boolean {
  const own = meansOf(row, names);
  if (!own) return false;
  return !rows.some((other) => {
    const means = meansOf(other, names);
    return means?.every((mean, i) => mean >= own[i]) && means.some((mean, i) => mean > own[i]);
  });
}

/** Undefined unless the row has all of the figures. */
function meansOf({ figures }: Row, names: readonly string[]): number[] | undefined {
  const means = names.map((name) => figures[name]?.mean);
  return means.includes(undefined) ? undefined : (means as number[]);
}
