import { describe, expect, it } from 'vitest';
import { aggregate, spread } from '../../core/sweep/aggregate.js';
import type { Cell } from '../../core/sweep/cell.js';
import type { CellResult } from '../../core/sweep/cell-result.js';
import { gridSchema } from '../../core/sweep/grid-schema.js';
import { csvTable, latexTables, markdownTables } from '../../core/sweep/tables.js';

const config = gridSchema.parse({ base: { A: {} }, add: { none: {}, IVG: {} }, benchmark: { B: {} }, seeds: [1, 2] });

const cellOf = (add: string, seed: number): Cell => {
  const label = add === 'none' ? 'A' : `A+${add}`;
  return { id: `B/${label}/seed-${seed}`, benchmark: 'B', base: 'A', add, options: [], seed };
};
const cells = [cellOf('none', 1), cellOf('none', 2), cellOf('IVG', 1), cellOf('IVG', 2)];

const resultOf = (cell: Cell, figures: Partial<Record<string, number | null>>, init = {}): CellResult => ({
  ...{ cell, init, model: { 'toy.gguf': 'a' }, environment: {} },
  figures: { HP: null, IP: null, FP: null, forgetting: null, seconds: 10, peakMemoryBytes: 2e9, ...figures },
});

const results = [
  resultOf(cells[0], { FP: 0.5, IP: 0.2 }, { IP: 0.6 }),
  resultOf(cells[1], { FP: 0.7, IP: 0.4 }),
  resultOf(cells[2], { FP: 0.5, IP: 0.9, seconds: 20 }),
];

describe('results of a grid', () => {
  it('are means and sample deviations over seeds: 0.2 and 0.4 give 0.3 and sqrt(0.02)', () => {
    expect(spread([0.2, 0.4])?.mean).toBeCloseTo(0.3, 12);
    expect(spread([0.2, 0.4])?.deviation).toBeCloseTo(Math.sqrt(0.02), 12);
    expect(spread([0.2, null])).toEqual({ mean: 0.2, deviation: null });
    expect(spread([null, undefined])).toBeNull();
  });

  it('are told as differences to the same method without the addition, over the seeds that both have', () => {
    const [{ rows, columns }] = aggregate({ config, cells }, results);
    expect(columns).toEqual(['IP', 'FP', 'seconds', 'peakMemoryBytes']);
    expect(rows.map(({ label, seeds, wanted }) => [label, seeds, wanted])).toEqual([
      ['A', [1, 2], 2],
      ['A+IVG', [1], 2],
    ]);
    expect(rows[0].figures.IP?.difference).toBeNull();
    expect(rows[1].figures.IP?.difference).toBeCloseTo(0.9 - 0.2, 12);
    expect(rows[1].figures.HP).toBeNull();
  });

  it('lie on a frontier where no other is as good in plasticity and retention and better in one', () => {
    const frontiers = (some: readonly CellResult[]) =>
      aggregate({ config, cells }, some)[0].rows.map(({ frontier }) => frontier);
    expect(frontiers(results)).toEqual([['IP'], ['IP']]);
    expect(frontiers([...results, resultOf(cells[3], { FP: 0.9, IP: 0.9 })])).toEqual([[], ['IP']]);
    const both = [resultOf(cells[0], { FP: 0.5, IP: 0.2, HP: 0.3 }), resultOf(cells[2], { FP: 0.5, IP: 0.1, HP: 0.4 })];
    expect(frontiers(both)).toEqual([['IP'], ['HP']]);
  });

  it('lie on the frontier of the figures that the grid names', () => {
    const own = { ...config, frontier: { plasticity: 'HP', retention: ['FP'] } };
    const some = [resultOf(cells[0], { FP: 0.5, HP: 0.2 }), resultOf(cells[2], { FP: 0.4, HP: 0.1 })];
    const [{ rows }] = aggregate({ config: own, cells }, some);
    expect(rows.map(({ frontier }) => frontier)).toEqual([['FP'], []]);
  });

  it('tell of the model as it came seed by seed, and not at all of several models', () => {
    const initOf = (some: readonly CellResult[]) => aggregate({ config, cells }, some)[0].init;
    const some = [
      resultOf(cells[0], { IP: 1 }, { IP: 0.2 }),
      resultOf(cells[1], { IP: 1 }, { IP: 0.5 }),
      resultOf(cells[2], { IP: 1 }, { IP: 0.2 }),
    ];
    expect(initOf(some).IP).toBeCloseTo((0.2 + 0.5) / 2, 12);
    expect(initOf([some[0], { ...some[1], model: { 'other.gguf': 'b' } }])).toEqual({});
  });

  it('have a column for every figure of the grid, measured or not', () => {
    const own = { ...config, figures: { words: { sets: ['a'], shots: 3 } } };
    expect(aggregate({ config: own, cells }, results)[0].columns).toContain('words');
  });

  it('have a table only where a cell is over', () => {
    expect(aggregate({ config, cells }, [])).toEqual([]);
    expect(aggregate({ config, cells }, [results[0]])[0].rows.map(({ label }) => label)).toEqual(['A']);
  });

  it('are written as Markdown', () => {
    expect(markdownTables(aggregate({ config, cells }, results))).toBe(
      [
        '| B | seeds | IP | FP | seconds | peak GB | frontier |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        '| Init | - | 0.600 | - | - | - | - |',
        '| A | 2 | 0.300 ± 0.141 | 0.600 ± 0.141 | 10 ± 0 | 2.00 ± 0.00 | IP |',
        '| A+IVG | 1 of 2 | 0.900 (+0.700) | 0.500 (+0.000) | 20 | 2.00 | IP |',
        '',
      ].join('\n'),
    );
  });

  it('are written as CSV with all digits, and as LaTeX', () => {
    const tables = aggregate({ config, cells }, results);
    const [head, init, first] = csvTable(tables).split('\r\n');
    expect(head).toBe(
      'benchmark,base,add,options,seeds,seeds wanted,IP,IP sd,IP difference,FP,FP sd,FP difference,seconds,seconds sd,peakMemoryBytes,peakMemoryBytes sd,frontier',
    );
    expect(init).toBe('B,Init,,,,,0.6,,,,,,,,,,');
    expect(first).toMatch(/^B,A,none,,2,2,0\.30000000000000004,0\.1414\d+,,0\.6,/);
    expect(latexTables(tables)).toContain('A+IVG & 1 of 2 & 0.900 (+0.700) & 0.500 (+0.000) & 20 & 2.00 & IP \\\\');
    expect(latexTables(tables)).toContain('0.300 $\\pm$ 0.141');
    const worse = aggregate({ config, cells }, [resultOf(cells[0], { IP: -1 }), resultOf(cells[2], { IP: -2.5 })]);
    expect(latexTables(worse)).toContain('& $-$2.500 ($-$1.500) &');
  });
});
