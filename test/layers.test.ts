import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly from: string;
  /** Path of the imported file from the root, or the package's name. */
  readonly to: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...found].map(([, named, bare, dynamic]) => {
    const to = named ?? bare ?? dynamic;
    return { from: file, to: to.startsWith('.') ? relative(root, join(root, dirname(file), to)) : to };
  });
}

const imports = [...sources('core'), ...sources('plugins')].flatMap(importsOf);
const breaking = (within: string, forbidden: (to: string, from: string) => boolean) =>
  imports
    .filter(({ from, to }) => from.startsWith(within) && forbidden(to, from))
    .map(({ from, to }) => `${from} -> ${to}`);

describe('imports', () => {
  it('are found at all', () => {
    expect(imports.length).toBeGreaterThan(300);
  });

  it('lead from contracts only to contracts and tensor types', () => {
    const allowed = ['@tensorflow/tfjs-core', 'zod'];
    expect(breaking('core/contracts/', (to) => !to.startsWith('core/contracts/') && !allowed.includes(to))).toEqual([]);
  });

  it('lead from plugins into core by its one public door', () => {
    expect(breaking('plugins/', (to) => to.startsWith('core/') && to !== 'core/index.js')).toEqual([]);
  });

  it('never lead from plugins to the rest of the tree', () => {
    expect(breaking('plugins/', (to) => /^(test|examples|benchmarks|\.\.)\//.test(to))).toEqual([]);
  });

  it('never lead from one plugin into another', () => {
    const folder = (path: string) => path.split('/').slice(0, 2).join('/');
    expect(breaking('plugins/', (to, from) => to.startsWith('plugins/') && folder(to) !== folder(from))).toEqual([]);
  });

  it('never lead from core to a plugin', () => {
    expect(breaking('core/', (to) => to.startsWith('plugins/'))).toEqual([]);
  });

  it('never lead from the rest of core into the conformance kit', () => {
    expect(
      breaking('core/', (to, from) => to.startsWith('core/testing/') && !from.startsWith('core/testing/')),
    ).toEqual([]);
  });

  it('never lead from operations to anything but operations and their native form', () => {
    const allowed = ['@tensorflow/tfjs-core', 'core/engine/native-operations.js', 'core/engine/kernels/kernels.js'];
    expect(breaking('core/engine/ops/', (to) => !to.startsWith('core/engine/ops/') && !allowed.includes(to))).toEqual(
      [],
    );
  });
});

describe('the tree', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((file) => existsSync(join(root, file)));

  it('has the eight top-level names, and beside them the usual files only', () => {
    const top = [...new Set(tracked.map((file) => file.split('/')[0]))].filter((name) => !name.startsWith('.'));
    const eight = ['benchmarks', 'core', 'docs', 'examples', 'package.json', 'plugins', 'test', 'tsconfig.json'];
    expect(top.sort()).toEqual([...eight, 'LICENSE', 'README.md', 'package-lock.json'].sort());
  });

  it('has no source file over 250 lines', () => {
    const long = tracked.filter(
      (file) => /\.(ts|js|py)$/.test(file) && readFileSync(join(root, file), 'utf8').split('\n').length > 250,
    );
    expect(long).toEqual([]);
  });
});
