import type { Moments } from '../contracts/moments.js';
import type { Participants } from '../training/participants.js';

/** What plugins say of themselves for the run's summary: methods by name, `adapter`; those that say nothing are left out. */
export function pluginSummaries({ adapter, regularizers, interventions }: Participants): Record<string, unknown> {
  const plugins: (readonly [name: string, plugin: Moments])[] = [
    ['adapter', adapter],
    ...regularizers.map(({ name, regularizer }) => [name, regularizer] as const),
    ...interventions.map(({ name, intervention }) => [name, intervention] as const),
  ];
  return Object.fromEntries(
    plugins.flatMap(([name, plugin]) => {
      const summary = plugin.summary?.();
      return summary === undefined ? [] : [[name, summary]];
    }),
  );
}
