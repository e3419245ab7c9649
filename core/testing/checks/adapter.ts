import * as tf from '@tensorflow/tfjs-core';
import type { StepRecord } from '../../contracts/observer.js';
import { logitsOf } from '../behaviour.js';
import { type Subject, supports } from '../subject.js';
import { expectClose } from '../tensor-checks.js';
import { type ToyRun, withToyRun } from '../toy-run.js';
import { toyTasks } from '../toy-tasks.js';
import { isLastStep, toyBatch, toyLoss, trainToy } from '../toy-training.js';
import { type Check, check, demand } from './check.js';
import { expectGradient } from './gradient.js';

const TOLERANCE = 1e-4;
const batch = toyBatch();

function adapterCheck(promise: string, body: (run: ToyRun<'adapter'>, subject: Subject) => Promise<void>) {
  return check<'adapter'>('adapter', promise, (subject) => withToyRun(subject, (run) => body(run, subject)));
}

/** What an adapter promises. */
export const adapterChecks: readonly Check<'adapter'>[] = [
  adapterCheck('a task begins with the logits that the last one left', async (run) => {
    let left = logitsOf(run, batch);
    await trainToy(run, {
      beforeSteps: () => {
        expectClose(logitsOf(run, batch, 'current'), left, TOLERANCE, 'logits before the first step');
        expectClose(logitsOf(run, batch, 'before-this-task'), left, TOLERANCE, 'logits of the view before-this-task');
      },
      betweenTasks: () => {
        left = logitsOf(run, batch, 'current');
      },
    });
  }),

  adapterCheck('the view `before-this-task` stays as it was while the task trains', async (run) => {
    let left: ArrayLike<number> = [];
    await trainToy(run, {
      taskStarted: () => {
        left = logitsOf(run, batch, 'current');
      },
      afterSteps: () => expectClose(logitsOf(run, batch, 'before-this-task'), left, TOLERANCE, 'its logits'),
    });
  }),

  adapterCheck('the view `initial` is the bare model, whatever was learnt', async (run) => {
    const bare = logitsOf(run, batch);
    const compare = () => expectClose(logitsOf(run, batch, 'initial'), bare, TOLERANCE, 'its logits');
    await trainToy(run, { betweenTasks: compare, afterSteps: compare });
  }),

  adapterCheck('without its additions, a first task leaves the model bare', async (run) => {
    const bare = logitsOf(run, batch);
    const afterSteps = (task: number) =>
      task === 0 ? expectClose(logitsOf(run, batch), bare, TOLERANCE, 'logits without additions') : undefined;
    await trainToy(run, { afterSteps });
  }),

  adapterCheck('the end of a task changes no logit, whether or not it folds', async (run) => {
    let learnt: ArrayLike<number> | undefined;
    await trainToy(run, {
      afterSteps: () => {
        learnt = logitsOf(run, batch, 'current');
      },
      betweenTasks: () => learnt && expectClose(logitsOf(run, batch, 'current'), learnt, TOLERANCE, 'logits'),
    });
  }),

  adapterCheck('its gradient equals central differences', async (run) => {
    await trainToy(run, {
      step: (_, position) => {
        if (isLastStep(position, toyTasks)) expectGradient(run.adapter, () => toyLoss(run, batch));
      },
    });
  }),

  adapterCheck('the loss falls on both toy tasks', async (run) => {
    const records = await trainToy(run);
    for (const { name } of toyTasks) expectFall(records.filter(({ task }) => task === name));
  }),

  adapterCheck('its variables keep their names', async (run) => {
    const names: string[] = [];
    const look = () => void names.push(Object.keys(run.adapter.trainable()).join(', '));
    await trainToy(run, { beforeSteps: look, afterSteps: look });
    demand(names[0] !== '', 'nothing trains');
    const other = names.find((list) => list !== names[0]);
    demand(other === undefined, `they were ${names[0]} and are ${other}`);
  }),

  adapterCheck('`pairs` is what was added', async (run, subject) => {
    await trainToy(run);
    const pairs = run.adapter.pairs?.('all');
    if (!supports(subject, 'pairs')) return demand(pairs === undefined, 'it has pairs, though `supports` denies them');
    demand(pairs !== undefined, 'there are none; declare `supports: { pairs: false }` if it is not of low rank');
    const learnt = logitsOf(run, batch, 'current');
    await withToyRun(subject, (fresh) => {
      for (const pair of pairs) fold(fresh, pair);
      expectClose(logitsOf(fresh, batch), learnt, TOLERANCE, 'logits of the bare model with its pairs folded');
    });
  }),
];

function fold(
  { backbone }: ToyRun,
  pair: NonNullable<ReturnType<NonNullable<ToyRun['adapter']['pairs']>>>[number],
): void {
  const site = backbone.linearSites.find(({ name }) => name === pair.site);
  demand(site !== undefined, `a pair names the site ${pair.site}, which the model lacks`);
  tf.tidy(() => {
    const a = tf.tensor2d(pair.a, [pair.rank, pair.inFeatures]);
    const b = tf.tensor2d(pair.b, [pair.outFeatures, pair.rank]);
    backbone.fold(site, tf.mul(tf.matMul(b, a), pair.scale));
  });
}

/** The loss of the last steps lies clearly below that of the first. */
function expectFall(records: readonly StepRecord[]): void {
  const losses = records.map(({ loss }) => loss.crossEntropy);
  const [first, last] = [mean(losses.slice(0, 2)), mean(losses.slice(-2))];
  demand(last < 0.9 * first, `on "${records[0].task}" it goes from ${first.toFixed(3)} to ${last.toFixed(3)} nats`);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
