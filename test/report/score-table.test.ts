import { expect, it } from 'vitest';
import type { Measurement } from '../../core/evaluation/score-matrix.js';
import { scoreTable } from '../../core/report/score-table.js';

const records: Measurement[] = [
  { row: 0, set: 'h', shots: 5, metrics: { exact: 0.5 } },
  { row: 0, set: 'a', shots: 0, metrics: { exact: 0.25 } },
  { row: 0, set: 'h', shots: 0, metrics: { exact: 0.125 } },
  { row: 1, set: 'a', shots: 0, metrics: { exact: 0.1, choiceAccuracySum: 1 } },
];

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

const exact = records.slice(0, 3);

it('has Init first, tasks before held-out sets, each by its shots, and a dash where nothing was measured', () => {
  expect(cells(scoreTable(records, { trained: ['a'], tasks: ['a'] }, 120))).toEqual([
    ['', 'a', 'h', 'h'],
    ['', 'exact, choiceAccuracySum', 'exact', '5-shot'],
    ['', '', '', 'exact'],
    ['Init', '0.25', '0.13', '0.50'],
    ['after a', '1.00', '-', '-'],
  ]);
});

it('names the one metric of all sets in its corner', () => {
  expect(cells(scoreTable(exact, { trained: ['a'], tasks: ['a'] }, 120)).slice(0, 2)).toEqual([
    ['exact', 'a', 'h', 'h'],
    ['', '', '', '5-shot'],
  ]);
});

it('goes on in a further table where the width does not suffice', () => {
  const table = scoreTable(exact, { trained: ['a'], tasks: ['a'] }, 30);
  expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(30);
  expect(cells(table).filter(([title]) => title === 'Init')).toEqual([
    ['Init', '0.25', '0.13'],
    ['Init', '0.50'],
  ]);
});
