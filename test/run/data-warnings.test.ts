import { describe, expect, it } from 'vitest';
import { evaluationSchema } from '../../core/config/schema.js';
import type { BenchmarkData, Task, TextExample } from '../../core/contracts/benchmark.js';
import { dataWarnings } from '../../core/run/data-warnings.js';

const samples = (...prompts: string[]): TextExample[] => prompts.map((prompt) => ({ prompt, answer: ' x' }));
const at = (where: string, prompt: string): TextExample => ({ prompt, answer: ' x', where });
const task = (train: Task['train'], items: TextExample[], validation?: TextExample[]): Task => ({
  ...{ name: 'a', train, validation, epochs: 1 },
  test: { name: 'a', items, demonstrations: [] },
});
const warnings = (data: Partial<BenchmarkData>, evaluation = {}) =>
  dataWarnings({ tasks: [], heldOut: [], files: [], answerEnd: 'eos', ...data }, evaluationSchema.parse(evaluation));

describe('what a run warns of before it trains', () => {
  it('is nothing where parts are apart', () => {
    const apart = [task(samples('p'), samples('q'), samples('r')), { name: 'b', train: samples('p'), epochs: 1 }];
    expect(warnings({ tasks: apart })).toEqual([]);
  });

  it('is what the benchmark noticed, first', () => {
    const notices = ['one', 'two'];
    expect(warnings({ notices, tasks: [task(samples('p'), samples('p', 'q'))] })).toEqual([
      'one',
      'two',
      'a: 1 of 2 test prompts is in train as well',
    ]);
  });

  it('is how many prompts are in two parts of a task', () => {
    const tokens = { tokens: [1, 2], labels: [-100, 2] };
    const train = [tokens, ...samples('p', 'q', 'r')];
    expect(warnings({ tasks: [task(train, samples('p', 'q', 's'))] })).toEqual([
      'a: 2 of 3 test prompts are in train as well',
    ]);
    expect(warnings({ tasks: [task(train, samples('s', 't'), samples('s', 't', 'r'))] })).toEqual([
      'a: 2 of 3 validation prompts are in test as well',
      'a: 1 of 3 validation prompts is in train as well',
    ]);
    expect(warnings({ tasks: [task(train, samples('s', 't'), samples('s', 't'))] })).toEqual([
      'a: all 2 validation prompts are in test as well',
    ]);
  });

  it('is not that a file is trained on and scored, which is what the config says', () => {
    const train = [at('x:1', 'p'), at('x:2', 'q')];
    expect(warnings({ tasks: [task(train, train)] })).toEqual([]);
    expect(warnings({ tasks: [task(train, [at('x:1', 'p'), at('y:1', 'q')])] })).toEqual([
      'a: 1 of 2 test prompts is in train as well',
    ]);
  });

  it('is which sets have fewer demonstrations than shots are asked for, unless they have none or nothing is scored', () => {
    const set = (name: string, demonstrations: TextExample[]) => ({ name, items: samples('q'), demonstrations });
    const heldOut = [set('g', samples('1', '2', '3')), set('h', samples('1')), set('i', [])];
    expect(warnings({ heldOut }, { shots: [0, 3, 2, 5, 5] })).toEqual([
      'evaluation.shots asks for 3 demonstrations: h has 1',
      'evaluation.shots asks for 2 demonstrations: h has 1',
      'evaluation.shots asks for 5 demonstrations: g has 3, h has 1',
    ]);
    expect(warnings({ heldOut }, { shots: [1] })).toEqual([]);
    expect(warnings({ heldOut }, { shots: [5], after: 'never' })).toEqual([]);
  });
});
