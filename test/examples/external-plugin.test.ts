import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PluginRegistry } from '../../core/container/plugin-registry.js';
import { describePlugin, toyLosses } from '../../core/testing/index.js';
import { palimpsest } from '../cli/bin.js';
import { writeToyModel } from '../cli/toy-model.js';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const plugin = await new PluginRegistry().find('./external-plugin/plugin.ts', { folder: examples });
const adapter = { use: 'inc-lora', growth: 'single', rank: 4, alpha: 8 };

describePlugin(plugin, { adapter });

describe('the plugin outside the tree', () => {
  it('has at most thirty lines, blank ones and comments aside', () => {
    const lines = readFileSync(join(examples, 'external-plugin', 'plugin.ts'), 'utf8').split('\n');
    expect(lines.filter((line) => line.trim() !== '' && !/^\s*(\/\*|\*|\/\/)/.test(line)).length).toBeLessThanOrEqual(
      30,
    );
  });

  it('forgets less than plain training on the two toy tasks', async () => {
    const forgotten = async (strength: number) => {
      const losses = await toyLosses(plugin, { adapter, options: { strength } });
      return losses[2][0] - losses[1][0];
    };
    expect(await forgotten(1)).toBeLessThan((await forgotten(0)) - 0.1);
  });
});

describe('a run of a plugin outside the tree', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outside-'));
  const own = join(folder, 'external-plugin');
  const small = ['backbone.model=../toy', 'training.maxInputTokens=30', 'benchmark.maxTrain=16', 'benchmark.maxTest=2'];
  const set = small.flatMap((value) => ['--set', value]);

  beforeAll(async () => {
    cpSync(join(examples, 'external-plugin'), own, { recursive: true });
    cpSync(join(examples, 'data'), join(folder, 'data'), { recursive: true });
    await writeToyModel(join(folder, 'toy'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The run's step records. */
  async function trained(out: string, ...more: string[]) {
    const { status, stderr } = await palimpsest(['run', 'run.yaml', ...set, '--out', out, ...more], own);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
    const lines = readFileSync(join(own, out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n');
    return lines.map((line) => JSON.parse(line) as { loss: Record<string, number> });
  }

  it('finds it by its path and trains with it', async () => {
    const terms = (await trained('ts')).map(({ loss }) => loss['elastic-pull']);
    expect(terms.slice(0, 3)).toEqual([0, 0, 0]);
    expect(terms[3]).toBeGreaterThan(0);
  });

  it('takes plain JavaScript with `static inject`', async () => {
    writeFileSync(
      join(own, 'decay.js'),
      `import { ADAPTER, definePlugin, tf, z } from 'palimpsest';
      class Decay {
        static inject = [ADAPTER];
        over = 'weights';
        startsAt = 0;
        constructor(adapter) {
          this.adapter = adapter;
        }
        penalty() {
          return tf.addN(Object.values(this.adapter.trainable()).map((theta) => tf.sum(tf.square(theta))));
        }
      }
      const options = z.strictObject({});
      export default definePlugin({ name: 'decay', summary: 'Decays.', provides: { regularizer: Decay }, options });`,
    );
    const terms = await trained('js', '--set', 'regularizers=[{use: ./decay.js}]');
    expect(terms.every(({ loss }) => loss.decay > 0)).toBe(true);
  });
});
