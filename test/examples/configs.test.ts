import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import { composePlugins } from '../../core/container/compose.js';
import { PluginRegistry } from '../../core/container/plugin-registry.js';
import type { Cell } from '../../core/sweep/cell.js';
import { Grid } from '../../core/sweep/grid.js';
import { SearchFile } from '../../core/sweep/search-file.js';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const registry = new PluginRegistry();
const configs = (folder: string) =>
  readdirSync(join(examples, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml') && !name.startsWith('parts/') && name !== 'base.yaml')
    .map((name) => join(folder, name))
    .sort();
const compose = (name: string) => composePlugins(loadConfig(join(examples, name)), registry);

const methods = { IncLora: 'inc-lora', Ewc: 'ewc', Lwf: 'lwf', OLora: 'o-lora' };
const grids = ['table1.yaml', 'table1-small.yaml'].map((name) => new Grid(join(examples, 'paper', name)));
const cells = grids.flatMap((grid) =>
  grid.cells
    .filter(({ seed }) => seed === 1)
    .map((cell) => ({ name: `${grid.file.slice(-17)} ${cell.id}`, grid, cell })),
);
const composeCell = ({ grid, cell }: (typeof cells)[number]) => composePlugins(grid.load(cell), registry);
const cellCalled = (id: string, within = grids[0]) =>
  cells.find(({ cell, grid }) => cell.id === id && grid === within) as (typeof cells)[number];

describe("the paper's grids", () => {
  it('are the eight rows of Table 1 for each of three benchmarks, at full size and small', () => {
    const rows = Object.keys(methods).flatMap((method) => [method, `${method}+IVG`]);
    const all = ['TRACE', 'LONG', 'FUNC'].flatMap((benchmark) => rows.map((row) => `${benchmark}/${row}/seed-1`));
    for (const grid of grids) {
      expect(
        grid.cells
          .filter(({ seed }) => seed === 1)
          .map(({ id }) => id)
          .sort(),
      ).toEqual(all.sort());
    }
  });

  it.each(cells)('$name composes what its name says', async (one) => {
    const { benchmark, adapters, regularizers, interventions, resolved } = await composeCell(one);
    const { base, add, benchmark: column } = one.cell;
    const method = methods[base as keyof typeof methods];
    const guided = add === 'IVG';
    const used = regularizers.map(({ manifest }) => manifest.name);
    expect(benchmark.manifest.name).toBe(column.toLowerCase());
    expect(used).toEqual([...(method === 'inc-lora' ? [] : [method]), ...(guided ? ['iv-kl'] : [])]);
    expect(interventions.map(({ manifest }) => manifest.name)).toEqual(guided ? ['ivg'] : []);
    const small = one.grid === grids[1];
    const rank = method !== 'ewc' ? 8 : column === 'LONG' && !small ? 60 : 48;
    expect(adapters[0].options).toMatchObject({
      growth: method === 'ewc' ? 'single' : 'per-task',
      rank,
      alpha: 2 * rank,
    });
    const fast = column === 'LONG' || (small && column === 'FUNC');
    expect(resolved.training.learningRate).toBe(fast ? 1e-3 : 1e-4);
  });

  it("have the paper's rows, epochs and lengths", async () => {
    const { resolved } = await composeCell(cellCalled('FUNC/Lwf+IVG/seed-1'));
    const { batchSize, accumulate, maxInputTokens, maxOutputTokens, weightDecay } = resolved.training;
    expect([batchSize * accumulate, maxInputTokens, maxOutputTokens, weightDecay]).toEqual([64, 512, 50, 0.01]);
    expect(resolved.benchmark).toMatchObject({ epochs: 10, validation: 200 });
    const long = await composeCell(cellCalled('LONG/Ewc/seed-1'));
    expect(long.resolved.benchmark).toMatchObject({ epochs: 1, order: 'long' });
  });
});

describe('the grid of strengths and learning rates', () => {
  const grid = new Grid(join(examples, 'paper', 'frontier-small.yaml'));

  it('has three methods with three additions at two learning rates, on FUNC as table1-small.yaml has it', async () => {
    expect(grid.cells).toHaveLength(3 * 3 * 2);
    const cell = grid.cells.find(({ id }) => id === 'FUNC/IncLora+IVG,learningRate=0.001/seed-1');
    const { resolved } = await composePlugins(grid.load(cell as Cell), registry);
    expect(resolved).toEqual((await composeCell(cellCalled('FUNC/IncLora+IVG/seed-1', grids[1]))).resolved);
  });

  it.each(grid.cells)('composes $id', async (cell) => {
    await expect(composePlugins(grid.load(cell), registry)).resolves.toBeDefined();
  });
});

describe("the search for IVG's weight", () => {
  it("tries the paper's five, each in place of the one of iv-kl, on FUNC as table1-small.yaml has it", async () => {
    const probes = new SearchFile(join(examples, 'paper', 'search-lambda.yaml')).probes();
    const small = await composeCell(cellCalled('FUNC/IncLora+IVG/seed-1', grids[1]));
    const weights = await Promise.all(
      probes.map(async (grid) => {
        const { resolved, regularizers, interventions } = await composePlugins(grid.load(grid.cells[0]), registry);
        expect(regularizers.map(({ manifest }) => manifest.name)).toEqual(['iv-kl']);
        expect(interventions.map(({ manifest }) => manifest.name)).toEqual(['ivg']);
        const [{ terms, ...others }] = resolved.regularizers as { terms?: { weight: number }[] }[];
        const [{ terms: usual, ...same }] = small.resolved.regularizers as { terms?: { weight: number }[] }[];
        expect({ ...resolved, regularizers: [] }).toEqual({ ...small.resolved, regularizers: [] });
        expect(others).toEqual(same);
        expect(terms).toEqual(usual?.map((term) => ({ ...term, weight: terms?.[0].weight })));
        return terms?.[0].weight;
      }),
    );
    expect(weights).toEqual([1, 0.5, 0.25, 0.05, 0.01]);
  });
});

describe('the other configs', () => {
  it.each(['quickstart.yaml', 'quickstart+ivg.yaml', ...configs('forgetting'), ...configs('external-plugin')])(
    '%s composes',
    async (name) => {
      await expect(compose(name)).resolves.toBeDefined();
    },
  );
});
