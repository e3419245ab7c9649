import { resolve } from 'node:path';
import type { z } from 'zod';
import { type ConfigPath, describeValue } from '../config/config-file.js';
import type { LoadedConfig } from '../config/load.js';
import { didYouMean } from '../config/nearest.js';
import { absolutePaths } from '../config/paths.js';
import type { PluginUse, RunConfig } from '../config/schema.js';
import { type ValuePlace, validate } from '../config/validate.js';
import type { ContractName, PluginManifest } from '../contracts/plugin.js';
import { type ProblemDetails, problem } from '../errors.js';
import { checkDeclarations } from './declarations.js';
import { contractOf } from './define-plugin.js';
import { isPathLike } from './external.js';
import type { PluginRegistry } from './plugin-registry.js';

/** A plugin of a run with its validated options. */
export interface ComposedPlugin<C extends ContractName = ContractName> {
  readonly contract: C;
  readonly manifest: PluginManifest;
  /** The plugin's name, package or absolute path. */
  readonly use: string;
  readonly options: z.infer<PluginManifest['options']>;
  /** Its place in the config. */
  readonly path: ConfigPath;
}

/** Every plugin of a run, in the order of the config. */
export interface Composition {
  readonly backbone: ComposedPlugin<'backbone'>;
  /** At least one. */
  readonly adapters: readonly ComposedPlugin<'adapter'>[];
  readonly benchmark: ComposedPlugin<'benchmark'>;
  readonly regularizers: readonly ComposedPlugin<'regularizer'>[];
  readonly interventions: readonly ComposedPlugin<'intervention'>[];
  readonly observers: readonly ComposedPlugin<'observer'>[];
  /** The config with every option of every plugin filled in; runs the same again. */
  readonly resolved: RunConfig;
}

/**
 * Finds the config's plugins, checks their options, and that they can run together. Nothing is built yet.
 * @throws PalimpsestError PLUGIN_*, CONFIG_KEY, CONFIG_VALUE
 */
export async function composePlugins(loaded: LoadedConfig, registry: PluginRegistry): Promise<Composition> {
  const { config } = loaded;
  const find = <C extends ContractName>(contract: C, use: PluginUse, path: ConfigPath) =>
    findPlugin({ loaded, registry, contract, use, path });
  const findAll = async <C extends ContractName>(contract: C, uses: readonly PluginUse[], path: ConfigPath) => {
    const found: ComposedPlugin<C>[] = [];
    for (const [index, use] of uses.entries()) found.push(await find(contract, use, [...path, index]));
    return found;
  };
  const parts = {
    backbone: await find('backbone', config.backbone, ['backbone']),
    adapters: Array.isArray(config.adapter)
      ? await findAll('adapter', config.adapter, ['adapter'])
      : [await find('adapter', config.adapter, ['adapter'])],
    benchmark: await find('benchmark', config.benchmark, ['benchmark']),
    regularizers: await findAll('regularizer', config.regularizers, ['regularizers']),
    interventions: await findAll('intervention', config.interventions, ['interventions']),
    observers: await findAll('observer', config.observers, ['observers']),
  };
  const all: ComposedPlugin[] = Object.values(parts).flat();
  await checkTogether(all, loaded, registry);
  checkDeclarations(all, loaded);
  return { ...parts, resolved: resolvedConfig(config, parts) };
}

interface Asked<C extends ContractName> {
  readonly loaded: LoadedConfig;
  readonly registry: PluginRegistry;
  readonly contract: C;
  readonly use: PluginUse;
  readonly path: ConfigPath;
}

