import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../core/cli/commands.js';
import { loadConfig } from '../../core/config/load.js';
import { composePlugins } from '../../core/container/compose.js';
import { PluginRegistry } from '../../core/container/plugin-registry.js';
import { fencedBlocks } from './fenced-blocks.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = [
  'README.md',
  'benchmarks/README.md',
  ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];

/** Code of a page: what stands in backquotes, and indented or fenced lines. */
function codeOf(page: string): string[] {
  const text = read(page);
  const blocks = fencedBlocks(text).flatMap((block) => block.text.split('\n'));
  const indented = [...text.matchAll(/^ {4}(.*)$/gm)].map(([, line]) => line);
  return [...[...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code), ...blocks, ...indented];
}

/** Every command line of the program: its first word after `palimpsest`. */
const commandsIn = (page: string) =>
  codeOf(page).flatMap((code) => [...code.matchAll(/(?:^|\$ |npx |\| *)palimpsest ([a-z]+)/g)].map(([, name]) => name));

describe('the pages', () => {
  it('are read for the commands that they name', () => {
    const named = new Set(pages.flatMap(commandsIn));
    expect([...named].sort()).toEqual(expect.arrayContaining(Object.keys(commandTable)));
  });
});

describe.each(pages)('%s', (page) => {
  it('names commands that there are', () => {
    expect(commandsIn(page).filter((name) => !Object.hasOwn(commandTable, name))).toEqual([]);
  });

  it('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = codeOf(page).flatMap((code) =>
      [...code.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[a-z]+)\b/g)].map(([, name]) => name),
    );
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('names files of the tree that there are, but for those to be fetched', () => {
    const paths = codeOf(page).flatMap((code) =>
      [...code.matchAll(/^(?:core|plugins|examples|benchmarks|docs|test)\/[\w./-]*$/g)].map(([path]) => path),
    );
    const elsewhere = /NAME|^examples\/published\//;
    expect(paths.filter((path) => !elsewhere.test(path) && !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('README.md', () => {
  const readme = read('README.md');

  it('names every command and every built-in plugin', () => {
    const table = /## Commands\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
    expect(Object.keys(commandTable).filter((name) => !new RegExp(`\\b${name}\\b`).test(table))).toEqual([]);
    const row = /^\| `plugins\/` .*$/m.exec(readme)?.[0] ?? '';
    const names = [...row.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
    expect(names.sort()).toEqual(new PluginRegistry().builtIn());
  });

  it('has a config that can be composed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'readme-'));
    const config = fencedBlocks(readme).find(({ language }) => language === 'yaml')?.text ?? '';
    writeFileSync(join(folder, 'run.yaml'), config);
    const { benchmark } = await composePlugins(loadConfig(join(folder, 'run.yaml')), new PluginRegistry());
    rmSync(folder, { recursive: true });
    expect(benchmark.manifest.name).toBe('jsonl');
  });
});
