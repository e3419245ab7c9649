import { describe, expect, it } from 'vitest';
import {
  averageScore,
  backwardTransfer,
  forgetting,
  forwardTransfer,
  paperScores,
  scoreMatrix,
  setScore,
  summarizeMatrix,
} from '../../core/evaluation/score-matrix.js';

// Three tasks; row 0 is Init.
const R = [
  [0.1, 0.2, 0.3],
  [0.9, 0.3, 0.2],
  [0.7, 0.8, 0.4],
  [0.5, 0.6, 1.0],
];

describe('the score matrix, worked by hand', () => {
  it('averages the last row: (0.5 + 0.6 + 1.0) / 3', () => {
    expect(averageScore(R)).toBeCloseTo(0.7, 12);
  });

  it('forgets ((0.9 - 0.5) + (0.8 - 0.6)) / 2', () => {
    expect(forgetting(R)).toBeCloseTo(0.3, 12);
  });

  it('transfers backward ((0.5 - 0.9) + (0.6 - 0.8)) / 2', () => {
    expect(backwardTransfer(R)).toBeCloseTo(-0.3, 12);
  });

  it('transfers forward ((0.3 - 0.2) + (0.4 - 0.3)) / 2', () => {
    expect(forwardTransfer(R)).toBeCloseTo(0.1, 12);
  });

  it('counts Init in the maximum of forgetting: a task known before any training is forgotten too', () => {
    const known = [
      [0.9, 0.0],
      [0.6, 0.1],
      [0.4, 0.5],
    ];
    expect(forgetting(known)).toBeCloseTo(0.5, 12);
    expect(backwardTransfer(known)).toBeCloseTo(-0.2, 12);
  });
});

describe('scores that are not there', () => {
  it('has neither forgetting nor transfer with one task', () => {
    expect(summarizeMatrix([[0.2], [0.8]])).toEqual({
      average: 0.8,
      forgetting: null,
      backwardTransfer: null,
      forwardTransfer: null,
    });
  });

  it('has the average alone where only the first and the last row were measured', () => {
    const ends = [
      [0.1, 0.1, 0.1],
      [undefined, undefined, undefined],
      [undefined, undefined, undefined],
      [0.3, 0.6, 0.9],
    ];
    expect(summarizeMatrix(ends)).toEqual({
      average: expect.closeTo(0.6, 12),
      forgetting: null,
      backwardTransfer: null,
      forwardTransfer: null,
    });
  });

  it('leaves out a task that is trained but not scored', () => {
    const middle = R.map(([a, , c]) => [a, undefined, c]);
    expect(averageScore(middle)).toBeCloseTo(0.75, 12);
    expect(forgetting(middle)).toBeCloseTo(0.4, 12);
  });
});

describe('from measurements to scores', () => {
  const measured = (row: number, set: string, shots: number, metrics: Record<string, number>) => ({
    row,
    set,
    shots,
    metrics,
  });

  it('scores by likelihood sum where choices exist, else by exact match, else by the first token', () => {
    const score = (metrics: Record<string, number>) => setScore({ metrics });
    expect(score({ choiceAccuracySum: 0.5, choiceAccuracyPerToken: 0.7, exact: 0.1 })).toBe(0.5);
    expect(score({ exact: 0.1, firstTokenAccuracy: 0.9 })).toBe(0.1);
    expect(score({ firstTokenAccuracy: 0.9 })).toBe(0.9);
    expect(score({})).toBeUndefined();
  });

  it('scores a set by its own metric, which decides the matrix, HP, IP and FP', () => {
    const summary = { metric: 'rougeLUnion', metrics: { exact: 0, rougeLUnion: 0.5 } } as const;
    const choice = { metric: 'macroF1', metrics: { choiceAccuracySum: 1, macroF1: 0.25 } } as const;
    const record = (set: string, shots: number, measured: typeof summary | typeof choice) => ({
      ...{ row: 1, set, shots },
      ...measured,
    });
    const row = [record('a', 0, summary), record('h', 0, choice), record('h', 5, choice)];
    expect(scoreMatrix(row, { trained: ['a'], tasks: ['a'] })).toEqual([[undefined], [0.5]]);
    expect(paperScores(row, { heldOut: ['h'], tasks: ['a'] })).toEqual({ HP: 0.25, IP: 0.25, FP: 0.5 });
  });

  it('puts every measurement into its row and column', () => {
    const names = { trained: ['a', 'b'], tasks: ['a', 'b'] };
    const records = [
      measured(0, 'a', 0, { exact: 0.25 }),
      measured(0, 'a', 5, { exact: 0.5 }),
      measured(2, 'b', 0, { exact: 1 }),
      measured(2, 'held', 0, { exact: 0.75 }),
    ];
    expect(scoreMatrix(records, names)).toEqual([
      [0.25, undefined],
      [undefined, undefined],
      [undefined, 1],
    ]);
    expect(scoreMatrix(records, names, 5)[0]).toEqual([0.5, undefined]);
  });

  it('takes HP zero-shot, IP at the most shots, FP over the tasks', () => {
    const row = [
      measured(2, 'a', 0, { exact: 1 }),
      measured(2, 'b', 0, { exact: 0.5 }),
      measured(2, 'h', 0, { choiceAccuracySum: 0.2, exact: 0 }),
      measured(2, 'k', 0, { exact: 0.4 }),
      measured(2, 'h', 5, { choiceAccuracySum: 0.6 }),
    ];
    const scores = paperScores(row, { heldOut: ['h', 'k'], tasks: ['a', 'b'] });
    expect(scores.HP).toBeCloseTo(0.3, 12);
    expect(scores.IP).toBeCloseTo(0.6, 12);
    expect(scores.FP).toBeCloseTo(0.75, 12);
    expect(paperScores(row.slice(0, 2), { heldOut: [], tasks: ['a', 'b'] })).toEqual({ HP: null, IP: null, FP: 0.75 });
  });
});
