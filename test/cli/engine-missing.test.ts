import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NATIVE_PACKAGE } from '../../core/engine/native-package.js';
import { palimpsest } from './bin.js';
import { writeToyModel } from './toy-model.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'no-engine-'));
const program = join(folder, 'core', 'cli', 'palimpsest.js');

/** Links every package of a folder but one, in scopes too. */
function linkPackages(from: string, to: string, left: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from).filter((name) => !name.startsWith('.') && name !== left)) {
    const [scope, ...inner] = left.split('/');
    if (name === scope) linkPackages(join(from, name), join(to, name), inner.join('/'));
    else symlinkSync(join(from, name), join(to, name));
  }
}

describe('without the native engine', () => {
  beforeAll(async () => {
    const parts = ['dist', 'package.json', 'core/cli/palimpsest.js', 'core/cli/build.js'];
    for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
    linkPackages(join(root, 'node_modules'), join(folder, 'node_modules'), NATIVE_PACKAGE);
    await writeToyModel(join(folder, 'toy'));
    writeFileSync(join(folder, 'in.jsonl'), '{"id":1,"prompt":"ab"}\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const logits = (engine: string) =>
    palimpsest(['logits', '--model', 'toy', '--input', 'in.jsonl', '--engine', engine], folder, {
      program,
      env: { ...process.env, PALIMPSEST_ENGINE: '' },
    });

  it('the one who asks for it is told in one line how to get it', async () => {
    const { status, stdout, stderr } = await logits('native');
    expect(stderr).toMatch(/^\[ENGINE_MISSING\] native: .*no npm package .*`palimpsest engine install`.*\n$/);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it('`auto` runs on wasm', async () => {
    const { status, stdout, stderr } = await logits('auto');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ id: 1 });
  });
});
