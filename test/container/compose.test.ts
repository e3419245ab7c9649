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
      /\[CONFIG_KEY\] --set adapter\.rnk=3: .*did you mean "rank".*`palimpsest plugins inc-lora` lists the options/,
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
      /\[PLUGIN_MISSING\] .*expected "o-lora" as a regularizer, which "needy" needs, got none\. Add `use: o-lora` to `regul/,
    );
    writeText(folder, 'lonely.ts', needy.replaceAll('needy', 'lonely').replace('o-lora', 'friend'));
    await expect(compose('observers=[{ use: ./lonely.ts }]')).rejects.toThrow(
      /expected "friend", which "lonely" needs/,
    );
    writeText(folder, 'quiet.ts', needy.replaceAll('needy', 'quiet').replace("requires: ['o-lora'], ", ''));
    await expect(compose('observers=[{ use: ./quiet.ts }, { use: ./quiet.ts }]')).rejects.toThrow(
      /PLUGIN_CLASH.*twice/,
    );
  });

  it('puts the options of a preset under those given, and names the nearest preset', async () => {
    const { regularizers, resolved } = await compose('regularizers=[{ use: lwf, preset: trace, temperature: 1 }]');
    const chosen = { direction: 'student-teacher', positions: 'padded', reduction: 'sum-per-row', temperature: 1 };
    expect(regularizers[0].options).toMatchObject(chosen);
    expect(resolved.regularizers[0]).toMatchObject({ use: 'lwf', ...chosen });
    expect(resolved.regularizers[0]).not.toHaveProperty('preset');
    await expect(compose('regularizers=[{ use: lwf, preset: trase }]')).rejects.toThrow(
      /CONFIG_VALUE.*a preset of "lwf": trace, got the text "trase" \(did you mean "trace"\?\)/,
    );
    await expect(compose('regularizers=[{ use: o-lora, preset: trace }]')).rejects.toThrow(/CONFIG_KEY.*"preset"/);
  });
});

describe('declarations', () => {
  const editor = (name: string, how: string) => `import { definePlugin, z } from 'palimpsest';
class Editor {}
export default definePlugin({
  name: '${name}', summary: 'Edits.', provides: { intervention: Editor }, options: z.strictObject({}),
  declares: () => ({ writes: { activations: { heads: '${how}' } } }),
});
`;

  it('let several adapters train, each at layers of its own, and refuse two at one layer', async () => {
    const adapters = (second: string) =>
      compose(`adapter=[{ use: inc-lora, targets: [q_proj] }, { use: inc-lora, rank: 2, targets: [${second}] }]`);
    const { resolved } = await adapters('v_proj');
    expect(resolved.adapter).toMatchObject([
      { rank: 8, targets: ['q_proj'] },
      { rank: 2, targets: ['v_proj'] },
    ]);
    await expect(adapters('k_proj, q_proj')).rejects.toThrow(
      /PLUGIN_CLASH.*expected one adapter at q_proj, got two: "inc-lora" and "inc-lora"/,
    );
  });

  it('refuse o-lora without the pairs of inc-lora, or where one pair serves all tasks', async () => {
    writeText(
      folder,
      'bare.ts',
      `import { definePlugin, z } from 'palimpsest';
class Bare {}
export default definePlugin({
  name: 'bare', summary: 'Adds.', provides: { adapter: Bare }, options: z.strictObject({}),
  declares: () => ({ writes: { linear: ['q_proj'], variables: 'task', pairs: false } }),
});
`,
    );
    const bare = ['adapter={ use: ./bare.ts }', 'regularizers=[{ use: o-lora }]'];
    await expect(compose(...bare)).rejects.toThrow(
      /PLUGIN_MISSING.*expected "inc-lora" as an adapter, which "o-lora" needs, got "bare"\. Set `adapter.use: inc-lora`/,
    );
    const merged = ['adapter={ use: ./bare.ts }', 'regularizers=[{ use: ewc, over: merged }]'];
    await expect(compose(...merged)).rejects.toThrow(
      /PLUGIN_CLASH.*expected low-rank pairs, which "ewc" needs, got "bare", which has none/,
    );
    await expect(compose('adapter.growth=single', 'regularizers=[{ use: o-lora }]')).rejects.toThrow(
      /new in every task, which "o-lora" needs, got "inc-lora" \(growth: single\), whose variables last over the run/,
    );
  });

  it('refuse ewc over the adapter where its pairs are replaced in each task', async () => {
    const ewc = 'regularizers=[{ use: ewc, over: adapter }]';
    await expect(compose(ewc)).rejects.toThrow(
      /last over the run, which "ewc" \(over: adapter\) needs, got "inc-lora" \(growth: per-task\), which makes new ones/,
    );
    await expect(compose(ewc, 'adapter.growth=single')).resolves.toBeDefined();
    await expect(compose('regularizers=[{ use: ewc, over: merged }, { use: o-lora }]')).resolves.toBeDefined();
  });

  it('say which option of which plugin would let both run, and nothing of options that would not', async () => {
    const ewc = 'regularizers=[{ use: ewc, fisher: batch }]';
    await expect(compose(ewc)).rejects.toThrow(
      /Set `growth: single` for "inc-lora" or `over: merged` for "ewc", or remove one of them\.$/,
    );
    const running = 'regularizers=[{ use: ewc, fisher: running, accumulate: online }]';
    await expect(compose(running)).rejects.toThrow(/Set `growth: single` for "inc-lora", or remove one of them\.$/);
    await expect(compose('regularizers=[{ use: si }]')).rejects.toThrow(
      /which "si" needs.*Set `growth: single` for "inc-lora", or/,
    );
  });

  it('let interventions add to the same heads, and refuse one that sets what another edits', async () => {
    writeText(folder, 'adds.ts', editor('adds', 'add'));
    writeText(folder, 'sets.ts', editor('sets', 'set'));
    const ivg = (mode: string) => `{ use: ivg, heads: smollm2-135m-instruct, mode: ${mode} }`;
    await expect(compose(`interventions=[${ivg('add')}, { use: ./adds.ts }]`)).resolves.toBeDefined();
    await expect(compose(`interventions=[${ivg('mix')}, { use: ./adds.ts }]`)).rejects.toThrow(
      /PLUGIN_CLASH.*one plugin that sets heads.*"ivg" \(mode: mix\) and "adds".*Set `mode: add` for "ivg", or/,
    );
    await expect(compose(`interventions=[${ivg('add')}, { use: ./sets.ts }]`)).rejects.toThrow(/PLUGIN_CLASH.*"ivg"/);
  });
});
