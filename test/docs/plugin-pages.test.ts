import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import { composePlugins } from '../../core/container/compose.js';
import { PluginRegistry } from '../../core/container/plugin-registry.js';
import { optionTable } from '../../core/report/option-table.js';
import { palimpsest } from '../cli/bin.js';
import { fencedBlocks } from './fenced-blocks.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const registry = new PluginRegistry();
const headings = [
  'The idea',
  'Use it',
  'Options',
  'What it costs',
  'When not to use it',
  'Where we differ from the paper and its code',
  'Source',
];

describe('the folder plugins/', () => {
  it('holds plugins only', () => {
    expect(registry.builtIn()).toEqual(readdirSync(join(root, 'plugins')).sort());
  });
});

describe.each(registry.builtIn())('the plugin %s', (name) => {
  const read = () => readFileSync(join(root, 'docs', 'plugins', `${name}.md`), 'utf8');

  it('has a test and a page of its name', () => {
    expect(existsSync(join(root, 'test', 'plugins', `${name}.test.ts`))).toBe(true);
    expect(existsSync(join(root, 'docs', 'plugins', `${name}.md`))).toBe(true);
  });

  it('has its name, its summary and the headings on its page, in their order', async () => {
    const { summary } = await registry.find(name);
    expect(read().startsWith(`# ${name}\n\n${summary}\n`)).toBe(true);
    expect([...read().matchAll(/^## (.*)$/gm)].map((match) => match[1])).toEqual(headings);
  });

  it('has the table of `palimpsest plugins NAME --markdown` on its page', async () => {
    const [, table] = /<!-- options -->\n([\s\S]*?)\n<!-- \/options -->/.exec(read()) ?? [];
    expect(table).toBe(optionTable(await registry.find(name)));
  });

  it('has a config on its page that names it and can be composed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plugin-page-'));
    const config = fencedBlocks(read()).find(({ language }) => language === 'yaml')?.text ?? '';
    writeFileSync(join(folder, 'run.yaml'), config);
    const composed = await composePlugins(loadConfig(join(folder, 'run.yaml')), registry);
    rmSync(folder, { recursive: true });
    const uses = Object.values(composed).flat() as { use?: string }[];
    expect(uses.map(({ use }) => use)).toContain(name);
  });
});

describe('palimpsest plugins NAME --markdown', () => {
  it('prints the table that the page shows', async () => {
    const { stdout } = await palimpsest(['plugins', 'inc-lora', '--markdown'], root);
    expect(stdout).toBe(`${optionTable(await registry.find('inc-lora'))}\n`);
  });
});
