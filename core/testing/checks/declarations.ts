import * as tf from '@tensorflow/tfjs-core';
import type { ActivationEdit } from '../../contracts/backbone.js';
import type { Declarations } from '../../contracts/plugin.js';
import { measured } from '../measured.js';
import type { Subject } from '../subject.js';
import { withToyRun } from '../toy-run.js';
import { toyBatch, trainToy } from '../toy-training.js';
import { type Check, check, demand } from './check.js';

const TOLERANCE = 1e-4;

function writesOf({ manifest, settings }: Subject): NonNullable<Declarations['writes']> {
  return manifest.declares?.(manifest.options.parse(settings.options ?? {})).writes ?? {};
}

/** What an adapter's declarations promise. */
export const adapterDeclarationChecks: readonly Check<'adapter'>[] = [
  check<'adapter'>('adapter', 'it writes what it declares to write', (subject) =>
    withToyRun(subject, async (run) => {
      const { linear, variables, pairs } = writesOf(subject);
      const { adapter } = run;
      const other = adapter.sites.find(({ kind }) => linear && !linear.includes(kind));
      demand(other === undefined, `it adds to ${other?.name}, and declares ${linear?.join(', ')}`);
      demand(!pairs || (adapter.pairs && adapter.factors) !== undefined, 'it declares pairs and has no such method');
      demand(pairs !== false || adapter.factors === undefined, 'it denies pairs and has factors');
      const seen: tf.Variable[][] = [];
      await trainToy(run, { beforeSteps: () => void seen.push(Object.values(adapter.trainable())) });
      const [first, second] = seen;
      const same = second.filter((variable) => first.includes(variable)).length;
      demand(variables !== 'run' || same === second.length, 'its variables are replaced, though it declares `run`');
      demand(variables !== 'task' || same === 0, 'its variables last, though it declares `task`');
    }),
  ),
];

/** What an intervention's declarations promise. */
export const interventionDeclarationChecks: readonly Check<'intervention'>[] = [
  check<'intervention'>('intervention', 'it edits what it declares to edit, and `add` adds', (subject) =>
    withToyRun(subject, async (run) => {
      const { activations } = writesOf(subject);
      if (!activations) return;
      const batch = toyBatch();
      const look = (edit: ActivationEdit): void => {
        const how = activations[kindOf(edit.site)];
        demand(how !== undefined, `it edits ${edit.site}, and declares ${Object.keys(activations).join(', ')}`);
        if (how !== 'add') return;
        const [activation] = Object.values(run.backbone.forward({ batch, captures: [edit.site] }).captures);
        const added = (to: tf.Tensor) => tf.sub(edit.apply(to, edit.inputs ?? [], batch), to);
        const difference = tf.max(tf.abs(tf.sub(added(activation), added(tf.zerosLike(activation)))));
        demand(difference.dataSync()[0] < TOLERANCE, `what it adds to ${edit.site} depends on what is there`);
      };
      await trainToy(run, {
        step: (_, step) => {
          if (step.taskIndex >= run.plugin.startsAt) measured(() => run.plugin.edits(step, batch).forEach(look));
        },
      });
    }),
  ),
];

/** `heads` of `model.layers.3.heads`; `residual` of `model.layers.3`. */
function kindOf(site: string): string {
  const last = site.slice(site.lastIndexOf('.') + 1);
  return /^\d+$/.test(last) ? 'residual' : last;
}
