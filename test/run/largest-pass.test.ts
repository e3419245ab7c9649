import { expect, test } from 'vitest';
import type { Intervention } from '../../core/contracts/intervention.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';
import { largestPass } from '../../core/run/largest-pass.js';
import type { PreparedTask } from '../../core/training/task-data.js';

/** A task of examples given as [prompt, answer] tokens. */
function task(...sizes: [number, number][]): PreparedTask {
  const examples = sizes.map(([prompt, answer]) => ({
    tokens: Array(prompt + answer).fill(1),
    labels: [...Array(prompt).fill(-100), ...Array(answer).fill(1)],
    promptTokens: prompt,
    truncatedPrompt: false,
    truncatedAnswer: false,
  }));
  const own = { name: 'a', train: examples, epochs: 1 };
  return { task: own, examples, steps: 1, truncated: { prompts: 0, answers: 0 } };
}

const regularizer = (given: Partial<Regularizer> = {}) => ({
  name: 'charge',
  regularizer: { startsAt: 0, passes: () => ({}), ...given } as Regularizer,
});
const intervention = { name: 'guide', intervention: { startsAt: 0 } as Intervention };
const plain = { regularizers: [], interventions: [] };

test('is a full batch of the longest row, its logits at the tokens before the answer', () => {
  const tasks = [task([10, 2], [4, 3], [5, 1]), task([6, 4])];
  expect(largestPass(tasks, plain, 2)).toEqual({ rows: 2, length: 12, logits: 2 * 5 });
});

test('has no more rows than the largest task', () => {
  expect(largestPass([task([10, 2]), task([6, 2])], plain, 8).rows).toBe(1);
});

test('grows by a branch of the last prompt token and the answer for every method that asks for passes', () => {
  const length = (regularizers: ReturnType<typeof regularizer>[], interventions = [] as (typeof intervention)[]) =>
    largestPass([task([10, 2])], { regularizers, interventions }, 1).length;
  expect(length([])).toBe(12);
  expect(length([], [intervention])).toBe(12);
  expect(length([regularizer()])).toBe(15);
  expect(length([regularizer()], [intervention])).toBe(18);
  expect(length([regularizer({ passes: undefined })])).toBe(12);
  expect(length([regularizer({ startsAt: 1 })])).toBe(12);
});

test('grows by the rows that a method brings of its own', () => {
  const regularizers = [regularizer({ ownRows: 0.5 })];
  const pass = largestPass([task([10, 2], [10, 2])], { regularizers, interventions: [] }, 2);
  expect(pass).toMatchObject({ rows: 3, length: 12 });
});
