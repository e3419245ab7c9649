import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../core/index.js';
import {
  bootstrapInterval,
  effectsOf,
  meanEffects,
  type TaskEffects,
  topHeads,
} from '../../core/vectors/head-effects.js';

const of = (task: string, ...perTrial: number[][]): TaskEffects => ({
  task,
  perTrial: perTrial.map((trial) => Float64Array.from(trial)),
});

describe("heads' effects", () => {
  it('are changes of the probability, or of its logarithm', () => {
    const traced = { plain: Math.log(0.5), replaced: Float64Array.of(Math.log(0.75), Math.log(0.25)) };
    expect([...effectsOf(traced, 'probability')]).toEqual([expect.closeTo(0.25), expect.closeTo(-0.25)]);
    const logarithms = [...effectsOf(traced, 'log-probability')];
    expect(logarithms).toEqual([expect.closeTo(Math.log(1.5)), expect.closeTo(-Math.LN2)]);
  });

  it('are averaged over trials, then over tasks, however many trials these have', () => {
    const tasks = [of('a', [1, 0], [3, 0]), of('b', [6, 2])];
    expect([...meanEffects(tasks)]).toEqual([4, 1]);
  });

  it('are ranked, the largest first, of equals the first', () => {
    const effects = Float64Array.of(0.1, 0.3, -1, 0.3);
    expect(topHeads(effects, { layers: 2, heads: 2 }, 3)).toEqual([
      [0, 1, 0.3],
      [1, 1, 0.3],
      [0, 0, 0.1],
    ]);
  });
});

describe('a bootstrap interval', () => {
  const settings = (seed = 1) => ({ resamples: 400, level: 0.95, stream: seededRandom(seed).stream('bootstrap') });

  it('has no width where trials agree, and holds the mean where they differ', () => {
    const tasks = [of('a', [1, 0], [1, 1], [1, 2], [1, 3])];
    const { low, high } = bootstrapInterval(tasks, settings());
    expect([low[0], high[0]]).toEqual([1, 1]);
    expect(low[1]).toBeLessThan(1.5);
    expect(high[1]).toBeGreaterThan(1.5);
    expect(low[1]).toBeGreaterThan(0);
    expect(high[1]).toBeLessThan(3);
  });

  it('has the width that the standard error gives: 1.96 sd / sqrt n on either side', () => {
    const values = Array.from({ length: 50 }, (_, i) => [i]);
    const { low, high } = bootstrapInterval([of('a', ...values)], settings());
    const sd = Math.sqrt((50 ** 2 - 1) / 12);
    const half = (1.96 * sd) / Math.sqrt(50);
    expect((high[0] - low[0]) / 2 / half).toBeGreaterThan(0.9);
    expect((high[0] - low[0]) / 2 / half).toBeLessThan(1.1);
  });

  it('depends on the seed', () => {
    const tasks = [of('a', [0.3], [1.7], [5.1], [2.2], [9.4])];
    expect(bootstrapInterval(tasks, settings())).toEqual(bootstrapInterval(tasks, settings()));
    expect(bootstrapInterval(tasks, settings(2))).not.toEqual(bootstrapInterval(tasks, settings()));
  });
});
