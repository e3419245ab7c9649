import { type CellResult, type Figures, figureNames } from './cell-result.js';
import { type Cell, type OptionValue, rowLabel } from './grid.js';
import type { GridConfig } from './grid-schema.js';

/** A figure over the seeds of a row. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation (n - 1); null for one seed. */
  readonly deviation: number | null;
  /** Mean minus that of the same method, options and benchmark with the first entry of `add`; null for that row itself. */
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
  /** Whether no other row of the benchmark is at least as good in plasticity and retention, and better in one. */
  readonly frontier: boolean;
}

/** What a grid found on one benchmark. */
export interface BenchmarkTable {
  readonly benchmark: string;
  readonly columns: readonly string[];
  /** Means of the model as it came, of the figures that tell of it. */
  readonly init: Figures;
  readonly rows: readonly Row[];
}

/** Plasticity, then retention: what the frontier is drawn over. */
export const FRONTIER = { plasticity: 'FP', retention: 'IP' } as const;

/** A table for every benchmark of a grid, of the cells that are over. */
export function aggregate(
  { config, cells }: { readonly config: GridConfig; readonly cells: readonly Cell[] },
  results: readonly CellResult[],
): BenchmarkTable[] {
  const byId = new Map(results.map((result) => [result.cell.id, result]));
  const names = figureNames(config);
  return Object.keys(config.benchmark).map((benchmark) => {
    const own = cells.filter((cell) => cell.benchmark === benchmark);
    const labels = [...new Set(own.map(rowLabel))];
    const means = labels.map((label) => {
      const group = own.filter((cell) => rowLabel(cell) === label);
      const found = group.flatMap(({ id }) => byId.get(id) ?? []);
      return { label, group, found, spreads: spreadsOf(names, found) };
    });
    const first = Object.keys(config.add)[0];
    const rows = means.map(({ group, found, label, spreads }): Row => {
      const { base, add, options } = group[0];
      const compared = means.find(({ label: other }) => other === rowLabel({ base, add: first, options }));
      const figures = withDifferences(spreads, add === first ? undefined : compared?.spreads);
      return {
        label,
        base,
        add,
        options,
        seeds: found.map(({ cell }) => cell.seed),
        wanted: group.length,
        figures,
        frontier: false,
      };
    });
    const columns = names.filter((name) => rows.some(({ figures }) => figures[name]));
    const measured = results.filter(({ cell }) => cell.benchmark === benchmark);
    return { benchmark, columns, init: initOf(columns, measured), rows: onFrontier(rows) };
  });
}

type Plain = Omit<Spread, 'difference'>;

function spreadsOf(names: readonly string[], found: readonly CellResult[]): Record<string, Plain | null> {
  return Object.fromEntries(names.map((name) => [name, spread(found.map(({ figures }) => figures[name]))]));
}

/** Mean and sample deviation of the values that are there; null for none. */
export function spread(values: readonly (number | null | undefined)[]): Plain | null {
  const known = values.filter((value) => typeof value === 'number');
  if (known.length === 0) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (known.length === 1) return { mean, deviation: null };
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (known.length - 1)) };
}

function withDifferences(
  spreads: Readonly<Record<string, Plain | null>>,
  compared: Readonly<Record<string, Plain | null>> | undefined,
): Record<string, Spread | null> {
  return Object.fromEntries(
    Object.entries(spreads).map(([name, own]) => {
      const other = compared?.[name];
      return [name, own && { ...own, difference: other ? own.mean - other.mean : null }];
    }),
  );
}

function initOf(columns: readonly string[], results: readonly CellResult[]): Figures {
  const init = columns.map((name) => [name, spread(results.map((result) => result.init[name]))?.mean ?? null] as const);
  return Object.fromEntries(init.filter(([, value]) => value !== null));
}

function onFrontier(rows: readonly Row[]): Row[] {
  const place = ({ figures }: Row) => [figures[FRONTIER.plasticity]?.mean, figures[FRONTIER.retention]?.mean];
  return rows.map((row) => {
    const [own, kept] = place(row);
    if (own === undefined || kept === undefined) return row;
    const beaten = rows.some((other) => {
      const [plasticity, retention] = place(other);
      if (plasticity === undefined || retention === undefined) return false;
      return plasticity >= own && retention >= kept && (plasticity > own || retention > kept);
    });
    return { ...row, frontier: !beaten };
  });
}
