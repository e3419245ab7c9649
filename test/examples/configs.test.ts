import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import { composePlugins } from '../../core/container/compose.js';
import { PluginRegistry } from '../../core/container/plugin-registry.js';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const registry = new PluginRegistry();
const configs = (folder: string) =>
  readdirSync(join(examples, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml') && !name.startsWith('parts/') && name !== 'base.yaml')
    .map((name) => join(folder, name))
    .sort();
const compose = (name: string) => composePlugins(loadConfig(join(examples, name)), registry);

const methods = ['inc-lora', 'ewc', 'lwf', 'o-lora'];
const rows = methods.flatMap((method) => [method, `${method}+ivg`]);

describe("the paper's configs", () => {
  it('are the eight rows of Table 1 for each benchmark, at full size and small', () => {
    const folders = ['trace', 'long', 'func'].flatMap((benchmark) => [benchmark, `small/${benchmark}`]);
    const all = folders.flatMap((folder) => rows.map((row) => `paper/${folder}/${row}.yaml`));
    expect(configs('paper')).toEqual(all.sort());
  });

  it.each(configs('paper'))('%s composes what its name says', async (name) => {
    const { benchmark, adapters, regularizers, interventions, resolved } = await compose(name);
    const [, method, guided] = /\/([a-z-]+?)(\+ivg)?\.yaml$/.exec(name) as RegExpExecArray;
    const used = regularizers.map(({ manifest }) => manifest.name);
    expect(name).toContain(`${benchmark.manifest.name}/`);
    expect(used).toEqual([...(method === 'inc-lora' ? [] : [method]), ...(guided ? ['iv-kl'] : [])]);
    expect(interventions.map(({ manifest }) => manifest.name)).toEqual(guided ? ['ivg'] : []);
    const growth = method === 'ewc' ? 'single' : 'per-task';
    const rank = method !== 'ewc' ? 8 : benchmark.manifest.name === 'long' ? 60 : 48;
    expect(adapters[0].options).toMatchObject({ growth, rank, alpha: 2 * rank });
    expect(resolved.training.learningRate).toBe(/long|small\/func/.test(name) ? 1e-3 : 1e-4);
  });

  it("have the paper's rows, epochs and lengths", async () => {
    const { resolved } = await compose('paper/func/lwf+ivg.yaml');
    const { batchSize, accumulate, maxInputTokens, maxOutputTokens, weightDecay } = resolved.training;
    expect([batchSize * accumulate, maxInputTokens, maxOutputTokens, weightDecay]).toEqual([64, 512, 50, 0.01]);
    expect(resolved.benchmark).toMatchObject({ epochs: 10, validation: 200 });
    expect((await compose('paper/long/ewc.yaml')).resolved.benchmark).toMatchObject({ epochs: 1, order: 'long' });
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
