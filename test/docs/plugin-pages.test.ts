import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jsonSchemaOf, optionRows } from '../../core/config/describe-schema.js';
import type { PluginManifest } from '../../core/contracts/plugin.js';

const folder = new URL('../../docs/plugins/', import.meta.url);
const headings = [
  'The idea',
  'Use it',
  'Options',
  'What it costs',
  'When not to use it',
  'Where we differ from the paper and its code',
  'Source',
];

describe.each(readdirSync(folder))('docs/plugins/%s', (file) => {
  const page = readFileSync(new URL(file, folder), 'utf8');
  const name = basename(file, '.md');
  const manifest = async () => {
    const loaded: { default: PluginManifest } = await import(`../../plugins/${name}/plugin.ts`);
    return loaded.default;
  };

  it('has the name, the summary and the headings in their order', async () => {
    expect(page.startsWith(`# ${name}\n\n${(await manifest()).summary}\n`)).toBe(true);
    expect([...page.matchAll(/^## (.*)$/gm)].map((match) => match[1])).toEqual(headings);
  });

  it('shows every option with type, default and meaning as the manifest has them', async () => {
    const options = page.slice(page.indexOf('## Options'), page.indexOf('## What it costs'));
    const rows = [...options.matchAll(/^\| `(.+?)` \| (.+) \| `(.+)` \| (.+) \|$/gm)].map((match) => match.slice(1));
    const expected = optionRows(jsonSchemaOf((await manifest()).options));
    expect(rows).toEqual(expected.map((row) => [row.name, row.type.replaceAll('|', '\\|'), row.default, row.help]));
  });
});
