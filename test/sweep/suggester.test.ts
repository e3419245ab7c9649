import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type SearchSettings, searchSchema } from '../../core/sweep/search-schema.js';
import { startSuggester } from '../../core/sweep/suggester.js';
import { describeWithOptuna, python, writeBarePython } from '../cli/optuna.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();

const settings = (search: Record<string, unknown>): SearchSettings =>
  searchSchema.parse({ base: { A: {} }, benchmark: { B: {} }, search: { maximize: 'HP', ...search } }).search;

/** The values that are asked for, each told what `objective` makes of it. */
async function asked(
  search: SearchSettings,
  objective: (values: Readonly<Record<string, unknown>>) => number | null,
  count: number,
) {
  const suggester = await startSuggester(python, search);
  try {
    const all: Readonly<Record<string, unknown>>[] = [];
    for (let i = 0; i < count; i++) {
      const { number, values } = await suggester.ask();
      expect(number).toBe(i);
      all.push(values);
      await suggester.tell(number, objective(values));
    }
    return all;
  } finally {
    suggester.close();
  }
}

describeWithOptuna('the samplers of Optuna', () => {
  const lists = { a: [1, 0.5, 'x'], b: [true, null] };

  it('visit every point of a grid once, in an order of the seed, also where trials fail', async () => {
    const grid = (seed: number) => asked(settings({ sampler: 'grid', seed, space: lists }), () => null, 6);
    const points = lists.a.flatMap((a) => lists.b.map((b) => JSON.stringify({ a, b })));
    const visited = (await grid(1)).map((values) => JSON.stringify(values));
    expect([...visited].sort()).toEqual(points.sort());
    expect((await grid(2)).map((values) => JSON.stringify(values))).not.toEqual(visited);
  });

  const space = {
    'x.0': { low: -2, high: 2 },
    rate: { low: 1e-6, high: 1e-2, log: true },
    rank: { low: 1, high: 9, int: true },
    kind: ['p', 'q'],
  };
  const bowl = (values: Readonly<Record<string, unknown>>) => -((values['x.0'] as number) ** 2);

  it.each(['random', 'tpe'])('%s asks for the same with the same seed, and keeps to the ranges', async (sampler) => {
    const run = (seed: number) => asked(settings({ sampler, seed, trials: 15, space }), bowl, 15);
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
    for (const { 'x.0': x, rate, rank, kind } of first as Record<string, number>[]) {
      expect(Math.abs(x)).toBeLessThanOrEqual(2);
      expect(rate >= 1e-6 && rate <= 1e-2).toBe(true);
      expect(Number.isInteger(rank) && rank >= 1 && rank <= 9).toBe(true);
      expect(space.kind).toContain(kind);
    }
  });

  it('turn with tpe to where trials came out better, once ten have', async () => {
    const search = settings({ sampler: 'tpe', seed: 1, trials: 30, space: { 'x.0': { low: -2, high: 2 } } });
    const xs = async (sign: number) => {
      const all = await asked(search, (values) => sign * (values['x.0'] as number), 30);
      return all.map((values) => values['x.0'] as number);
    };
    const [up, down] = [await xs(1), await xs(-1)];
    expect(up.slice(0, 10)).toEqual(down.slice(0, 10));
    const mean = (some: number[]) => some.reduce((sum, x) => sum + x, 0) / some.length;
    expect(mean(up.slice(10))).toBeGreaterThan(1);
    expect(mean(down.slice(10))).toBeLessThan(-1);
  });
});

describe('a Python without Optuna', () => {
  it('is told of, with what to install', async () => {
    const bare = writeBarePython(folder);
    const search = settings({ sampler: 'grid', space: { a: [1] } });
    await expect(startSuggester(bare, search)).rejects.toThrow(
      /SEARCH_LIBRARY.*No module named 'optuna'.*pip install optuna==\d+\.\d+\.\d+/,
    );
    await expect(startSuggester('no-such-python', search)).rejects.toThrow(/SEARCH_LIBRARY.*no-such-python.*ENOENT/);
    await expect(startSuggester('echo', search)).rejects.toThrow(/SEARCH_LIBRARY.*Name a Python/);
    const banner = writeText(folder, 'banner', '#!/bin/sh\necho Welcome\nexec cat\n');
    chmodSync(banner, 0o755);
    await expect(startSuggester(banner, search)).rejects.toThrow(/SEARCH_LIBRARY.*got Welcome/);
    await expect(startSuggester('false', search)).rejects.toThrow(/SEARCH_LIBRARY.*a process that ended/);
  });
});
