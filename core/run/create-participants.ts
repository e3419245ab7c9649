import type { ComposedPlugin, Composition } from '../container/compose.js';
import type { RunContainer } from '../container/run-container.js';
import { ADAPTER } from '../container/tokens.js';
import { JoinedAdapter } from '../training/joined-adapter.js';
import type { Participants } from '../training/participants.js';
import type { OpenModel } from './open-model.js';

/** Builds what trains and the methods that act on it; methods in the order of their names, so that no result depends on the config's. */
export function createParticipants(
  container: RunContainer,
  plugins: Composition,
  { backbone }: OpenModel,
): Participants {
  const adapters = plugins.adapters.map((plugin) => ({
    name: plugin.manifest.name,
    adapter: container.create(plugin),
  }));
  const adapter = adapters.length === 1 ? adapters[0].adapter : new JoinedAdapter(adapters);
  container.provide(ADAPTER, adapter);
  return {
    backbone,
    adapter,
    adapterName: adapters.map(({ name }) => name).join(', '),
    regularizers: byName(plugins.regularizers).map((plugin) => ({
      name: plugin.manifest.name,
      regularizer: container.create(plugin),
    })),
    interventions: byName(plugins.interventions).map((plugin) => ({
      name: plugin.manifest.name,
      intervention: container.create(plugin),
    })),
  };
}

function byName<P extends ComposedPlugin>(plugins: readonly P[]): P[] {
  return plugins.toSorted((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1));
}
