import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { ActivationEdit } from '../../core/contracts/backbone.js';
import type { Intervention } from '../../core/contracts/intervention.js';
import type { StepPosition } from '../../core/contracts/moments.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';
import { IdleWatch } from '../../core/training/idle-watch.js';
import { trainSequence } from '../../core/training/sequence.js';
import { toySequence, toyTask, trainToy } from './toy-run.js';

/** A task of so many steps, a row each. */
const taskOf = (name: string, steps: number) =>
  toyTask(
    name,
    [...'abcdefgh'].slice(0, steps).map((letter) => [`${letter}x`, letter]),
  );

/** A regularizer with a term of its own in every step. */
function costing(term: (step: StepPosition, logits: tf.Tensor) => tf.Tensor, startsAt = 0): Regularizer {
  return {
    over: 'answers',
    startsAt,
    passes: () => ({ own: { logits: 'answers' } }),
    penalty: ({ step, passes: { own } }) => term(step, own.logits as tf.Tensor) as tf.Scalar,
  };
}

function editing(edits: (step: StepPosition) => readonly ActivationEdit[]): Intervention {
  return { startsAt: 0, sites: ['model.layers.0'], edits };
}

const times = (factor: number): ActivationEdit => ({
  site: 'model.layers.0',
  key: `times ${factor}`,
  apply: (x) => tf.mul(x, factor),
});

interface Plugins {
  readonly regularizers?: Record<string, Regularizer>;
  readonly interventions?: Record<string, Intervention>;
}

const train = (
  steps: readonly number[],
  { regularizers = {}, interventions = {} }: Plugins,
  settings: Record<string, unknown> = {},
) =>
  trainToy(
    steps.map((count, i) => taskOf(`task ${i + 1}`, count)),
    {
      settings: { batchSize: 1, allowIdle: false, ...settings },
      regularizers: Object.entries(regularizers).map(([name, regularizer]) => ({ name, regularizer })),
      interventions: Object.entries(interventions).map(([name, intervention]) => ({ name, intervention })),
    },
  );

const nothing = costing(() => tf.scalar(0));
const something = costing((_, logits) => tf.mean(tf.square(logits)));

describe('a run', () => {
  it('ends after the fifth step of a task in which a plugin has cost nothing since the second', async () => {
    const run = train([6], { regularizers: { good: something, zero: nothing } });
    await expect(run).rejects.toThrow(
      /PLUGIN_IDLE.*plugin "zero", task "task 1", optimizer steps 2 to 5.*a loss term of exactly 0/,
    );
  });

  it('goes on where a term is 0 in the first step, or in some', async () => {
    const late = costing(({ taskStep }, logits) => tf.mul(tf.mean(logits), taskStep === 3 ? 1 : 0));
    expect(await train([6], { regularizers: { late } })).toHaveLength(6);
  });

  it('ends where a term has no gradient', async () => {
    const run = train([6], { regularizers: { fixed: costing(() => tf.scalar(3)) } });
    await expect(run).rejects.toThrow(/PLUGIN_IDLE.*"fixed".*a loss term without gradient/);
  });

  it.each<[string, Intervention]>([
    ['no edit', editing(() => [])],
    ['edits that change no activation', editing(() => [times(1)])],
  ])('ends where an intervention makes %s', async (what, idle) => {
    await expect(train([6], { interventions: { idle } })).rejects.toThrow(new RegExp(`PLUGIN_IDLE.*"idle".*${what}`));
    const fading = editing(({ taskStep }) => (taskStep === 4 ? [times(0.9)] : idle.edits({} as never, {} as never)));
    expect(await train([6], { interventions: { fading } })).toHaveLength(6);
  });

  it('judges a task of three steps at its end, and passes over a shorter one', async () => {
    const run = train([2, 3, 6], { regularizers: { zero: nothing } });
    await expect(run).rejects.toThrow(/PLUGIN_IDLE.*task "task 2", optimizer steps 2 to 3/);
    expect(await train([2, 2], { regularizers: { zero: nothing } })).toHaveLength(4);
  });

  it('judges a plugin by the first task in which it acts', async () => {
    const later = costing(() => tf.scalar(0), 1);
    const run = train([6, 6], { regularizers: { later } });
    await expect(run).rejects.toThrow(/PLUGIN_IDLE.*task "task 2"/);
    const once = costing(({ taskIndex }, logits) => tf.mul(tf.mean(logits), taskIndex === 0 ? 1 : 0));
    expect(await train([6, 6], { regularizers: { once } })).toHaveLength(12);
  });

  it('says how to go on nevertheless', async () => {
    await expect(train([6], { regularizers: { zero: nothing } })).rejects.toThrow(
      /`palimpsest run --resume DIR --allow-idle` goes on nevertheless/,
    );
  });
});

