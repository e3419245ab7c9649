#!/usr/bin/env node
// Runs a suite of this folder: `node benchmarks/run.js steps [options]`. A suite is TypeScript and exports `main`; it is bundled
// on the way, and meets the sources of core/ and plugins/ as `npm run build` has compiled them.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ensureBuilt } from '../core/cli/build.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const [suite, ...options] = process.argv.slice(2);
const entry = path.join(root, 'benchmarks', `${suite}.ts`);
if (!suite || !existsSync(entry)) {
  process.stderr.write('usage: node benchmarks/run.js SUITE [options]; a suite is a .ts file of benchmarks/\n');
  process.exit(2);
}
await ensureBuilt();

/** Points imports of core/ and plugins/ at dist/. */
const compiled = {
  name: 'compiled',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path: name, resolveDir }) => {
      const file = path.relative(root, path.resolve(resolveDir, name));
      if (!/^(core|plugins)\//.test(file)) return undefined;
      return { path: pathToFileURL(path.join(root, 'dist', file)).href, external: true };
    });
  },
};

const scratch = mkdtempSync(path.join(root, 'dist', 'bench-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const outfile = path.join(scratch, `${suite}.mjs`);
await build({
  ...{ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20' },
  packages: 'external',
  plugins: [compiled],
});
const { main } = await import(pathToFileURL(outfile).href);
await main(options, path.join(root, 'benchmarks'));
