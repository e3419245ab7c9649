import { describe, expect, it } from 'vitest';
import { runSchema } from '../../core/config/schema.js';
import type { MetricName } from '../../core/contracts/benchmark.js';
import { assertAllMeasure, assertSomeMeasure, type ScoredBenchmark } from '../../core/sweep/measured-figures.js';

type Parts = { after?: string; training?: object; sets?: ScoredBenchmark['sets'] };

const scored = (metrics: MetricName[], shots = [0, 5]) => ({ test: 4, scored: { shots, metrics } });
const words = { name: 'words', train: 3, ...scored(['exact', 'firstTokenAccuracy']) };
const choices = { name: 'choices', ...scored(['choiceAccuracySum'], [0]) };

function benchmark({ after = 'each-task', training = {}, sets = [words, choices] }: Parts = {}): ScoredBenchmark {
  const uses = { backbone: { use: 'a' }, adapter: { use: 'b' }, benchmark: { use: 'c' } };
  return { sets, config: runSchema.parse({ ...uses, training, evaluation: { after } }) };
}

const where = (place: readonly (string | number)[]) => `grid.yaml, ${place.join('.')}`;
const figure = (part: object) => ({ F: { sets: ['words'], shots: 5, ...part } });

describe('a figure of a grid', () => {
  it.each([
    ['a set that is not there', figure({ sets: ['words', 'choises'] }), /F\.sets\.1: .*got choises.*choices/],
    ['shots that are not scored', figure({ shots: 3 }), /F\.shots: .*words is scored with \(0, 5\), got 3/],
    ['shots of a set without demonstrations', figure({ sets: ['choices'] }), /F\.shots: .*choices.*\(0\), got 5/],
    ['choices of a set without', figure({ metric: 'choiceAccuracySum' }), /F\.metric: .*exact.*got choiceAccuracySum/],
  ])('is refused for %s', (_, figures, message) => {
    expect(() => assertSomeMeasure(figures, [benchmark()], where)).toThrow(message);
  });

  it('is refused where nothing is scored, and where no benchmark has all of its sets', () => {
    const unscored = benchmark({ after: 'never' });
    expect(() => assertSomeMeasure(figure({}), [unscored], where)).toThrow(/evaluation\.after.*got never/);
    const halves = [benchmark({ sets: [words] }), benchmark({ sets: [choices] })];
    const both = { F: { sets: ['words', 'choices'], shots: 0 } };
    expect(() => assertSomeMeasure(both, halves, where)).toThrow(/F\.sets\.1: .*one benchmark.*got choices/);
    expect(() => assertSomeMeasure(both, [...halves, benchmark()], where)).not.toThrow();
  });
});

describe('what a search is for', () => {
  const find = (name: string, ...benchmarks: ScoredBenchmark[]) =>
    assertAllMeasure(name, figure({}), benchmarks, 'search.yaml:3');

  it('must be measured on every benchmark', () => {
    expect(() => find('F', benchmark(), benchmark())).not.toThrow();
    expect(() => find('F', benchmark(), benchmark({ sets: [choices] }))).toThrow(/search\.yaml:3: .*every.*got words/);
  });

  const second = { ...words, name: 'second' };
  it.each([
    ['forgetting', { sets: [words, second] }, { sets: [words, choices] }],
    ['forgetting', { sets: [words, second] }, { sets: [words, second], after: 'last' }],
    ['forgetting', { sets: [words, second] }, { sets: [words, second], training: { tasks: 'joint' } }],
    ['FP', { sets: [words] }, { sets: [choices] }],
    ['HP', { sets: [choices] }, { sets: [words] }],
    ['IP', { sets: [{ ...choices, ...scored(['exact']) }] }, { sets: [choices] }],
  ])('may be %s where a run measures it, and no other', (name, having, lacking) => {
    expect(() => find(name, benchmark(having))).not.toThrow();
    expect(() => find(name, benchmark(lacking))).toThrow(/CONFIG_VALUE.*search\.yaml:3/);
  });

  it('may always be the time or the memory', () => {
    for (const name of ['seconds', 'peakMemoryBytes']) expect(() => find(name, benchmark({ sets: [] }))).not.toThrow();
  });
});
