import type { Adapter } from '../contracts/adapter.js';
import type { Backbone } from '../contracts/backbone.js';
import type { Intervention } from '../contracts/intervention.js';
import type { Moments } from '../contracts/moments.js';
import type { Regularizer } from '../contracts/regularizer.js';
import { lifecycle, type MomentName } from './lifecycle.js';

export interface NamedRegularizer {
  /** The name of its term in the step's loss; unique in the run. */
  readonly name: string;
  readonly regularizer: Regularizer;
}

export interface NamedIntervention {
  readonly name: string;
  readonly intervention: Intervention;
}

/** The model, what trains, and the methods that act on it; lists in the order of their names. */
export interface Participants {
  readonly backbone: Backbone;
  readonly adapter: Adapter;
  /** What errors call the adapter; `adapter` by default. */
  readonly adapterName?: string;
  readonly regularizers: readonly NamedRegularizer[];
  readonly interventions: readonly NamedIntervention[];
}

/** Those who take part in a moment, in the order that the lifecycle gives. */
export function whoTakesPart(participants: Participants, name: MomentName): Moments[] {
  const byRole = {
    adapter: [participants.adapter],
    regularizers: participants.regularizers.map(({ regularizer }) => regularizer),
    interventions: participants.interventions.map(({ intervention }) => intervention),
    observers: [],
  };
  const moment = lifecycle.find((entry) => entry.name === name);
  return (moment?.who ?? []).flatMap((role): Moments[] => byRole[role]);
}
