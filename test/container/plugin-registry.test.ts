import { expect, it } from 'vitest';
import { PluginRegistry } from '../../core/container/plugin-registry.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();

/** A plugin file of the given name. */
function pluginText(name: string): string {
  return `import { definePlugin, z } from 'palimpsest';
class Quiet {}
export default definePlugin({ name: '${name}', summary: 'Does nothing.', provides: { observer: Quiet }, options: z.strictObject({}) });
`;
}

it('finds the built-in plugins by their folders', async () => {
  const registry = new PluginRegistry();
  expect(registry.builtIn()).toEqual(expect.arrayContaining(['inc-lora', 'jsonl', 'llama']));
  expect((await registry.find('jsonl')).name).toBe('jsonl');
});

it('names the nearest plugin, and the place that asks, for one that does not exist', async () => {
  await expect(new PluginRegistry().find('inclora', { where: 'run.yaml:3' })).rejects.toThrow(
    /\[PLUGIN_UNKNOWN\] run\.yaml:3: .*did you mean "inc-lora"/,
  );
});

it('names only plugins that would fit the place', async () => {
  const asked = new PluginRegistry().find('lon', { contract: 'adapter' });
  await expect(asked).rejects.toThrow(/expected one of inc-lora, an npm package or a \.\/path, got "lon"\. /);
});

it('refuses a second plugin of a name', async () => {
  writeText(folder, 'one.ts', pluginText('same'));
  writeText(folder, 'two.ts', pluginText('same'));
  writeText(folder, 'llama.ts', pluginText('llama'));
  const registry = new PluginRegistry();
  await registry.find('./one.ts', { folder });
  await expect(registry.find('./two.ts', { folder })).rejects.toThrow(/PLUGIN_CLASH.*one\.ts.*two\.ts/);
  await expect(registry.find('./llama.ts', { folder })).rejects.toThrow(/PLUGIN_CLASH.*"llama"/);
  expect((await registry.find('./one.ts', { folder })).name).toBe('same');
});
