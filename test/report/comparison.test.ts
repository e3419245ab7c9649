import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { ScoreRecord } from '../../core/contracts/observer.js';
import { comparisonTable, readFinishedRun } from '../../core/report/comparison.js';
import { scratchFolder } from '../config/write-config.js';

const folder = scratchFolder();

const record = (more: Partial<ScoreRecord>): ScoreRecord => ({
  ...{ row: 1, set: 'a', shots: 0, items: 4, seconds: 1 },
  ...{ metrics: { exact: 0.25, rougeLUnion: 0.75 } },
  ...more,
});
const run = (name: string, ...scores: ScoreRecord[]) => ({ name, scores, summary: { FP: 0.5 } });

/** The cells of a table, row by row. */
function cells(table: string): string[][] {
  const rows = table.split('\n').filter((line) => line.includes('│'));
  return rows.map((line) =>
    line
      .split('│')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

it('compares runs by the metric that stands for a set', () => {
  const runs = ['x', 'y'].map((name) => run(name, record({ metric: 'rougeLUnion' })));
  expect(cells(comparisonTable(runs, 80))).toEqual([
    ['at the end', 'a', 'FP'],
    ['x', '0.75', '0.50'],
    ['y', '0.75', '0.50'],
  ]);
});

it('never puts scores of different metrics into one column', () => {
  const runs = [run('older', record({})), run('newer', record({ metric: 'rougeLUnion' }))];
  expect(cells(comparisonTable(runs, 80))).toEqual([
    ['at the end', 'a', 'a', 'FP'],
    ['', 'exact', 'rougeLUnion', ''],
    ['older', '0.25', '-', '0.50'],
    ['newer', '-', '0.75', '0.50'],
  ]);
});

it('reads run directories that do not tell which metric stands for a set', () => {
  const write = (file: string, value: object) => writeFileSync(path.join(folder, file), JSON.stringify(value));
  write('scores.json', { rows: ['Init', 'a'], records: [record({ row: 0 }), record({})] });
  write('summary.json', { FP: 0.25 });
  const { scores, summary } = readFinishedRun(folder, 'older');
  expect([scores, summary]).toEqual([[record({})], { FP: 0.25 }]);
});
