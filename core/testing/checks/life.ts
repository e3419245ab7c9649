import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Moments, PluginState, StepPosition } from '../../contracts/moments.js';
import { type Behaviour, behaviourOf, expectSame, frozenWeights, logitsOf, savedStates } from '../behaviour.js';
import type { Subject } from '../subject.js';
import { expectNoLeak } from '../tensor-checks.js';
import { participantsOf, withToyRun } from '../toy-run.js';
import { isLastStep, tasksFor, toyBatch, trainToy } from '../toy-training.js';
import { type Check, check, demand } from './check.js';

/** What every plugin promises over a life of two tasks or more. */
export const lifeChecks: readonly Check[] = [
  check('any-plugin', 'the same seed gives the same numbers', async (subject) => {
    const [first, second] = [await liveOnce(subject), await liveOnce(subject)];
    expectSame({ 'loss by step': second.losses }, { 'loss by step': first.losses }, 0);
    expectSame(second.behaviour, first.behaviour, 0);
  }),

  check('any-plugin', 'two instances share nothing', async (subject) => {
    await withToyRun(subject, async (run) => {
      const last = tasksFor(run).length - 1;
      const seen = () => behaviourOf(run, firstStepOf(last));
      const beforeSteps = async (taskIndex: number) => {
        if (taskIndex !== last) return;
        const before = seen();
        await withToyRun(subject, (other) => trainToy(other), 2);
        expectSame(seen(), before, 0);
      };
      await trainToy(run, { beforeSteps });
    });
  }),

  check('any-plugin', 'its state survives being saved and restored', async (subject) => {
    const { states, position, behaviour } = await liveOnce(subject, true);
    const given = states.flatMap((state) => Object.values(state?.tensors ?? {}));
    demand(!given.some((tensor) => tensor.isDisposed), '`state` gives away tensors of its own; it must give copies');
    try {
      await withToyRun(subject, async (run) => {
        for (const [i, participant] of participantsOf(run).entries()) {
          await participant.prepare?.({ tasks: tasksFor(run) });
          const state = states[i];
          demand(!state === !participant.restore, 'it has only one of `state` and `restore`');
          if (state) participant.restore?.(state);
        }
        expectSame(behaviourOf(run, position), behaviour, 1e-4);
        freeStates(states);
        demand(
          works(() => behaviourOf(run, position)),
          '`restore` keeps tensors that it was given; it must copy them',
        );
      });
    } finally {
      freeStates(states);
    }
  }),

  check('any-plugin', 'interrupted within a task, it goes on to the same losses', async (subject) => {
    const keepFolder = mkdtempSync(join(tmpdir(), 'interrupted-'));
    try {
      const { saved, losses } = await interrupted(subject, keepFolder);
      await withToyRun(subject, async (run) => {
        const checkpoints = { every: 0, start: { state: saved, where: 'the checkpoint' }, save: () => {} };
        const rest = await trainToy(run, {}, tasksFor(run), { checkpoints, keepFolder });
        demand(rest.length < losses.length, 'it began anew');
        const later = rest.map(({ loss }) => loss.total);
        expectSame({ 'loss by step': later }, { 'loss by step': losses.slice(-later.length) }, 0);
      });
    } finally {
      rmSync(keepFolder, { recursive: true });
    }
  }),

  check('any-plugin', 'no step leaves a tensor behind', async (subject) => {
    await withToyRun(subject, async (run) => {
      const counts: number[] = [];
      await trainToy(run, { step: () => void counts.push(tf.memory().numTensors) });
      const [earlier, later] = counts.slice(-2);
      demand(later === earlier, `the number of tensors went from ${earlier} to ${later} in one step`);
    });
  }),

  check('any-plugin', 'dispose frees every tensor that it made and none of others', async (subject) => {
    await expectNoLeak(() =>
      withToyRun(subject, async (run) => {
        await trainToy(run);
        if (run.plugin === run.backbone) return;
        (run.plugin as Moments).dispose?.();
        logitsOf(run, toyBatch(), run.plugin === run.adapter ? undefined : 'current');
      }),
    );
  }),

  check('any-plugin', 'frozen weights stay as they are while a task trains', async (subject) => {
    await withToyRun(subject, async (run) => {
      let start: Behaviour = {};
      await trainToy(run, {
        taskStarted: () => {
          start = frozenWeights(run);
        },
        afterSteps: () => expectSame(frozenWeights(run), start, 0),
      });
    });
  }),
];

interface Life {
  readonly losses: readonly number[];
  /** The last step of the last task, what the plugin did after it, and what a checkpoint would have saved then. */
  readonly position: StepPosition;
  readonly behaviour: Behaviour;
  readonly states: (PluginState | undefined)[];
}

/** Trains a fresh instance and looks at it at its last step. @param saves whether to save states, for the caller to free */
async function liveOnce(subject: Subject, saves = false): Promise<Life> {
  return withToyRun(subject, async (run) => {
    const tasks = tasksFor(run);
    let end: Omit<Life, 'losses'> | undefined;
    const records = await trainToy(run, {
      step: (_, position) => {
        if (!isLastStep(position, tasks)) return;
        const behaviour = behaviourOf(run, position);
        end = { position, behaviour, states: saves ? savedStates(run) : [] };
      },
    });
    return { ...(end as Omit<Life, 'losses'>), losses: records.map(({ loss }) => loss.total) };
  });
}

/** Trains all tasks; what a checkpoint three steps into the last one holds, for the caller to free, and every step's loss. */
async function interrupted(subject: Subject, keepFolder: string): Promise<{ saved: PluginState; losses: number[] }> {
  return withToyRun(subject, async (run) => {
    const tasks = tasksFor(run);
    let saved: PluginState | undefined;
    const save = ({ tensors, json }: PluginState) => {
      const { tasksDone, taskStep } = json.progress as { tasksDone: number; taskStep: number };
      if (tasksDone !== tasks.length - 1 || taskStep !== 3) return;
      const copies = Object.entries(tensors).map(([name, tensor]) => [
        name,
        tf.tensor(tensor.dataSync(), tensor.shape),
      ]);
      saved = { tensors: Object.fromEntries(copies), json: JSON.parse(JSON.stringify(json)) };
    };
    const records = await trainToy(run, {}, tasks, { checkpoints: { every: 3, save }, keepFolder });
    return { saved: saved as PluginState, losses: records.map(({ loss }) => loss.total) };
  });
}

function freeStates(states: readonly (PluginState | undefined)[]): void {
  for (const state of states) tf.dispose(state?.tensors ?? {});
}

function works(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

const firstStepOf = (taskIndex: number): StepPosition => ({
  step: taskIndex * 8 + 1,
  taskIndex,
  taskStep: 0,
  taskSteps: 8,
  epoch: 0,
  epochs: 4,
});
