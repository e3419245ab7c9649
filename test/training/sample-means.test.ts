import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { expectNoLeak } from '../../core/testing/index.js';
import { seededRandom } from '../../core/training/random.js';
import { sampleMeans } from '../../core/training/sample-means.js';
import { endOfTask } from './task-moment.js';
import { numbers } from './toy-run.js';

const examples = Array.from({ length: 10 }, (_, i) => ({ tokens: [i, 1], labels: [-100, 1] }));

/** Of the first tokens, and of the examples' indices as they came. */
function meanOf(samples?: number, countOf = (rows: number) => rows): { mean: number; taken: number[] } {
  const taken: number[] = [];
  const means = sampleMeans(
    endOfTask(examples, { batchSize: 4 }),
    { samples, stream: seededRandom(1).stream('samples') },
    (rows) => {
      taken.push(...rows.exampleIndex);
      const firsts = rows.exampleIndex.reduce((sum, index) => sum + examples[index].tokens[0], 0);
      return { sum: { first: tf.scalar(firsts) }, count: countOf(rows.rows) };
    },
  );
  const [mean] = numbers(means.first);
  tf.dispose(means);
  return { mean, taken };
}

it('is the mean over all examples by default, whatever the batches: 45 / 10', () =>
  expectNoLeak(() => {
    const { mean, taken } = meanOf();
    expect(mean).toBeCloseTo(4.5, 6);
    expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }));

it('divides by what the batches count for: 45 over 3 batches', () => {
  expect(meanOf(undefined, () => 1).mean).toBeCloseTo(15, 6);
});

it('draws as many examples as asked for, each once, in file order, the same ones for the same stream', () => {
  const { mean, taken } = meanOf(5);
  expect(taken).toHaveLength(5);
  expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b));
  expect(taken).not.toEqual([0, 1, 2, 3, 4]);
  expect(mean).toBeCloseTo(taken.reduce((sum, index) => sum + index, 0) / 5, 6);
  expect(meanOf(5)).toEqual({ mean, taken });
  expect(meanOf(50).taken).toHaveLength(10);
});
