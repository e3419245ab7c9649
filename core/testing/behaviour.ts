import * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../contracts/adapter.js';
import type { TrainingBatch } from '../contracts/batch.js';
import type { Intervention } from '../contracts/intervention.js';
import type { PluginState, StepPosition } from '../contracts/moments.js';
import type { AdapterView, PassResult } from '../contracts/passes.js';
import type { Regularizer } from '../contracts/regularizer.js';
import { additionsOf } from '../training/additions.js';
import { sharePasses } from '../training/passes.js';
import { runPass } from '../training/run-pass.js';
import { measured } from './measured.js';
import { expectClose } from './tensor-checks.js';
import { participantsOf, type ToyRun } from './toy-run.js';
import { toyBatch } from './toy-training.js';

/** What a plugin does at a moment, as numbers by name: enough to tell whether two plugins are in the same state. */
export type Behaviour = Readonly<Record<string, ArrayLike<number>>>;

/** What the plugin does at a step; changes nothing. */
export function behaviourOf(run: ToyRun, position: StepPosition): Behaviour {
  const batch = toyBatch();
  return measured((): Behaviour => {
    switch (run.contract) {
      case 'backbone':
        return { logits: logitsOf(run, batch) };
      case 'adapter':
        return adapterBehaviour(run, batch);
      case 'regularizer':
        return { penalty: penaltyOf(run, run.plugin as Regularizer, position, batch).dataSync() };
      case 'intervention':
        return { 'edited logits': editedLogits(run, run.plugin as Intervention, position, batch) };
      default:
        return { data: [...JSON.stringify(run.data ?? null)].map((character) => character.codePointAt(0) as number) };
    }
  });
}

/** @throws Error naming what differs by more than the tolerance */
export function expectSame(got: Behaviour, want: Behaviour, tolerance: number): void {
  for (const name of Object.keys(want)) expectClose(got[name] ?? [], want[name], tolerance, name);
}

function adapterBehaviour(run: ToyRun, batch: TrainingBatch): Behaviour {
  const views: AdapterView[] = ['current', 'before-this-task', 'initial'];
  const logits = views.map((view) => [`logits of the view ${view}`, logitsOf(run, batch, view)]);
  const values = Object.entries(run.adapter.trainable()).map(([name, variable]) => [name, variable.dataSync().slice()]);
  return Object.fromEntries([...logits, ...values]);
}

/** Logits at every position of a batch, row by row; without a view, of the model without additions. */
export function logitsOf({ backbone, adapter }: ToyRun, batch: TrainingBatch, view?: AdapterView): ArrayLike<number> {
  const additions = view && additionsOf(adapter, view);
  return tf.tidy(() => (backbone.forward({ batch, logits: 'all', additions }).logits as tf.Tensor).dataSync());
}

/** The regularizer's term on a batch, with the passes that it asks for, shape as it comes. */
export function penaltyOf(run: ToyRun, regularizer: Regularizer, step: StepPosition, batch: TrainingBatch): tf.Scalar {
  return penaltyWithFixed(run, regularizer, step, batch)();
}

/**
 * The term as a function of what trains: passes without gradient are run now, once, the others at every call. Tensors belong
 * to the enclosing tf.tidy.
 */
export function penaltyWithFixed(
  run: ToyRun,
  regularizer: Regularizer,
  position: StepPosition,
  batch: TrainingBatch,
): () => tf.Scalar {
  const step = { ...position, micro: 0 };
  const asked = Object.entries(regularizer.passes?.(step, batch) ?? {});
  const shared = sharePasses(
    asked.map(([, request]) => request),
    { rows: batch },
  );
  const results = (flowing: boolean) =>
    shared.filter(({ gradient }) => gradient === flowing).flatMap((pass) => [...runPass(pass, run)]);
  const fixed = results(false);
  return () => {
    const all = new Map([...fixed, ...results(true)]);
    const passes = Object.fromEntries(asked.map(([name, request]) => [name, all.get(request) as PassResult]));
    return regularizer.penalty({ step, batch, passes, share: () => 1 });
  };
}

function editedLogits(
  { backbone, adapter }: ToyRun,
  intervention: Intervention,
  step: StepPosition,
  batch: TrainingBatch,
): ArrayLike<number> {
  const additions = additionsOf(adapter, 'current');
  const edits = intervention.edits(step, batch);
  return (backbone.forward({ batch, logits: 'all', additions, edits }).logits as tf.Tensor).dataSync();
}

/** Every frozen weight that a linear site names, and the logits of the model without additions: exact copies. */
export function frozenWeights(run: ToyRun): Behaviour {
  const { backbone } = run;
  const weights = backbone.linearSites.map((site) => [
    `the weight of ${site.name}`,
    tf.tidy(() => backbone.weight(site).dataSync().slice()),
  ]);
  return { ...Object.fromEntries(weights), 'the model without additions': logitsOf(run, toyBatch()) };
}

/** Saved states of the adapter and the plugin, through JSON as a checkpoint would have them; the caller frees them. */
export function savedStates(run: ToyRun): (PluginState | undefined)[] {
  return participantsOf(run).map((participant) => {
    const state = participant.state?.();
    return state && { tensors: state.tensors, json: JSON.parse(JSON.stringify(state.json)) };
  });
}

/** The adapter's variables' values by name: exact copies. */
export function trainableValues(adapter: Adapter): Behaviour {
  return Object.fromEntries(
    Object.entries(adapter.trainable()).map(([name, variable]) => [name, variable.dataSync().slice()]),
  );
}
