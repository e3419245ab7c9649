import { describe, expect, it } from 'vitest';
import { objectiveOf } from '../../core/sweep/cell-result.js';
import { SearchFile } from '../../core/sweep/search-file.js';
import { searchTable, trialLine } from '../../core/sweep/search-report.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();

const grid = `
base: { A: { adapter: { use: inc-lora }, regularizers: [{ use: ewc }] } }
benchmark: { B: { benchmark: { use: jsonl, tasks: [{ name: a, train: a.jsonl }] } } }
shared: { backbone: { use: llama, model: ./toy } }
seeds: [1, 2]
`;
const search = (settings: string, more = '') =>
  new SearchFile(writeText(folder, 'search.yaml', `${grid}${more}search:\n  ${settings.replaceAll('; ', '\n  ')}\n`));

const lambdas = 'regularizers.0.lambda: [1, 0.5]';

describe('a search file', () => {
  it('makes a grid of the values of a trial, named as options of a grid are', () => {
    const trial = search(`sampler: grid; maximize: HP; space: { ${lambdas} }`).trial({ 'regularizers.0.lambda': 0.5 });
    expect(trial.cells.map(({ id }) => id)).toEqual(['B/A,lambda=0.5/seed-1', 'B/A,lambda=0.5/seed-2']);
    expect(trial.load(trial.cells[0]).config.regularizers).toEqual([{ use: 'ewc', lambda: 0.5 }]);
  });

  it.each([
    [{ 'a.b': 1, 'benchmark.root': '/home' }, /CONFIG_VALUE.*an option of the space: a\.b, c\.d, got benchmark\.root/],
    [{ 'a.b': 3, 'c.d': 2 }, /CONFIG_VALUE.*a value of the space, got a\.b: 3/],
    [{ 'a.b': 1, 'c.d': 4.5 }, /a value of the space, got c\.d: 4\.5/],
    [{ 'a.b': 1, 'c.d': 2.5 }, /a value of the space, got c\.d: 2\.5/],
    [{ 'a.b': 1 }, /a value of the space, got c\.d: undefined/],
  ])('takes no trial of what is not searched: %j', (values, message) => {
    const space = '{ a.b: [1, 2], c.d: { low: 1, high: 4, int: true } }';
    const file = search(`sampler: random; trials: 2; maximize: HP; space: ${space}`);
    expect(() => file.trial(values)).toThrow(message);
    expect(() => file.trial({ 'a.b': 2, 'c.d': 4 })).not.toThrow();
  });

  it('has as many trials as points where every one is tried once', () => {
    const space = `space: { ${lambdas}, training.learningRate: [1, 2, 3] }`;
    expect(search(`sampler: grid; maximize: HP; ${space}`).trials).toBe(6);
    expect(search(`sampler: grid; trials: 4; maximize: HP; ${space}`).trials).toBe(4);
    expect(search(`sampler: random; trials: 9; maximize: HP; ${space}`).trials).toBe(9);
  });

  it('knows every listed value and both ends of every range before the first trial', () => {
    const space = `{ ${lambdas}, training.learningRate: { low: 0.1, high: 0.2 }, training.batchSize: [1, 2, 4] }`;
    const probes = search(`sampler: tpe; trials: 2; minimize: HP; space: ${space}`).probes();
    expect(probes.map(({ cells }) => cells[0].options.map(({ value }) => value))).toEqual([
      [1, 0.1, 1],
      [0.5, 0.2, 2],
      [1, 0.1, 4],
    ]);
  });

  it('names the line of a value that a plugin or the config does not take', () => {
    const trial = search('sampler: grid; maximize: HP; space: { training.learningRate: [-1] }').probes()[0];
    expect(() => trial.load(trial.cells[0])).toThrow(/search\.yaml:9, search\.space\.training\.learningRate.*got -1/);
  });

  const head = 'sampler: random; trials: 2; maximize: HP';
  it.each([
    [`${head}; space: { a.b: [] }`, /search\.yaml:10, search\.space\.a\.b/],
    [`${head}; space: { a.b: 3 }`, /search\.yaml:10, search\.space\.a\.b.*got 3/],
    [`${head}; space: {}`, /search\.yaml:10, search\.space.*expected at least one option/],
    [`${head}; space: { a.b: { low: 2, high: 1 } }`, /search\.yaml:10, search\.space\.a\.b\.high.*more than `low`/],
    [`${head}; space: { a.b: { low: 0, high: 1, log: true } }`, /search\.yaml:10, .*\.low.*more than 0, for `log`/],
    [`${head}; space: { a.b: { low: 1, high: 1.5, int: true } }`, /search\.yaml:10, .*\.high.*a whole number/],
    [`${head}; space: { a.b: { low: 1, hi: 2 } }`, /search\.yaml:10, search\.space\.a\.b/],
    [`${head}; space: { a.b: ['a b', a_b] }`, /search\.yaml:10, search\.space\.a\.b\.1.*two called a_b/],
    [`${head}; minimize: HP; space: { ${lambdas} }`, /search\.yaml:6, search.*either `maximize` or `minimize`/],
    [`sampler: tpe; maximize: HP; space: { ${lambdas} }`, /search\.yaml:6, search\.trials.*a number, for `tpe`/],
    [`sampler: grd; maximize: HP; space: { ${lambdas} }`, /search\.yaml:7, search\.sampler.*"grd".*grid/],
    [
      `sampler: grid; maximize: HP; space: { a.b: { low: 1, high: 2 } }`,
      /search\.yaml:9, .*a list of values, for `grid`/,
    ],
    [`sampler: grid; maximize: PH; space: { ${lambdas} }`, /search\.yaml:8, search\.maximize.*HP, IP.*got PH/],
  ])('refuses %s, with the place', (settings, message) => {
    expect(() => search(settings)).toThrow(message);
  });

  it('has no options beside those that it searches', () => {
    const settings = `sampler: grid; maximize: HP; space: { ${lambdas} }`;
    expect(() => search(settings, 'options: { training.batchSize: [1] }\n')).toThrow(/search\.yaml:6, options/);
  });
});

