import type * as tf from '@tensorflow/tfjs-core';
import type { Intervention } from '../../contracts/intervention.js';
import type { StepPosition } from '../../contracts/moments.js';
import { guardedEdit } from '../guards.js';
import { measured } from '../measured.js';
import { type ToyRun, withToyRun } from '../toy-run.js';
import { toyBatch, trainToy } from '../toy-training.js';
import { type Check, check, demand } from './check.js';

const batch = toyBatch();

function interventionCheck(promise: string, body: (run: ToyRun<'intervention'>) => Promise<void>) {
  return check<'intervention'>('intervention', promise, (subject) => withToyRun(subject, body));
}

/** The edits of every step from the one on in which the intervention starts. */
async function atEveryStep(
  run: ToyRun<'intervention'>,
  look: (edits: ReturnType<Intervention['edits']>, step: StepPosition) => void,
): Promise<void> {
  await trainToy(run, {
    step: (_, step) => {
      if (step.taskIndex >= run.plugin.startsAt) look(run.plugin.edits(step, batch), step);
    },
  });
}

/** What an intervention promises. */
export const interventionChecks: readonly Check<'intervention'>[] = [
  interventionCheck('it edits, and only sites that it declares and the model has', async (run) => {
    const { plugin, backbone } = run;
    const unknown = plugin.sites.find((site) => !backbone.activationSites.some(({ name }) => name === site));
    demand(unknown === undefined, `it declares the site ${unknown}, which the model lacks`);
    let count = 0;
    await atEveryStep(run, (edits) => {
      count += edits.length;
      const other = edits.find(({ site }) => !plugin.sites.includes(site));
      demand(other === undefined, `it edits ${other?.site}, which it does not declare`);
    });
    demand(count > 0, `it makes no edit in any step from task ${plugin.startsAt} on`);
  }),

  interventionCheck('an edit keeps the shape of its activation and leaves it finite', async (run) => {
    await atEveryStep(run, (edits) =>
      measured(() => {
        const { captures } = run.backbone.forward({ batch, captures: edits.map(({ site }) => site) });
        for (const { site, inputs = [], apply } of edits.map(guardedEdit)) {
          const edited = apply(captures[site], inputs, batch);
          demand(edited.dataSync().every(Number.isFinite), `the edit of ${site} gives a value that is not finite`);
        }
      }),
    );
  }),

  interventionCheck('an edit declared `where: answers` changes nothing elsewhere', async (run) => {
    const answers = new Set([...batch.answerStart, ...batch.answerPositions]);
    await atEveryStep(run, (edits) =>
      measured(() => {
        const { captures } = run.backbone.forward({ batch, captures: edits.map(({ site }) => site) });
        for (const { site, inputs = [], apply } of edits.filter(({ where }) => where === 'answers')) {
          const [before, after] = [captures[site], apply(captures[site], inputs, batch)].map(byPosition);
          const touched = before.findIndex(
            (values, position) => !answers.has(position) && differ(values, after[position]),
          );
          demand(touched < 0, `the edit of ${site} changes position ${touched}, which predicts no answer's token`);
        }
      }),
    );
  }),
];

/** An activation's values at every flat position of the batch. */
function byPosition(activation: tf.Tensor): Float32Array[] {
  const values = activation.dataSync<'float32'>();
  const width = values.length / batch.ids.length;
  return Array.from(batch.ids, (_, position) => values.subarray(position * width, (position + 1) * width));
}

function differ(a: Float32Array, b: Float32Array): boolean {
  return a.some((value, i) => value !== b[i]);
}
