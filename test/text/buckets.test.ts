import { expect, it } from 'vitest';
import { batchesOfEpoch } from '../../core/text/buckets.js';
import { seededRandom } from '../../core/training/random.js';

const lengths = Array.from({ length: 403 }, (_, i) => 1 + ((i * 37) % 100));
const draw = (seed: number) =>
  batchesOfEpoch(lengths, { batchSize: 8, shuffle: true }, seededRandom(seed).stream('epoch'));

it("keeps the file's order where nothing is shuffled", () => {
  const batches = batchesOfEpoch([9, 1, 5], { batchSize: 2, shuffle: false }, seededRandom(1).stream('epoch'));
  expect(batches).toEqual([[0, 1], [2]]);
});

it('puts every example into exactly one batch', () => {
  const batches = draw(1);
  expect(batches).toHaveLength(51);
  expect(batches.flat().toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
});

it('puts examples of similar length together: a tenth of the padding of file order', () => {
  const padding = (batches: number[][]) =>
    batches.reduce((sum, batch) => {
      const longest = Math.max(...batch.map((i) => lengths[i]));
      return sum + batch.reduce((rest, i) => rest + longest - lengths[i], 0);
    }, 0);
  const plain = batchesOfEpoch(lengths, { batchSize: 8, shuffle: false }, seededRandom(1).stream('epoch'));
  expect(padding(draw(1))).toBeLessThan(padding(plain) / 10);
});

it('depends on the seed alone', () => {
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});
