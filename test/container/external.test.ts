import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { loadExternalPlugin } from '../../core/container/external.js';
import { RunContainer } from '../../core/container/run-container.js';
import { RANDOM } from '../../core/container/tokens.js';
import type { Observer } from '../../core/contracts/observer.js';
import type { PluginManifest } from '../../core/contracts/plugin.js';
import { seededRandom } from '../../core/training/random.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const decorated = `import { definePlugin, inject, injectable, OPTIONS, RANDOM, z, type RandomSource } from 'palimpsest';
import { greeting } from './greeting.js';
@injectable()
class Greeter {
  constructor(@inject(OPTIONS) readonly options: { to: string }, @inject(RANDOM) readonly random: RandomSource) {}
  text(): string { return greeting(this.options.to, this.random.seed); }
}
export default definePlugin({
  name: 'greeter', summary: 'Greets.', provides: { observer: Greeter as never }, options: z.strictObject({ to: z.string() }),
});
`;
const plain = `import { definePlugin, OPTIONS, RANDOM, z } from 'palimpsest';
import shout from 'shouting';
class Greeter {
  static inject = [OPTIONS, RANDOM];
  constructor(options, random) { this.options = options; this.random = random; }
  text() { return shout(this.options.to + ' ' + this.random.seed); }
}
export default definePlugin({
  name: 'greeter', summary: 'Greets.', provides: { observer: Greeter }, options: z.strictObject({ to: z.string() }),
});
`;
writeText(folder, 'greeter.ts', decorated);
writeText(
  folder,
  'greeting.ts',
  "export const greeting = (to: string, seed: number): string => ['hello', to, seed].join(' ');\n",
);
writeText(folder, 'greeter/plugin.js', plain);
writeText(folder, 'node_modules/shouting/package.json', '{ "name": "shouting", "main": "index.js" }');
writeText(folder, 'node_modules/shouting/index.js', 'module.exports = (text) => text.toUpperCase();\n');
writeText(
  folder,
  'node_modules/a-package/package.json',
  '{ "name": "a-package", "type": "module", "exports": "./greeter.js" }',
);
writeText(folder, 'node_modules/a-package/greeter.js', plain);

/** Builds the plugin's class in a container of its own and asks it for its text. */
function textOf(manifest: PluginManifest | undefined): string {
  const container = new RunContainer();
  container.provide(RANDOM, seededRandom(5));
  const path = ['observers', 0];
  const plugin = {
    manifest: manifest as PluginManifest,
    contract: 'observer',
    use: '',
    options: { to: 'you' },
    path,
  } as const;
  return (container.create(plugin) as Observer & { text(): string }).text();
}

describe('an external plugin', () => {
  it('may be TypeScript with decorators and files of its own', async () => {
    expect(textOf(await loadExternalPlugin('./greeter.ts', { folder }))).toBe('hello you 5');
  });

  it('may be a folder of plain JavaScript that names its tokens and uses packages of its own', async () => {
    expect(textOf(await loadExternalPlugin('./greeter', { folder }))).toBe('YOU 5');
  });

  it('may be an npm package found from the config', async () => {
    expect(textOf(await loadExternalPlugin('a-package', { folder }))).toBe('YOU 5');
    expect(await loadExternalPlugin('no-such-package', { folder })).toBeUndefined();
  });

  it('leaves nothing in the temporary folder', async () => {
    await loadExternalPlugin('./greeter.ts', { folder });
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`palimpsest-plugin-${process.pid}-`))).toEqual([]);
  });

  it('is refused with file and line where it does not compile, throws, or exports no manifest', async () => {
    const load = (text: string) =>
      loadExternalPlugin(writeText(folder, 'bad.ts', text), { folder, where: 'run.yaml:2' });
    await expect(load('const a = 1;\nconst = 2;\n')).rejects.toThrow(/\[PLUGIN_LOAD\] run\.yaml:2: .*bad\.ts:2: /);
    await expect(load('throw new Error("no luck");\nexport default 1;\n')).rejects.toThrow(/PLUGIN_LOAD.*no luck/);
    await expect(load('export default { name: "x" };\n')).rejects.toThrow(/PLUGIN_LOAD.*definePlugin/);
    await expect(load('export const a = 1;\n')).rejects.toThrow(/PLUGIN_LOAD/);
    await expect(load('import x from "not-there";\nexport default x;\n')).rejects.toThrow(/PLUGIN_LOAD.*not-there/);
    await expect(loadExternalPlugin('./nowhere.ts', { folder })).rejects.toThrow(
      /PLUGIN_LOAD.*nothing at .*nowhere\.ts/,
    );
  });
});
