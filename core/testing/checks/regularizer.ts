import * as tf from '@tensorflow/tfjs-core';
import type { Regularizer } from '../../contracts/regularizer.js';
import { expectSame, frozenWeights, penaltyOf, penaltyWithFixed, trainableValues } from '../behaviour.js';
import { type ToyRun, withToyRun } from '../toy-run.js';
import { isLastStep, tasksFor, toyBatch, trainToy } from '../toy-training.js';
import { type Check, check, demand } from './check.js';
import { expectGradient } from './gradient.js';

const batch = toyBatch();

function regularizerCheck(promise: string, body: (run: ToyRun<'regularizer'>) => Promise<void>) {
  return check<'regularizer'>('regularizer', promise, (subject) => withToyRun(subject, body));
}

/** Calls `look` with the penalty as it stands at the last step of the last task. */
async function atLastStep(run: ToyRun<'regularizer'>, look: (penalty: () => tf.Scalar) => void): Promise<void> {
  const tasks = tasksFor(run);
  await trainToy(run, {
    step: (_, position) => {
      if (isLastStep(position, tasks)) look(() => penaltyOf(run, run.plugin as Regularizer, position, batch));
    },
  });
}

/** What a regularizer promises. */
export const regularizerChecks: readonly Check<'regularizer'>[] = [
  regularizerCheck('its penalty is a finite scalar', (run) =>
    atLastStep(run, (penalty) =>
      tf.tidy(() => {
        const [value] = penalty().dataSync();
        demand(Number.isFinite(value), `it is ${value}`);
      }),
    ),
  ),

  regularizerCheck('it costs nothing before the task in which it starts, and something from then on', async (run) => {
    const { startsAt } = run.plugin;
    const terms: number[][] = tasksFor(run).map(() => []);
    await trainToy(run, { step: ({ loss }, { taskIndex }) => void terms[taskIndex].push(loss.plugin) });
    const early = terms.slice(0, startsAt).flat().find(Boolean);
    demand(early === undefined, `it costs ${early} nats before task ${startsAt}`);
    demand(terms.slice(startsAt).flat().some(Boolean), `it costs 0 in every step from task ${startsAt} on`);
  }),

  regularizerCheck('the gradient of its penalty equals central differences', async (run) => {
    const tasks = tasksFor(run);
    await trainToy(run, {
      step: (_, position) => {
        if (!isLastStep(position, tasks)) return;
        tf.tidy(() => expectGradient(run.adapter, penaltyWithFixed(run, run.plugin as Regularizer, position, batch)));
      },
    });
  }),

  regularizerCheck('its penalty returns a term and touches nothing', async (run) => {
    await atLastStep(run, (penalty) => {
      const before = { ...frozenWeights(run), ...trainableValues(run.adapter) };
      const { numTensors } = tf.memory();
      tf.tidy(() => void penalty());
      const left = tf.memory().numTensors - numTensors;
      demand(left === 0, `the number of tensors changes by ${left}`);
      expectSame({ ...frozenWeights(run), ...trainableValues(run.adapter) }, before, 0);
    });
  }),
];
