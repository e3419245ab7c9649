import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';

/** Packages that a plugin must share with its run: two copies of them would not know each other's tensors or decorators. */
const SHARED = ['@tensorflow/tfjs-core', 'reflect-metadata', 'tsyringe', 'zod'];

/** The public modules of this copy, whichever form it runs in. */
const OWN = { palimpsest: '../index', 'palimpsest/testing': '../testing/index' };

/** What errors of the bundler call the line that names the plugin. */
export const ENTRY_NAME = '<plugin>';

export interface BundleOptions {
  /** What packages are looked up from, absolute. */
  readonly folder: string;
  /** File to write, ending in .mjs. */
  readonly output: string;
}

/**
 * Makes one ES module of a plugin's own TypeScript or JavaScript files. Packages stay imports: `palimpsest` and what it
 * shares point at this copy, all others are found from the file that imports them.
 * @param entry absolute file or folder, or a package name @throws BuildFailure
 */
export async function bundlePlugin(entry: string, { folder, output }: BundleOptions): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    stdin: {
      contents: `export { default } from ${JSON.stringify(entry)};`,
      resolveDir: folder,
      sourcefile: ENTRY_NAME,
    },
    outfile: output,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'silent',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(path.resolve(folder, entry)).href) },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: true } },
    plugins: [sharedImports(), packageImports()],
  });
}

/** Points `palimpsest` and what is shared with it at this copy. */
function sharedImports(): Plugin {
  return {
    name: 'shared',
    setup({ onResolve }) {
      onResolve({ filter: /^palimpsest(\/testing)?$/ }, ({ path: name }) => {
        const module = `${OWN[name as keyof typeof OWN]}${path.extname(import.meta.url)}`;
        return { path: new URL(module, import.meta.url).href, external: true };
      });
      for (const name of SHARED) {
        const filter = new RegExp(`^${name}$`);
        onResolve({ filter }, () => ({ path: ownPackage(name), external: true }));
      }
    },
  };
}

/** URL of a package as this copy imports it. */
function ownPackage(name: string): string {
  if ('resolve' in import.meta) return import.meta.resolve(name);
  return pathToFileURL(createRequire(import.meta.url).resolve(name)).href;
}

/** Leaves every other package an import of the file that it is found at; the plugin itself, where it is a package, is bundled. */
function packageImports(): Plugin {
  return {
    name: 'packages',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^[^./]/ }, async ({ path: name, importer, resolveDir, kind, pluginData }) => {
        if (pluginData === 'resolving' || kind === 'entry-point' || path.basename(importer) === ENTRY_NAME)
          return undefined;
        if (name.startsWith('node:')) return { path: name, external: true };
        const { path: file, errors, external } = await resolve(name, { kind, resolveDir, pluginData: 'resolving' });
        if (errors.length > 0) return { errors };
        return { path: external ? name : pathToFileURL(file).href, external: true };
      });
    },
  };
}
