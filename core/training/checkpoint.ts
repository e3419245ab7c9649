import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Moments, PluginState } from '../contracts/moments.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { problem } from '../errors.js';
import { idlePlugin } from './idle-watch.js';
import type { KeptEntry } from './kept-rows.js';
import { groupOf, joinGroups } from './named-tensors.js';
import type { OptimizerState } from './optimizer.js';
import type { Participants } from './participants.js';

const count = z.number().int().min(0);

const summary = z.object({
  task: z.string(),
  steps: count,
  seconds: z.number(),
  truncated: z.object({ prompts: count, answers: count }),
});

const progress = z.object({
  /** Tasks that are trained, `afterTask` included. */
  tasksDone: count,
  /** Optimizer steps done in the task after those; 0: it has not begun. */
  taskStep: count,
  /** Spent in that task. */
  seconds: z.number(),
  summaries: z.array(summary),
  /** Methods that were not seen to act yet. */
  watched: z.array(z.string()),
  /** Methods that were found to do nothing. */
  idle: z.array(idlePlugin).default([]),
});

const saved = z.object({
  progress,
  plugins: z.record(z.string(), z.record(z.string(), z.unknown())),
  optimizerSteps: count.optional(),
  kept: z.array(z.tuple([z.string(), count, count])),
});

/** A task that is over, for the run's summary. */
export type TaskSummary = Readonly<z.infer<typeof summary>>;

/** How far a sequence has come. */
export type Progress = Readonly<z.infer<typeof progress>>;

/** Everything that a sequence needs to go on. */
export interface SequenceState {
  readonly progress: Progress;
  /** Within a task only. */
  readonly optimizer?: OptimizerState;
  /** What the task's kept passes left in their file. */
  readonly kept: readonly KeptEntry[];
}

/** Adapter and methods by the names under which a checkpoint holds them. */
function saving({ adapter, regularizers, interventions }: Participants): [name: string, participant: Moments][] {
  return [
    ['adapter', adapter],
    ...regularizers.map(({ name, regularizer }): [string, Moments] => [`regularizers/${name}`, regularizer]),
    ...interventions.map(({ name, intervention }): [string, Moments] => [`interventions/${name}`, intervention]),
  ];
}

/** Every participant's state and the sequence's own as one; the caller disposes the tensors. */
export function gatherState(participants: Participants, { progress, optimizer, kept }: SequenceState): PluginState {
  const groups: Record<string, NamedTensors> = {};
  const plugins: Record<string, unknown> = {};
  for (const [name, participant] of saving(participants)) {
    const state = participant.state?.();
    if (!state) continue;
    for (const [tensor, { dtype }] of Object.entries(state.tensors)) refuseOther(dtype, `${name}, tensor ${tensor}`);
    plugins[name] = state.json;
    groups[name] = state.tensors;
  }
  groups['optimizer/first'] = optimizer?.first ?? {};
  groups['optimizer/second'] = optimizer?.second ?? {};
  return { tensors: joinGroups(groups), json: { progress, plugins, optimizerSteps: optimizer?.steps, kept } };
}

function refuseOther(dtype: tf.DataType, where: string): void {
  if (dtype === 'float32') return;
  throw problem('TENSOR_INVALID', { where: `the state of ${where}`, expected: 'float32', got: dtype });
}

/** What a participant may have done by then, which nothing but its state tells. */
const lasting = ['beforeTask', 'afterStep', 'afterTask'] as const;

/**
 * Gives every participant its state back. The optimizer's tensors belong to the caller of `gatherState`, as all others.
 * @param where names the checkpoint in errors @throws PalimpsestError CHECKPOINT_INVALID
 */
export function spreadState(participants: Participants, { tensors, json }: PluginState, where: string): SequenceState {
  const parsed = saved.safeParse(json);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw problem('CHECKPOINT_INVALID', {
      where,
      expected: 'what this version saves',
      got: `${path.join('.')}: ${message}`,
    });
  }
  const { progress, plugins, optimizerSteps, kept } = parsed.data;
  const part = (group: string): NamedTensors => groupOf(tensors, group);
  for (const [name, participant] of saving(participants)) {
    if (plugins[name] && participant.restore) participant.restore({ tensors: part(name), json: plugins[name] });
    else if (lasting.some((moment) => participant[moment])) {
      const expected = `a state of ${name}, which takes part in ${lasting.filter((moment) => participant[moment]).join(', ')}`;
      throw problem('CHECKPOINT_INVALID', { where, expected, got: plugins[name] ? 'no way to restore it' : 'none' });
    }
  }
  if (optimizerSteps === undefined) return { progress, kept };
  const optimizer = { first: part('optimizer/first'), second: part('optimizer/second'), steps: optimizerSteps };
  return { progress, kept, optimizer };
}

/** Frees the tensors of a state. */
export function disposeState({ tensors }: PluginState): void {
  tf.dispose(tensors);
}
