import { expect, it } from 'vitest';
import { scoresFile } from '../../core/run/score-files.js';

it('holds a table per metric and number of shots, with rows and columns named and null for what was not measured', () => {
  const record = (row: number, set: string, shots: number, exact: number) => ({
    row,
    set,
    shots,
    metrics: { exact },
    items: 4,
    seconds: 1,
  });
  const records = [record(0, 'a', 0, 0.25), record(0, 'h', 0, 0.5), record(2, 'a', 0, 0.75), record(2, 'h', 5, 1)];
  expect(scoresFile(records, { trained: ['a', 'b'], tasks: ['a', 'b'], heldOut: ['h'] })).toEqual({
    rows: ['Init', 'a', 'b'],
    tasks: ['a', 'b'],
    heldOut: ['h'],
    tables: [
      {
        shots: 0,
        metric: 'exact',
        rows: ['Init', 'a', 'b'],
        columns: ['a', 'h'],
        values: [
          [0.25, 0.5],
          [null, null],
          [0.75, null],
        ],
      },
      { shots: 5, metric: 'exact', rows: ['Init', 'a', 'b'], columns: ['h'], values: [[null], [null], [1]] },
    ],
    records,
  });
});
