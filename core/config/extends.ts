import path from 'node:path';
import { z } from 'zod';
import { problem } from '../errors.js';
import { type ConfigFile, describeValue, readConfigFile } from './config-file.js';

/** A config with everything that it extends. */
export interface MergedConfig {
  readonly value: Record<string, unknown>;
  /** The files that it was merged from; later ones win. */
  readonly files: readonly ConfigFile[];
}

const extendsSchema = z.union([
  z
    .string()
    .min(1)
    .transform((file) => [file]),
  z.array(z.string().min(1)),
]);

/**
 * Reads a config file and merges it over the files that its `extends` names, in their order: objects are merged key by
 * key, anything else (lists too) is replaced. Paths in `extends` are relative to the file that they stand in.
 * @param asker the place that names the file, where one does @throws PalimpsestError CONFIG_FILE, CONFIG_VALUE
 */
export function readMergedConfig(file: string, asker?: string): MergedConfig {
  return merged(readConfigFile(file, asker), []);
}

/** Merges what is read already over what it extends. @throws PalimpsestError CONFIG_FILE, CONFIG_VALUE */
export function mergedOverExtended(own: ConfigFile): MergedConfig {
  return merged(own, []);
}

/** @param chain the files that led here, each extended by the one before it */
function readMerged(file: string, chain: readonly ConfigFile[]): MergedConfig {
  const asker = chain.at(-1);
  return merged(readConfigFile(file, asker && placeOfExtends(asker)), chain);
}

function merged(own: ConfigFile, chain: readonly ConfigFile[]): MergedConfig {
  const { extends: parents, ...value } = own.value;
  const extended = parentsOf(own, parents).map((parent) => {
    const next = path.isAbsolute(parent) ? parent : path.join(path.dirname(own.name), parent);
    refuseCycle(next, [...chain, own]);
    return readMerged(next, [...chain, own]);
  });
  return {
    value: [...extended.map((parent) => parent.value), value].reduce(mergeObjects, {}),
    files: [...extended.flatMap(({ files }) => files), own],
  };
}

function refuseCycle(next: string, chain: readonly ConfigFile[]): void {
  const start = chain.findIndex(({ name }) => path.resolve(name) === path.resolve(next));
  if (start < 0) return;
  throw problem('CONFIG_VALUE', {
    where: placeOfExtends(chain[chain.length - 1]),
    expected: 'files that do not extend one another',
    got: [...chain.slice(start).map(({ name }) => name), next].map((name) => path.basename(name)).join(' -> '),
    remedy: 'Remove one of them from `extends`.',
  });
}

function placeOfExtends(file: ConfigFile): string {
  return `${file.locate(['extends'])}, extends`;
}

function parentsOf(own: ConfigFile, parents: unknown): string[] {
  if (parents === undefined) return [];
  const parsed = extendsSchema.safeParse(parents);
  if (parsed.success) return parsed.data;
  throw problem('CONFIG_VALUE', {
    where: placeOfExtends(own),
    expected: 'a list of files',
    got: describeValue(parents),
  });
}

/** Merges key by key; what is no object is replaced. */
export function mergeObjects(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = Object.hasOwn(base, key) ? base[key] : undefined;
    const merged = isObject(old) && isObject(value) ? mergeObjects(old, value) : value;
    Object.defineProperty(result, key, { value: merged, enumerable: true, configurable: true, writable: true });
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
