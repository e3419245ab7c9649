import type { z } from 'zod';
import type { ContractName, PluginManifest } from '../contracts/plugin.js';
import { problem } from '../errors.js';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const CONTRACTS: readonly string[] = [
  'backbone',
  'adapter',
  'regularizer',
  'intervention',
  'benchmark',
  'observer',
] satisfies ContractName[];

/** Marks what definePlugin made; shared by all copies of the package. */
const MADE = Symbol.for('palimpsest.manifest');

/** Checks a manifest and returns it typed. @throws PalimpsestError PLUGIN_MANIFEST */
export function definePlugin<Options extends z.ZodObject>(manifest: PluginManifest<Options>): PluginManifest<Options> {
  const wrong = (expected: string, got: unknown) =>
    problem('PLUGIN_MANIFEST', { where: `plugin "${manifest.name}"`, expected, got: String(got) });
  if (!NAME.test(manifest.name)) throw wrong('a name of lower-case words joined by hyphens', manifest.name);
  if (!manifest.summary) throw wrong('a one-sentence summary', 'none');
  const provided = Object.keys(manifest.provides ?? {});
  if (provided.length !== 1 || !CONTRACTS.includes(provided[0])) {
    throw wrong(`exactly one of ${CONTRACTS.join(', ')} in \`provides\``, provided.join(', ') || 'none');
  }
  if (typeof contractOf(manifest).provided !== 'function') throw wrong('a class in `provides`', 'something else');
  if (typeof manifest.options?.safeParse !== 'function') throw wrong('`options`: a z.strictObject', manifest.options);
  if (manifest.presets && 'preset' in manifest.options.shape) throw wrong('no option `preset` beside `presets`', 'one');
  return Object.freeze(Object.defineProperty(manifest, MADE, { value: true }));
}

/** Whether a value was made by definePlugin. */
export function isPluginManifest(value: unknown): value is PluginManifest {
  return typeof value === 'object' && value !== null && MADE in value;
}

/** The one contract that a plugin fulfils, and the class that does. */
export function contractOf(manifest: PluginManifest<z.ZodObject>): { contract: ContractName; provided: unknown } {
  const [[contract, provided]] = Object.entries(manifest.provides);
  return { contract: contract as ContractName, provided };
}
