import { markdownTable } from '../report/markdown-table.js';
import type { BenchmarkTable, Row, Spread } from './aggregate.js';
import { MEMORY, SECONDS } from './figures.js';

/** Columns whose difference to the method without addition is shown. */
const compared = (column: string) => column !== SECONDS && column !== MEMORY;

/** How a figure is written: times and bytes in round units, all else with three digits. */
function written(column: string, value: number): string {
  if (column === SECONDS) return String(Math.round(value));
  if (column === MEMORY) return (value / 1e9).toFixed(2);
  return value.toFixed(3);
}

/** A column's heading with its unit. */
function heading(column: string): string {
  if (column === SECONDS) return 'seconds';
  return column === MEMORY ? 'peak GB' : column;
}

const signed = (text: string) => (text.startsWith('-') ? text : `+${text}`);

/** Mean, deviation over seeds and difference, for example `0.612 ± 0.021 (+0.034)`. */
function cellText(column: string, spread: Spread | null): string {
  if (!spread) return '-';
  const deviation = spread.deviation === null ? '' : ` ± ${written(column, spread.deviation)}`;
  const { difference } = spread;
  const against = difference !== null && compared(column) ? ` (${signed(written(column, difference))})` : '';
  return `${written(column, spread.mean)}${deviation}${against}`;
}

function seedsText({ seeds, wanted }: Row): string {
  return seeds.length === wanted ? String(wanted) : `${seeds.length} of ${wanted}`;
}

/** The lines of a benchmark's table as text: heading, the model as it came if it was scored, and the methods. */
function linesOf({ benchmark, columns, init, rows }: BenchmarkTable) {
  const initial = columns.map((column) => (column in init ? written(column, init[column] as number) : '-'));
  const texts = (row: Row) => columns.map((name) => cellText(name, row.figures[name]));
  return {
    head: [benchmark, 'seeds', ...columns.map(heading), 'frontier'],
    rows: [
      ...(Object.keys(init).length > 0 ? [['Init', '-', ...initial, '-']] : []),
      ...rows.map((row) => [row.label, seedsText(row), ...texts(row), row.frontier.join(', ')]),
    ],
  };
}

/** Markdown: a table for each benchmark. Rows on a frontier name the figure of retention. */
export function markdownTables(tables: readonly BenchmarkTable[]): string {
  const written = tables.map(linesOf).map(({ head, rows }) => markdownTable(head, rows));
  return `${written.join('\n\n')}\n`;
}

/** CSV (RFC 4180), a line for each row and benchmark, Init among them, with all digits; empty where not measured. */
export function csvTable(tables: readonly BenchmarkTable[]): string {
  const columns = [...new Set(tables.flatMap((table) => table.columns))];
  const head = columns.flatMap((name) => [name, `${name} sd`, ...(compared(name) ? [`${name} difference`] : [])]);
  const lines = tables.flatMap(({ benchmark, init, rows }) => [
    ...(Object.keys(init).length > 0
      ? [[benchmark, 'Init', '', '', '', '', ...columns.flatMap((name) => figureCells(name, init[name])), '']]
      : []),
    ...rows.map((row) => [
      ...[benchmark, row.base, row.add, row.options.map(({ text }) => text).join(' '), row.seeds.length, row.wanted],
      ...columns.flatMap((name) => figureCells(name, row.figures[name]?.mean, row.figures[name])),
      row.frontier.join(' '),
    ]),
  ]);
  const all = [['benchmark', 'base', 'add', 'options', 'seeds', 'seeds wanted', ...head, 'frontier'], ...lines];
  return all.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** Mean, deviation and, where methods are compared by the figure, difference. */
function figureCells(name: string, mean: number | null | undefined, spread?: Spread | null): unknown[] {
  return [mean, spread?.deviation, ...(compared(name) ? [spread?.difference] : [])];
}

function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** LaTeX for the package booktabs: a table for each benchmark. */
export function latexTables(tables: readonly BenchmarkTable[]): string {
  return `% \\usepackage{booktabs}\n${tables.map(latexTable).join('\n\n')}\n`;
}

function latexTable(table: BenchmarkTable): string {
  const { head, rows } = linesOf(table);
  const line = (cells: readonly string[]) => `${cells.map(escaped).join(' & ')} \\\\`;
  return [
    `\\begin{tabular}{ll${'r'.repeat(table.columns.length)}l}`,
    '\\toprule',
    line(head),
    '\\midrule',
    ...rows.map(line),
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n');
}

function escaped(text: string): string {
  const plain = text.replace(/[_&%$#]/g, '\\$&').replaceAll('±', '$\\pm$');
  return plain.replace(/(^|[ (])-(?=\d)/g, '$1$-$');
}
