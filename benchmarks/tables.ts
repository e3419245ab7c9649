/*
 * Writes the tables of benchmarks/README.md and docs/performance.md anew from results/.
 *
 *     node benchmarks/run.js tables
 *
 * A table stands between the comments `table NAME` and `/table` and shows the rows of results/NAME.json; where there are no such
 * results, it says so.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { markdownTable } from '../core/report/markdown-table.js';

/** Pages with tables, from the repository's folder. */
export const pages = ['benchmarks/README.md', 'docs/performance.md'];

type Cell = string | number | undefined;

/** What a suite wrote. */
interface Results {
  readonly command?: string;
  readonly environment?: { readonly cpu: string };
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  readonly checks?: Readonly<Record<string, boolean>>;
}

/** @param folder benchmarks/, absolute */
export async function main(_args: string[], folder: string): Promise<void> {
  for (const page of pages) {
    const file = path.join(folder, '..', page);
    writeFileSync(file, withTables(readFileSync(file, 'utf8'), folder));
  }
}

/** The page with every table as the results have it. */
export function withTables(page: string, folder: string): string {
  return page.replace(/(<!-- table ([\w-]+) -->\n)[\s\S]*?(\n<!-- \/table -->)/g, (_, opening, name, closing) => {
    const file = path.join(folder, 'results', `${name}.json`);
    const shown = existsSync(file) ? shownResults(JSON.parse(readFileSync(file, 'utf8'))) : 'Not measured yet.';
    return `${opening}${shown}${closing}`;
  });
}

/** Command, processor, table and what the sides agree in, as Markdown. */
export function shownResults({ command, environment, rows, checks = {} }: Results): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const table = markdownTable(
    columns,
    rows.map((row) => columns.map((column) => row[column])),
  );
  const agreed = Object.entries(checks).map(([what, holds]) => `* ${holds ? 'agrees' : 'does not agree'}: ${what}`);
  const head = [command && `    ${command}`, environment && `Processor: ${environment.cpu}.`];
  const parts = [...head, table, agreed.join('\n')];
  return parts.filter(Boolean).join('\n\n');
}
