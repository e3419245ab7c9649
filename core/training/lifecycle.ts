import type { Intervention } from '../contracts/intervention.js';
import type { Moments } from '../contracts/moments.js';
import type { Observer } from '../contracts/observer.js';
import type { Regularizer } from '../contracts/regularizer.js';

/** Who takes part in a moment; within one role, the order of their names. */
export type Role = 'adapter' | 'regularizers' | 'interventions' | 'observers';

export type MomentName =
  | keyof Observer
  | Exclude<keyof Moments, 'state' | 'restore'>
  | keyof Pick<Regularizer, 'passes' | 'penalty'>
  | keyof Pick<Intervention, 'edits'>;

export interface LifecycleMoment {
  readonly name: MomentName;
  /** How often it comes. */
  readonly each: 'run' | 'task' | 'optimizer step' | 'micro-batch' | 'evaluation set';
  /** In the order in which they are called. */
  readonly who: readonly Role[];
  readonly what: string;
}

const changing: readonly Role[] = ['adapter', 'regularizers', 'interventions'];

/** A run's moments in order. docs/lifecycle.md shows this list. */
export const lifecycle: readonly LifecycleMoment[] = [
  { name: 'probes', each: 'run', who: ['observers'], what: 'Which sets of their own they want scored.' },
  {
    name: 'prepare',
    each: 'run',
    who: changing,
    what: 'Files that options name, and what the tasks bring, are read and checked.',
  },
  { name: 'runStarted', each: 'run', who: ['observers'], what: 'The model is loaded, the data are checked.' },
  { name: 'scored', each: 'evaluation set', who: ['observers'], what: 'The Init row, before the first task.' },
  { name: 'probed', each: 'evaluation set', who: ['observers'], what: 'The same of sets of their own.' },
  { name: 'taskStarted', each: 'task', who: ['observers'], what: 'A task begins.' },
  { name: 'beforeTask', each: 'task', who: changing, what: 'The adapter grows, then methods measure.' },
  { name: 'edits', each: 'micro-batch', who: ['interventions'], what: 'How activations are edited.' },
  { name: 'passes', each: 'micro-batch', who: ['regularizers'], what: 'Which runs of the model are needed.' },
  { name: 'penalty', each: 'micro-batch', who: ['regularizers'], what: 'A term of the loss.' },
  { name: 'afterStep', each: 'optimizer step', who: changing, what: 'What the update did.' },
  { name: 'stepDone', each: 'optimizer step', who: ['observers'], what: 'The record of the step.' },
  {
    name: 'afterTask',
    each: 'task',
    who: ['regularizers', 'interventions', 'adapter'],
    what: 'Methods measure what was learnt, then the adapter freezes and folds it.',
  },
  { name: 'taskDone', each: 'task', who: ['observers'], what: 'A task is over.' },
  { name: 'scored', each: 'evaluation set', who: ['observers'], what: "The task's row of the score matrix." },
  { name: 'probed', each: 'evaluation set', who: ['observers'], what: 'The same of sets of their own.' },
  { name: 'summary', each: 'run', who: changing, what: "What the run's summary says of it." },
  { name: 'runDone', each: 'run', who: ['observers'], what: 'Everything is written.' },
  {
    name: 'dispose',
    each: 'run',
    who: ['observers', 'interventions', 'regularizers', 'adapter'],
    what: 'Each frees its own tensors, the last one built first.',
  },
];
