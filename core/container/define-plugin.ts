import type { z } from 'zod';
import type { PluginManifest } from '../contracts/plugin.js';
import { problem } from '../errors.js';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Checks a manifest and returns it typed. @throws PalimpsestError PLUGIN_MANIFEST */
export function definePlugin<Options extends z.ZodObject>(manifest: PluginManifest<Options>): PluginManifest<Options> {
  const wrong = (expected: string, got: unknown) =>
    problem('PLUGIN_MANIFEST', { where: `plugin "${manifest.name}"`, expected, got: String(got) });
  if (!NAME.test(manifest.name)) throw wrong('a name of lower-case words joined by hyphens', manifest.name);
  if (!manifest.summary) throw wrong('a one-sentence summary', 'none');
  const provided = Object.keys(manifest.provides);
  if (provided.length !== 1) throw wrong('exactly one contract in `provides`', provided.join(', ') || 'none');
  return Object.freeze(manifest);
}
