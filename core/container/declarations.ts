import type { LoadedConfig } from '../config/load.js';
import type { Declarations } from '../contracts/plugin.js';
import { problem } from '../errors.js';
import { type Choice, choicesWithin } from './choices.js';
import type { ComposedPlugin } from './compose.js';

/** Why two plugins cannot run together, with the plugins under the names that it is given. */
type Clash = (one: string, other: string) => { readonly expected: string; readonly got: string };

/**
 * Holds what plugins declare to read and write against one another, before anything is loaded.
 * @throws PalimpsestError PLUGIN_CLASH naming both, and the options that make the difference
 */
export function checkDeclarations(plugins: readonly ComposedPlugin[], { origin }: LoadedConfig): void {
  for (const [i, one] of plugins.entries()) {
    for (const other of plugins.slice(0, i)) {
      const clash = clashOf(declared(one), declared(other));
      if (!clash) continue;
      const own = waysOut(one, (changed) => !clashOf(changed, declared(other)));
      const others = waysOut(other, (changed) => !clashOf(declared(one), changed));
      throw problem('PLUGIN_CLASH', {
        where: origin.where([...one.path, 'use']),
        ...clash(named(one, own), named(other, others)),
        remedy: remedyOf([...sayings(other, others), ...sayings(one, own)]),
      });
    }
  }
}

function clashOf(one: Declarations, other: Declarations): Clash | undefined {
  const layer = one.writes?.linear?.find((kind) => other.writes?.linear?.includes(kind));
  if (layer) return (a, b) => ({ expected: `one adapter at ${layer}`, got: `two: ${b} and ${a}` });
  const site = contested(one, other);
  if (site) return (a, b) => ({ expected: `one plugin that sets ${site}`, got: `two that edit them: ${b} and ${a}` });
  const given = unfit(other, one);
  return unfit(one, other) ?? (given && ((a, b) => given(b, a)));
}

/** What a reader needs of an adapter that does not have it. */
function unfit({ reads = {} }: Declarations, { writes = {} }: Declarations): Clash | undefined {
  const { variables, pairs } = reads;
  if (variables && writes.variables && variables !== writes.variables) {
    return (reader, adapter) => ({
      expected: `trainable variables that ${needed[variables]}, which ${reader} needs`,
      got: `${adapter}, ${variables === 'run' ? 'which makes new ones in every task' : 'whose variables last over the run'}`,
    });
  }
  if (!pairs || writes.pairs !== false) return undefined;
  return (reader, adapter) => ({
    expected: `low-rank pairs, which ${reader} needs`,
    got: `${adapter}, which has none`,
  });
}

const needed = { run: 'last over the run', task: 'are new in every task' };

/** A kind of activations that both edit, at least one of them in a way that does not add up. */
function contested(one: Declarations, other: Declarations): string | undefined {
  const [own, others] = [one.writes?.activations ?? {}, other.writes?.activations ?? {}];
  return Object.keys(own).find((site) => others[site] && [own[site], others[site]].includes('set'));
}

function declared({ manifest, options }: ComposedPlugin): Declarations {
  return manifest.declares?.(options) ?? {};
}

/** Other choices of single options of the plugin with which what it declares is `fit`. */
function waysOut({ manifest, options }: ComposedPlugin, fit: (declarations: Declarations) => boolean): Choice[] {
  return choicesWithin(manifest.options, options).filter(({ changed }) => fit(manifest.declares?.(changed) ?? {}));
}

/** The plugin's name, and its options that make the difference. */
function named({ manifest, options }: ComposedPlugin, ways: readonly Choice[]): string {
  const keys = [...new Set(ways.map(({ key }) => key))].map((key) => `${key}: ${options[key]}`);
  return `"${manifest.name}"${keys.length > 0 ? ` (${keys.join(', ')})` : ''}`;
}

const sayings = ({ manifest }: ComposedPlugin, ways: readonly Choice[]) =>
  ways.map(({ key, value }) => `\`${key}: ${value}\` for "${manifest.name}"`);

function remedyOf(ways: readonly string[]): string {
  if (ways.length > 0) return `Set ${ways.join(' or ')}, or remove one of them.`;
  return 'Remove one of them or change its options; docs/plugins/ tells what each reads and writes.';
}
