import { execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packageVersion } from '../../core/version.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = scratchFolder();
for (const name of ['core', 'plugins', 'package.json', 'tsconfig.json']) {
  cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
}
symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));

/** Runs the copy's command line program. */
function run(...args: string[]) {
  return promisify(execFile)(process.execPath, [path.join(folder, 'core', 'cli', 'palimpsest.js'), ...args]);
}

it('builds on first use, once for several processes at once, and again when a source has changed', async () => {
  const first = await Promise.all([run('--version'), run('--version'), run('--version')]);
  expect(first.map(({ stdout }) => stdout)).toEqual(Array(3).fill(`${packageVersion()}\n`));
  expect(first.map(({ stderr }) => stderr).join('')).toMatch(/^palimpsest: built dist\/ in [\d.]+ s\n$/);
  expect((await run('--version')).stderr).toBe('');
  writeText(folder, 'core/new.ts', 'export const made: number = 1;\n');
  expect((await run('--version')).stderr).toMatch(/built/);
  expect(existsSync(path.join(folder, 'dist', 'core', 'new.js'))).toBe(true);
  rmSync(path.join(folder, 'core', 'new.ts'));
  await run('--version');
  expect(existsSync(path.join(folder, 'dist', 'core', 'new.js'))).toBe(false);
  expect(readdirSync(folder).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
});

it('keeps the old build and says what is wrong where a source does not compile', async () => {
  await run('--version');
  const bad = writeText(folder, 'core/bad.ts', 'const = ;\n');
  await expect(run('--version')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/build failed\n.*bad\.ts/),
  });
  rmSync(bad);
  expect((await run('--version')).stdout).toBe(`${packageVersion()}\n`);
});
