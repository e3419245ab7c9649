#!/usr/bin/env node
// Runs a suite of this folder: `node benchmarks/run.js steps [options]`. A suite is TypeScript and exports `main`; it is bundled
// on the way, and meets the sources of core/ and plugins/ as `npm run build` has compiled them.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ensureBuilt } from '../core/cli/build.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const [suite, ...options] = process.argv.slice(2);
const folder = path.join(root, 'benchmarks');
const isSuite = (name) => /^export async function main\b/m.test(readFileSync(path.join(folder, name), 'utf8'));
const suites = readdirSync(folder).filter((name) => name.endsWith('.ts') && isSuite(name));
/** Sides of comparisons, which run.js is asked for by suites, lie in folders. */
const entry = path.join(folder, `${suite}.ts`);
if (!suite?.includes('/') && !suites.includes(`${suite}.ts`)) {
  const names = suites.map((name) => path.basename(name, '.ts')).join(', ');
  process.stderr.write(
    `usage: node benchmarks/run.js SUITE [options], where SUITE is one of ${names}; its .ts file tells the options\n`,
  );
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
try {
  await main(options, folder);
} catch (error) {
  if (!String(error.code).startsWith('ERR_PARSE_ARGS')) throw error;
  process.stderr.write(`${error.message}; the head of benchmarks/${suite}.ts tells the options\n`);
  process.exit(2);
}
