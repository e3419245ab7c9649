import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What `npm install` of the packed Palimpsest and of Vitest leaves in a folder, made without a network: the package as `npm pack` packs it, its
 * dependencies and Vitest linked from this repository.
 */
export function installInto(folder: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  execFileSync(process.execPath, [join(root, 'core', 'cli', 'build.js')], { stdio: 'ignore' });
  const pack = ['pack', '--silent', '--pack-destination', modules];
  const packed = execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  execFileSync('tar', ['-xzf', join(modules, packed), '-C', modules]);
  renameSync(join(modules, 'package'), join(modules, 'palimpsest'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  symlinkSync('../palimpsest/core/cli/palimpsest.js', join(modules, '.bin', 'palimpsest'));
  symlinkSync('../vitest/vitest.mjs', join(modules, '.bin', 'vitest'));
}
