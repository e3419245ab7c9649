import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import { composePlugins } from '../../core/container/compose.js';
import { PluginRegistry } from '../../core/container/plugin-registry.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const config = `backbone: { use: llama, model: some-model }
adapter:
  use: inc-lora
  rank: 4
benchmark:
  use: jsonl
  tasks: [{ name: a, train: a.jsonl }]
`;
const needy = `import { definePlugin, z } from 'palimpsest';
class Needy {}
export default definePlugin({
  name: 'needy', summary: 'Needs.', requires: ['o-lora'], provides: { observer: Needy }, options: z.strictObject({}),
});
`;

/** Composes the config's plugins after overrides. */
function compose(...set: string[]) {
  return composePlugins(loadConfig(writeText(folder, 'run.yaml', config), { set }), new PluginRegistry());
}

describe('composing', () => {
  it('fills in the defaults of every plugin and makes paths absolute', async () => {
    const { adapters, resolved } = await compose();
    expect(adapters[0].options).toMatchObject({ rank: 4, alpha: 16, growth: 'per-task' });
    expect(resolved.adapter).toMatchObject({ use: 'inc-lora', rank: 4, alpha: 16 });
    expect(resolved.backbone).toMatchObject({ model: 'some-model' });
    expect(resolved.benchmark).toMatchObject({
      tasks: [{ name: 'a', train: `${folder}/a.jsonl`, epochs: 1 }],
      heldOut: [],
    });
  });

  it('names the line and the nearest name of an option that does not exist or fit', async () => {
    await expect(compose('adapter.rnk=3')).rejects.toThrow(
      /\[CONFIG_KEY\] --set adapter\.rnk=3: .*did you mean "rank"/,
    );
    const broken = writeText(folder, 'broken.yaml', config.replace('rank: 4', 'rank: four'));
    await expect(composePlugins(loadConfig(broken), new PluginRegistry())).rejects.toThrow(
      /\[CONFIG_VALUE\] .*broken\.yaml:4, adapter\.rank: .*expected whole number >= 1, got the text "four"/,
    );
  });

  it('refuses a plugin in the place of another kind', async () => {
    await expect(compose('adapter.use=jsonl')).rejects.toThrow(
      /expected a plugin that provides an adapter.*a benchmark/,
    );
  });

  it('refuses a plugin without the one that it needs, and one that is there twice', async () => {
    writeText(folder, 'needy.ts', needy);
    await expect(compose('observers=[{ use: ./needy.ts }]')).rejects.toThrow(
      /\[PLUGIN_MISSING\] .*expected "o-lora" beside "needy"/,
    );
    writeText(folder, 'quiet.ts', needy.replaceAll('needy', 'quiet').replace("requires: ['o-lora'], ", ''));
    await expect(compose('observers=[{ use: ./quiet.ts }, { use: ./quiet.ts }]')).rejects.toThrow(
      /PLUGIN_CLASH.*twice/,
    );
  });
});
