import { describe, expect, it } from 'vitest';
import { evaluationSchema, trainingSchema } from '../../core/config/schema.js';
import type { BenchmarkData, EvaluationSet } from '../../core/contracts/benchmark.js';
import { checkData, checkLengths, scoredSets, shotsFor } from '../../core/run/check-data.js';
import { toyTokenizer } from '../../core/testing/toy-tokenizer.js';

const item = { prompt: 'abc', answer: 'd' };
const set = (name: string, more: Partial<EvaluationSet> = {}): EvaluationSet => ({
  name,
  items: [item],
  demonstrations: [],
  ...more,
});
const data = (names: string[], heldOut: EvaluationSet[] = []): BenchmarkData => ({
  tasks: names.map((name) => ({ name, train: [item], test: set('test'), epochs: 1 })),
  heldOut,
  files: [],
  answerEnd: 'eos',
});

const unlike = ['ef', 'gh'].map((letters) => ({ prompt: 'abc', answer: letters[0], choices: [...letters] }));
const untrained: BenchmarkData = { ...data([]), tasks: [{ name: 'a', train: [], epochs: 1 }] };
const zeroShot = evaluationSchema.parse({});

describe("a benchmark's data", () => {
  it('is scored by its tasks in order, each under its own name, then its held-out sets', () => {
    expect(scoredSets(data(['b', 'a'], [set('h')])).map(({ name }) => name)).toEqual(['b', 'a', 'h']);
  });

  it.each([
    ['a name that leaves the folder', data(['../x']), /CONFIG_VALUE.*"custom", tasks\.0\.name/],
    ['the name of the adapter of all tasks', data(['All']), /"all" is taken/],
    ['one name for two', data(['a'], [set('A')]), /heldOut\.0\.name.*there twice/],
    ['neither tasks nor held-out sets', data([]), /\[DATA_EMPTY\] benchmark "custom": .*a task or a held-out set/],
    ['a task without examples', untrained, /\[DATA_EMPTY\] task "a": .*at least one example, got none/],
    ['a set without items', data(['a'], [set('h', { items: [] })]), /\[DATA_EMPTY\] set "h"/],
    [
      'a metric that is none',
      data(['a'], [set('h', { metric: 'rouge' as 'exact' })]),
      /set "h", metric "rouge".*exact/,
    ],
    ['a metric of choices without them', data(['a'], [set('h', { metric: 'choiceAccuracySum' })]), /choices of every/],
    [
      'a metric of classes without classes',
      data(['a'], [set('h', { metric: 'macroF1', items: unlike })]),
      /one list of/,
    ],
  ])('is refused for %s', (_, wrong, message) => {
    expect(() => checkData(wrong, 'custom', zeroShot)).toThrow(message);
  });

  it('may be held-out sets only', () => {
    expect(() => checkData(data([], [set('h')]), 'custom', zeroShot)).not.toThrow();
  });

  it('is refused where a set could not be scored with any number of shots', () => {
    const fewShot = evaluationSchema.parse({ shots: [2, 5] });
    const shown = { demonstrations: [item] };
    const check =
      (sets: EvaluationSet[], evaluation = fewShot) =>
      () =>
        checkData(data([], sets), 'custom', evaluation);
    expect(check([set('h', shown), set('i')])).toThrow(
      /\[DATA_EMPTY\] set "i": .*demonstrations for 2, 5 shots, got none\. .*add 0 to `evaluation\.shots`/,
    );
    expect(check([set('h', shown)])).not.toThrow();
    expect(check([set('i')], evaluationSchema.parse({ shots: [0, 2] }))).not.toThrow();
    expect(check([set('i')], { ...fewShot, after: 'never' })).not.toThrow();
  });

  it('is scored with demonstrations only where it has some', () => {
    const settings = evaluationSchema.parse({ shots: [0, 5, 5] });
    expect(shotsFor(set('a'), settings)).toEqual([0]);
    expect(shotsFor(set('a', { demonstrations: [item] }), settings)).toEqual([0, 5]);
  });

  it('is refused before training where a prompt with its demonstrations is too long and may not be cut', () => {
    const few = data(['a'], [set('h', { demonstrations: [{ prompt: 'efg', answer: 'h' }] })]);
    const check = (change: object, shots: number, maxInputTokens: number | null = null) =>
      checkLengths(few, toyTokenizer, {
        training: trainingSchema.parse({ maxInputTokens: 8, overflow: 'refuse', ...change }),
        evaluation: evaluationSchema.parse({ shots: [shots], maxInputTokens }),
        maxPositions: 99,
      });
    check({}, 0);
    check({ overflow: 'truncate' }, 1);
    check({ maxInputTokens: 9 }, 1);
    check({}, 1, 9);
    expect(() => check({ maxInputTokens: 9 }, 1, 8)).toThrow(/DATA_TOO_LONG/);
    expect(() => check({}, 1)).toThrow(/\[DATA_TOO_LONG\] set "h", item 1, prompt: .*at most 8 tokens, got 9/);
  });
});
