import type { LoadedConfig } from '../config/load.js';
import type { Declarations } from '../contracts/plugin.js';
import { problem } from '../errors.js';
import type { ComposedPlugin } from './compose.js';

interface Declared extends Required<Declarations> {
  readonly plugin: ComposedPlugin;
}

/**
 * Holds what plugins declare to read and write against one another, before anything is loaded.
 * @throws PalimpsestError PLUGIN_CLASH naming both
 */
export function checkDeclarations(plugins: readonly ComposedPlugin[], { origin }: LoadedConfig): void {
  const all = plugins.map(declarationsOf);
  const clash = (one: Declared, other: Declared, expected: string, got: string) =>
    problem('PLUGIN_CLASH', {
      where: origin.where([...one.plugin.path, 'use']),
      expected,
      got: `${got}: ${named(other)} and ${named(one)}`,
      remedy: `Remove one of them or change its options; docs/plugins/ tells what each reads and writes.`,
    });
  for (const [i, one] of all.entries()) {
    for (const other of all.slice(0, i)) {
      const layer = one.writes.linear?.find((kind) => other.writes.linear?.includes(kind));
      if (layer) throw clash(one, other, `one adapter at ${layer}`, 'two');
      const site = contested(one, other);
      if (site) throw clash(one, other, `one plugin that sets ${site}`, 'two that edit them');
    }
    for (const adapter of all) {
      const { variables, pairs } = adapter.writes;
      const wanted = one.reads.variables;
      if (wanted && variables && wanted !== variables) throw clash(one, adapter, lasting[wanted], lasting[variables]);
      if (one.reads.pairs && pairs === false) throw clash(one, adapter, 'low-rank pairs', 'an adapter without');
    }
  }
}

const lasting = {
  run: 'trainable variables that last over the run',
  task: 'trainable variables that are new in every task',
};

function declarationsOf(plugin: ComposedPlugin): Declared {
  const { reads = {}, writes = {} } = plugin.manifest.declares?.(plugin.options) ?? {};
  return { plugin, reads, writes };
}

function named({ plugin }: Declared): string {
  return `"${plugin.manifest.name}"`;
}

/** A kind of activations that both edit, at least one of them in a way that does not add up. */
function contested(one: Declared, other: Declared): string | undefined {
  const [own, others] = [one.writes.activations ?? {}, other.writes.activations ?? {}];
  return Object.keys(own).find((site) => others[site] && [own[site], others[site]].includes('set'));
}
