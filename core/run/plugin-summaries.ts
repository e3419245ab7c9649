import type { Participants } from '../training/participants.js';

/** What methods say of themselves for the run's summary, by name; those that say nothing are left out. */
export function pluginSummaries({ regularizers, interventions }: Participants): Record<string, unknown> {
  const methods = [
    ...regularizers.map(({ name, regularizer }) => ({ name, method: regularizer })),
    ...interventions.map(({ name, intervention }) => ({ name, method: intervention })),
  ];
  return Object.fromEntries(
    methods.flatMap(({ name, method }) => {
      const summary = method.summary?.();
      return summary === undefined ? [] : [[name, summary]];
    }),
  );
}