describe('a run that may go on with idle plugins', () => {
  const what = 'a loss term of exactly 0';

  /** What it warned of, and what its summary says. */
  async function told(regularizers: Record<string, Regularizer>) {
    const seen: string[] = [];
    const parts = await toySequence([taskOf('task 1', 6), taskOf('task 2', 6)], {
      settings: { batchSize: 1, allowIdle: true },
      regularizers: Object.entries(regularizers).map(([name, regularizer]) => ({ name, regularizer })),
      observers: [{ warned: (message) => void seen.push(message) }],
    });
    const { idle } = await trainSequence(parts);
    for (const part of [parts.adapter, parts.backbone]) part.dispose();
    return { seen, idle };
  }

  it('warns once of each, and tells of it in the summary', async () => {
    const { seen, idle } = await told({ something, zero: nothing });
    expect(seen).toEqual([expect.stringMatching(`^plugin "zero", task "task 1", optimizer steps 2 to 5: .*${what}`)]);
    expect(idle).toEqual([{ plugin: 'zero', task: 'task 1', steps: [2, 5], what }]);
  });
});

describe('a run that ends without a verdict', () => {
  async function warnings(steps: readonly number[], regularizer: Regularizer): Promise<string[]> {
    const seen: string[] = [];
    const tasks = steps.map((count, i) => taskOf(`task ${i + 1}`, count));
    const observers = [{ warned: (message: string) => void seen.push(message) }];
    const regularizers = [{ name: 'own', regularizer }];
    await trainToy(tasks, { settings: { batchSize: 1, allowIdle: false }, regularizers, observers });
    return seen;
  }

  it('warns of a plugin that would have acted from a later task on', async () => {
    const [warning, ...more] = await warnings([3], { ...something, startsAt: 1 });
    expect(warning).toBe('plugin "own" does nothing in this run: it acts from task 2 on, and the run has 1');
    expect(more).toEqual([]);
  });

  it('warns of a plugin that no task was long enough to judge, unless it may rest', async () => {
    const [warning, ...more] = await warnings([2, 2], nothing);
    expect(warning).toContain('"own" was not seen to act');
    expect(more).toEqual([]);
    expect(await warnings([2, 2], { ...nothing, mayRest: true })).toEqual([]);
    expect(await warnings([3], something)).toEqual([]);
  });

  it('lets a plugin that may rest cost nothing, but not without gradient', async () => {
    expect(await warnings([6], { ...nothing, mayRest: true })).toEqual([]);
    const fixed = { ...costing(() => tf.scalar(3)), mayRest: true };
    await expect(warnings([6], fixed)).rejects.toThrow(/PLUGIN_IDLE.*without gradient/);
  });
});

describe('the watch', () => {
  it('of a run that goes on watches those that were not seen to act', () => {
    const regularizers = ['seen', 'new'].map((name) => ({ name, regularizer: nothing }));
    const watch = new IdleWatch({ regularizers, interventions: [] }, { names: ['new'] });
    expect(watch.progress).toEqual({ watched: ['new'], idle: [] });
    const at = { taskIndex: 0, taskStep: 1, taskSteps: 9 } as StepPosition;
    expect(['seen', 'new'].map((name) => watch.wants(name, at))).toEqual([false, true]);
  });

  it('looks from the second step on, until it has seen the plugin act', () => {
    const watch = new IdleWatch({ regularizers: [{ name: 'own', regularizer: something }], interventions: [] });
    const at = (taskStep: number) => ({ taskIndex: 0, taskStep, taskSteps: 9 }) as StepPosition;
    expect([0, 1, 4, 5].map((step) => watch.wants('own', at(step)))).toEqual([false, true, true, false]);
    watch.saw('own', { term: 0, flows: true });
    expect(watch.wants('own', at(2))).toBe(true);
    watch.saw('own', { term: 2, flows: true });
    expect(watch.wants('own', at(2))).toBe(false);
    watch.stepDone(at(4), 'toy');
  });
});
