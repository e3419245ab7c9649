import path from 'node:path';
import { type MergedConfig, readMergedConfig } from './extends.js';
import { ConfigOrigin } from './origin.js';
import { applyOverride, makeOverride, type Override, parseOverride } from './overrides.js';
import { type RunConfig, runSchema } from './schema.js';
import { validate } from './validate.js';

/** What the command line adds to a config file. */
export interface ConfigOverrides {
  /** `a.b=value` each, later ones win. */
  readonly set?: readonly string[];
  readonly seed?: number | string;
  readonly engine?: string;
  readonly allowIdle?: boolean;
}

/** A config with defaults filled in; the plugins' own options are not checked yet. */
export interface LoadedConfig {
  readonly config: RunConfig;
  /** Absolute path of the config file. */
  readonly file: string;
  /** What relative paths in the config are relative to: the config file's folder, absolute. */
  readonly folder: string;
  readonly origin: ConfigOrigin;
}

/**
 * Reads a YAML or JSON config with what it extends, applies overrides and checks it.
 * @throws PalimpsestError CONFIG_FILE, CONFIG_KEY, CONFIG_VALUE, each with file and line
 */
export function loadConfig(file: string, overrides: ConfigOverrides = {}): LoadedConfig {
  return checkedConfig(file, readMergedConfig(file), commandLine(overrides));
}

/** What the command line sets, in the order in which it is applied. @throws PalimpsestError USAGE, CONFIG_VALUE */
export function commandLine({ set = [], seed, engine, allowIdle }: ConfigOverrides): Override[] {
  return [
    ...set.map(parseOverride),
    ...(engine === undefined ? [] : [makeOverride('--engine', ['engine'], engine)]),
    ...(seed === undefined ? [] : [makeOverride('--seed', ['seed'], seed)]),
    ...(allowIdle ? [makeOverride('--allow-idle', ['training', 'allowIdle'], true)] : []),
  ];
}

/** Applies overrides to what files say together, and checks it. @param file the one that all others belong to */
export function checkedConfig(
  file: string,
  { value, files }: MergedConfig,
  overrides: readonly Override[],
): LoadedConfig {
  const merged = copyTree(value) as Record<string, unknown>;
  for (const override of overrides) applyOverride(merged, override);
  const origin = new ConfigOrigin(files, overrides);
  const absolute = path.resolve(file);
  const config = validate(runSchema, merged, { origin, listedBy: 'docs/commands/run.md' });
  return { config, file: absolute, folder: path.dirname(absolute), origin };
}

/** A copy in which nothing is shared: a YAML anchor used twice becomes two values. */
function copyTree(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyTree);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyTree(inner)]));
}
