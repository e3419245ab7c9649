import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { ActivationEdit } from '../contracts/backbone.js';
import type { StepPosition } from '../contracts/moments.js';
import { problem } from '../errors.js';
import type { NamedIntervention, Participants } from './participants.js';

/** Steps of a task, counted from 0, over which plugins are watched: the second to the fifth. */
const WINDOW = { first: 1, last: 4 };
/** A task with fewer steps is not judged. */
const SHORTEST = 3;

const NOTHING = { term: 'a loss term of exactly 0', edit: 'no edit' };

const count = z.number().int().min(0);

/** A plugin that was found to do nothing, as a checkpoint and the run's summary hold it. */
export const idlePlugin = z.object({
  plugin: z.string(),
  /** The task in which it was found out. */
  task: z.string(),
  /** First and last optimizer step of the task over which it was watched, from 1. */
  steps: z.tuple([count, count]),
  /** What it was seen to do. */
  what: z.string(),
});

export type IdlePlugin = Readonly<z.infer<typeof idlePlugin>>;

/** The plugin, the task and the steps, as errors and warnings name them. */
export function placeOfIdle({ plugin, task, steps: [first, last] }: IdlePlugin): string {
  return `plugin "${plugin}", task "${task}", optimizer steps ${first} to ${last}`;
}

/** @throws PalimpsestError PLUGIN_IDLE */
function refuseIdle(idle: IdlePlugin): never {
  throw problem('PLUGIN_IDLE', { where: placeOfIdle(idle), expected: 'something that it changes', got: idle.what });
}

/** What was found of a regularizer's term in one micro-batch. */
export interface TermProbe {
  /** In nats. */
  readonly term: number;
  /** Whether a gradient other than 0 reaches any variable. */
  readonly flows: boolean;
}

interface Watched {
  readonly name: string;
  readonly startsAt: number;
  /** Whether a term of exactly 0 is no fault. */
  readonly mayRest: boolean;
  /** What it was seen to do wrong last; empty once it was seen to act. */
  idle: string;
}

interface WatchSettings {
  /** Plugins that are watched; all by default. */
  readonly names?: readonly string[];
  /** Those that were found before, where the run goes on from a checkpoint. */
  readonly idle?: readonly IdlePlugin[];
  /** Told once of each plugin that does nothing; refuses it by default. */
  readonly found?: (idle: IdlePlugin) => void;
}

/**
 * Finds plugins that silently do nothing: over the second to the fifth step of the first task in which it acts, a loss term that
 * is exactly zero or has no gradient, or an intervention that changes no activation. A task of fewer than three steps is passed
 * over, one of fewer than five is judged at its end; a window that was not seen whole, because the run goes on from a checkpoint
 * within it, is passed over too. Who is passed over is watched in the next task.
 */
export class IdleWatch {
  private readonly watchedPlugins: Map<string, Watched>;
  /** The last task whose window was seen from its beginning: not that of a run which goes on in the midst of it. */
  private wholeWindow = -1;
  /** Plugins that were found to do nothing. */
  readonly idle: IdlePlugin[];
  private readonly found: (idle: IdlePlugin) => void;

  constructor(
    { regularizers, interventions }: Pick<Participants, 'regularizers' | 'interventions'>,
    { names, idle = [], found = refuseIdle }: WatchSettings = {},
  ) {
    this.idle = [...idle];
    this.found = found;
    const all: Watched[] = [
      ...regularizers.map(({ name, regularizer: { startsAt, mayRest = false } }) => {
        return { name, startsAt, mayRest, idle: NOTHING.term };
      }),
      ...interventions.map(({ name, intervention: { startsAt } }) => {
        return { name, startsAt, mayRest: false, idle: NOTHING.edit };
      }),
    ];
    const watched = all.filter(({ name }) => names === undefined || names.includes(name));
    this.watchedPlugins = new Map(watched.map((one) => [one.name, one]));
  }

  /** What a checkpoint holds of it. */
  get progress(): { readonly watched: string[]; readonly idle: IdlePlugin[] } {
    return { watched: [...this.watchedPlugins.keys()], idle: [...this.idle] };
  }

  /** Plugins that act from a task on, counted from 0, that does not come within so many. */
  beyond(tasks: number): { readonly name: string; readonly startsAt: number }[] {
    return [...this.watchedPlugins.values()].filter(({ startsAt }) => startsAt >= tasks);
  }

  /** Plugins that had a turn within so many tasks, must not rest, and were never judged. */
  unseen(tasks: number): string[] {
    return [...this.watchedPlugins.values()]
      .filter(({ startsAt, mayRest }) => !mayRest && startsAt < tasks)
      .map(({ name }) => name);
  }

  /** The intervention's edits, looked at as they are made while the intervention is watched. */
  watched(
    { name }: NamedIntervention,
    step: StepPosition,
    edits: readonly ActivationEdit[],
  ): readonly ActivationEdit[] {
    const watched = this.open(name, step);
    if (!watched) return edits;
    return edits.map((edit) => ({
      ...edit,
      apply: (activation, inputs, rows) => {
        const edited = edit.apply(activation, inputs, rows);
        if (watched.idle) watched.idle = differs(activation, edited) ? '' : 'edits that change no activation';
        return edited;
      },
    }));
  }

  /** Whether a regularizer's term is still to be looked at in this step. */
  wants(name: string, step: StepPosition): boolean {
    return this.open(name, step) !== undefined;
  }

  /** Takes what was found of a regularizer's term. */
  saw(name: string, { term, flows }: TermProbe): void {
    const watched = this.watchedPlugins.get(name) as Watched;
    if (term === 0) watched.idle = NOTHING.term;
    else watched.idle = flows ? '' : 'a loss term without gradient';
  }

  /** Judges at the end of the window. @throws PalimpsestError PLUGIN_IDLE unless `found` takes what is idle */
  stepDone(step: StepPosition, task: string): void {
    const last = Math.min(WINDOW.last, step.taskSteps - 1);
    if (step.taskStep === WINDOW.first) this.wholeWindow = step.taskIndex;
    if (step.taskSteps < SHORTEST || step.taskStep !== last || step.taskIndex !== this.wholeWindow) return;
    for (const { name, startsAt, mayRest, idle } of this.watchedPlugins.values()) {
      if (step.taskIndex < startsAt || (mayRest && idle === NOTHING.term)) continue;
      if (idle) this.judge({ plugin: name, task, steps: [WINDOW.first + 1, last + 1], what: idle });
      this.watchedPlugins.delete(name);
    }
  }

  private judge(idle: IdlePlugin): void {
    this.found(idle);
    this.idle.push(idle);
  }

  private open(name: string, { taskIndex, taskStep }: StepPosition): Watched | undefined {
    const watched = this.watchedPlugins.get(name);
    if (!watched?.idle || taskIndex < watched.startsAt) return undefined;
    return taskStep >= WINDOW.first && taskStep <= WINDOW.last ? watched : undefined;
  }
}

function differs(before: tf.Tensor, after: tf.Tensor): boolean {
  return tf.tidy(() => tf.any(tf.notEqual(before, after)).dataSync()[0] !== 0);
}