async function findPlugin<C extends ContractName>(asked: Asked<C>): Promise<ComposedPlugin<C>> {
  const { loaded, registry, contract, path } = asked;
  const { use, ...given } = asked.use;
  const { origin } = loaded;
  const usePath = [...path, 'use'];
  const folder = origin.folder(usePath);
  const manifest = await registry.find(use, { folder, where: origin.where(usePath), contract });
  const { contract: provided } = contractOf(manifest);
  if (provided !== contract) {
    throw problem('CONFIG_VALUE', {
      where: origin.where(usePath),
      expected: `a plugin that provides ${article(contract)}`,
      got: `"${manifest.name}", ${article(provided)}`,
      remedy: '`palimpsest plugins` lists the plugins by what they provide.',
    });
  }
  const place = { origin, path, listedBy: `\`palimpsest plugins ${use}\`` };
  const chosen = withPreset(manifest, given, place);
  const options = validate(manifest.options, absolutePaths(manifest.options, chosen, place), place);
  const name = isPathLike(use) ? resolve(folder, use) : use;
  return { contract, manifest, use: name, options, path };
}

/** The options of the preset that the config names, those given over them. @throws PalimpsestError CONFIG_VALUE */
function withPreset({ name, presets }: PluginManifest, given: Given, { origin, path = [] }: ValuePlace): Given {
  if (!presets || given.preset === undefined) return given;
  const { preset, ...own } = given;
  const found = Object.hasOwn(presets, String(preset)) ? presets[String(preset)] : undefined;
  if (found) return { ...found.options, ...own };
  const names = Object.keys(presets);
  throw problem('CONFIG_VALUE', {
    where: origin.where([...path, 'preset']),
    expected: `a preset of "${name}": ${names.join(', ')}`,
    got: `${describeValue(preset)}${didYouMean(String(preset), names)}`,
  });
}

type Given = Record<string, unknown>;

const article = (contract: ContractName) => `${/^[aio]/.test(contract) ? 'an' : 'a'} ${contract}`;

/**
 * An adapter may be there twice, for other layers.
 * @throws PalimpsestError PLUGIN_CLASH for a plugin that is there twice, PLUGIN_MISSING for one that another needs
 */
async function checkTogether(
  plugins: readonly ComposedPlugin[],
  { origin }: LoadedConfig,
  registry: PluginRegistry,
): Promise<void> {
  const names = plugins.map(({ manifest }) => manifest.name);
  for (const [index, plugin] of plugins.entries()) {
    const { manifest, path, contract } = plugin;
    const where = origin.where([...path, 'use']);
    if (names.indexOf(manifest.name) !== index && contract !== 'adapter') {
      throw problem('PLUGIN_CLASH', { where, expected: 'every plugin once', got: `"${manifest.name}" twice` });
    }
    const missing = manifest.requires?.find((name) => !names.includes(name));
    if (missing) throw problem('PLUGIN_MISSING', { where, ...(await lackOf(missing, plugin, plugins, registry)) });
  }
}

/** What is said of a plugin that another needs: as what, and who is there in its place. */
async function lackOf(
  missing: string,
  { manifest }: ComposedPlugin,
  plugins: readonly ComposedPlugin[],
  registry: PluginRegistry,
): Promise<ProblemDetails> {
  const expected = (role = '') => `"${missing}"${role}, which "${manifest.name}" needs`;
  if (!registry.builtIn().includes(missing)) {
    return { expected: expected(), got: 'none', remedy: `Add "${missing}" to the config.` };
  }
  const { contract } = contractOf(await registry.find(missing));
  const there = plugins.filter((plugin) => plugin.contract === contract).map((plugin) => `"${plugin.manifest.name}"`);
  const many = !['backbone', 'adapter', 'benchmark'].includes(contract);
  return {
    expected: expected(` as ${article(contract)}`),
    got: there.join(', ') || 'none',
    remedy: many ? `Add \`use: ${missing}\` to \`${contract}s\`.` : `Set \`${contract}.use: ${missing}\`.`,
  };
}

function resolvedConfig(config: RunConfig, parts: Omit<Composition, 'resolved'>): RunConfig {
  const filled = ({ use, options }: ComposedPlugin): PluginUse => ({ use, ...options });
  return {
    ...config,
    backbone: filled(parts.backbone),
    adapter: parts.adapters.length === 1 ? filled(parts.adapters[0]) : parts.adapters.map(filled),
    benchmark: filled(parts.benchmark),
    regularizers: parts.regularizers.map(filled),
    interventions: parts.interventions.map(filled),
    observers: parts.observers.map(filled),
  };
}
