import { describe, expect, it } from 'vitest';
import type { Task } from '../../core/contracts/benchmark.js';
import { trainedTasks } from '../../core/run/trained-tasks.js';

const example = (prompt: string) => ({ prompt, answer: 'x' });
const task = (name: string, epochs: number, ...prompts: string[]): Task => ({
  ...{ name, epochs, train: prompts.map(example) },
  validation: [example(`${name} validation`)],
});
const prompts = (one: Task) => one.train.map((some) => ('prompt' in some ? some.prompt : ''));

describe('what is trained', () => {
  it('is the sequence of the tasks, or nothing', () => {
    const tasks = [task('a', 2, 'p'), task('b', 2, 'q')];
    expect(trainedTasks(tasks, 'sequence')).toBe(tasks);
    expect(trainedTasks(tasks, 'none')).toEqual([]);
    for (const how of ['sequence', 'joint', 'none'] as const) expect(trainedTasks([], how)).toEqual([]);
  });

  it('is one task of all examples with `joint`, as many epochs as each has', () => {
    const [joint, ...others] = trainedTasks([task('a', 2, 'p', 'q'), task('b', 2, 'r')], 'joint');
    expect(others).toEqual([]);
    expect([joint.name, joint.epochs, prompts(joint)]).toEqual(['joint', 2, ['p', 'q', 'r']]);
    expect(joint.validation?.map(({ prompt }) => prompt)).toEqual(['a validation', 'b validation']);
    expect(joint.test).toBeUndefined();
  });

  it('has each example as often as its task would pass over it where epochs differ', () => {
    const [joint] = trainedTasks([task('a', 1, 'p'), task('b', 2, 'q')], 'joint');
    expect([joint.epochs, prompts(joint)]).toEqual([1, ['p', 'q', 'q']]);
  });
});
