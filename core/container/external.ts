import { existsSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Message } from 'esbuild';
import type { PluginManifest } from '../contracts/plugin.js';
import { PalimpsestError, problem } from '../errors.js';
import { bundlePlugin, ENTRY_NAME } from './bundle.js';
import { isPluginManifest } from './define-plugin.js';
import { applyStaticInject } from './static-inject.js';

/** Where an external plugin is looked up from, and what errors call the place that asks for it. */
export interface ExternalPlace {
  /** Absolute. */
  readonly folder: string;
  readonly where?: string;
}

/** Whether `use:` names a file or folder rather than a plugin or a package. */
export function isPathLike(use: string): boolean {
  return /^\.{0,2}\//.test(use) || use === '.' || use === '..' || path.isAbsolute(use) || /\.[cm]?[jt]s$/.test(use);
}

/**
 * Loads a plugin that is a path (.ts, .js, or a folder with plugin.ts or plugin.js) or an npm package; undefined where
 * there is no such package. Whatever it imports as `palimpsest` is this very copy.
 * @throws PalimpsestError PLUGIN_LOAD, PLUGIN_MANIFEST
 */
export async function loadExternalPlugin(use: string, place: ExternalPlace): Promise<PluginManifest | undefined> {
  const entry = isPathLike(use) ? pluginFile(use, place) : use;
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), `palimpsest-plugin-${process.pid}-`));
  try {
    const file = path.join(folder, 'plugin.mjs');
    await bundlePlugin(entry, { folder: place.folder, output: file });
    const loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
    return checkedManifest(loaded.default, use, place);
  } catch (error) {
    if (error instanceof PalimpsestError) throw error;
    if (entry === use && isMissing(error, use)) return undefined;
    throw problem('PLUGIN_LOAD', { where: place.where, got: `${use}: ${reason(error)}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function pluginFile(use: string, { folder, where }: ExternalPlace): string {
  const file = path.resolve(folder, use);
  if (!existsSync(file))
    throw problem('PLUGIN_LOAD', { where, expected: 'a file or folder', got: `nothing at ${file}` });
  if (!statSync(file).isDirectory()) return file;
  return ['plugin.ts', 'plugin.js'].map((name) => path.join(file, name)).find((name) => existsSync(name)) ?? file;
}

function checkedManifest(manifest: unknown, use: string, { where }: ExternalPlace): PluginManifest {
  if (!isPluginManifest(manifest)) {
    throw problem('PLUGIN_LOAD', {
      where,
      expected: 'a manifest made with definePlugin as default export',
      got: `${use}: ${manifest === undefined ? 'no default export' : 'something else'}`,
    });
  }
  for (const provided of Object.values(manifest.provides)) if (provided) applyStaticInject(provided);
  return manifest;
}

/** Whether the bundler's only complaint is that the package itself is not installed. */
function isMissing(error: unknown, use: string): boolean {
  const errors: Message[] = (error as Partial<BuildFailure>).errors ?? [];
  return errors.some(
    ({ location, text }) => path.basename(location?.file ?? '') === ENTRY_NAME && text.includes(`"${use}"`),
  );
}

/** The first thing that went wrong, with its file and line. */
function reason(error: unknown): string {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (!first) return error instanceof Error ? error.message : String(error);
  const { location, text } = first;
  return location ? `${path.resolve(location.file)}:${location.line}: ${text}` : text;
}