describe('what a search found', () => {
  const file = search(`sampler: grid; minimize: HP; space: { ${lambdas} }`);
  const { cells } = file.trial({ 'regularizers.0.lambda': 1 });
  const resultOf = (i: number, HP: number | null) => ({
    cell: cells[i],
    figures: { HP },
    init: {},
    model: {},
    environment: {},
  });

  it('is the mean of the figure over all cells: 0.2 and 0.4 give 0.3', () => {
    expect(objectiveOf([resultOf(0, 0.2), resultOf(1, 0.4)], { cells }, 'HP')).toBeCloseTo(0.3, 12);
  });

  it('is nothing where a cell is missing or does not have the figure', () => {
    expect(objectiveOf([resultOf(0, 0.2)], { cells }, 'HP')).toBeNull();
    expect(objectiveOf([resultOf(0, 0.2), resultOf(1, null)], { cells }, 'HP')).toBeNull();
  });

  it('is told trial by trial with the best so far, and in the end the best first', () => {
    const trial = (number: number, lambda: number, objective: number | null) => {
      return { number, values: { 'regularizers.0.lambda': lambda }, objective, cells };
    };
    const trials = [trial(1, 1, 0.75), trial(2, 1 / 3, 0.5), trial(3, 2, null)];
    expect(trialLine(file, trials.slice(0, 2))).toBe(
      'trial 2 of 2  lambda=0.3333  HP 0.5  (best 0.5: trial 2, lambda=0.3333)',
    );
    expect(trialLine(file, trials.slice(2))).toBe('trial 3 of 2  lambda=2  failed');
    expect(searchTable(file, trials)).toBe(
      [
        '| trial | lambda | HP |',
        '| --- | --- | --- |',
        '| 2 | 0.3333 | 0.5 |',
        '| 1 | 1 | 0.75 |',
        '| 3 | 2 | failed |',
        '',
      ].join('\n'),
    );
  });
});
