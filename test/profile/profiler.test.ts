import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import type { ActivationEdit } from '../../core/contracts/backbone.js';
import { watchOperations } from '../../core/engine/watch-operations.js';
import { profiledPlugin } from '../../core/profile/profiled-plugin.js';
import { Profiler } from '../../core/profile/profiler.js';
import type { ProfileRecord } from '../../core/profile/records.js';
import { profileSummary } from '../../core/profile/summary.js';

let release = () => {};
afterEach(() => release());

function watched(steps: number, most?: number): Profiler {
  const profiler = new Profiler(steps, most);
  release = watchOperations(profiler);
  return profiler;
}

const operate = () => tf.tidy(() => void tf.square(tf.tensor1d([1])));
const operations = (profiler: Profiler) => profiler.profile.records.filter(({ kind }) => kind === 'operation');
const owners = (profiler: Profiler) => operations(profiler).map((one) => (one as { plugin?: string }).plugin);

describe('a profiler', () => {
  it('counts operations to the innermost plugin, and to the core outside of all', () => {
    const profiler = watched(1);
    operate();
    profiler.plugin('outer', 'hook', () => {
      profiler.plugin('inner', 'hook', operate);
      operate();
    });
    operate();
    expect(owners(profiler)).toEqual(['core', 'inner', 'outer', 'core']);
  });

  it('counts a gradient to whom the operation was counted, and what nobody made to the backbone', () => {
    const profiler = watched(1);
    profiler.backbone = 'model';
    const loss = (x: tf.Tensor) => tf.sum(profiler.plugin('method', 'penalty', () => tf.square(x)));
    tf.tidy(() => tf.grad(loss)(tf.tensor1d([1, 2])));
    const hooks = profiler.profile.records.flatMap((one) => (one.kind === 'plugin' ? [one.hook] : []));
    expect(hooks).toContain('backward');
    const backward = profiler.profile.records.findIndex((one) => one.kind === 'pass' && one.name === 'backward');
    const after = profiler.profile.records.slice(backward).flatMap((one) => (one.kind === 'operation' ? [one] : []));
    expect(new Set(after.filter(({ name }) => name === 'Multiply').map(({ plugin }) => plugin))).toEqual(
      new Set(['core', 'method']),
    );
  });

  it('records the first steps of a task and then nothing until another part of the run', () => {
    const profiler = watched(2);
    profiler.span('task', () => {
      for (let step = 0; step < 4; step++) {
        profiler.span('step', operate, String(step));
        operate();
      }
      profiler.span('afterTask', operate);
    });
    const within = operations(profiler).map(({ within }) => within?.name);
    expect(within).toEqual(['step', 'task', 'step', 'task', 'afterTask']);
    const { phases } = profileSummary(profiler.profile, { steps: 2, engine: 'any' });
    expect(phases.map(({ name, count, others }) => [name, count, others.count])).toEqual([
      ['task', 1, 5],
      ['step', 2, 2],
      ['afterTask', 1, 1],
    ]);
  });

  it('ends early where the profile becomes too long, and says so', () => {
    const profiler = watched(5, 3);
    for (let i = 0; i < 5; i++) operate();
    expect(operations(profiler)).toHaveLength(3);
    expect(profileSummary(profiler.profile, { steps: 5, engine: 'any' }).complete).toBe(false);
  });

  it('ends spans of work that fails, at once or later', async () => {
    const profiler = watched(1);
    const fail = () => {
      throw new Error('no');
    };
    expect(() => profiler.plugin('one', 'hook', fail)).toThrow('no');
    await expect(profiler.span('weights', async () => fail())).rejects.toThrow('no');
    operate();
    expect(owners(profiler)).toEqual(['core']);
    expect(operations(profiler)[0].within).toBeUndefined();
  });
});

/** Keeps state where only its own methods may look. */
class Hidden {
  #calls = 0;
  readonly name = 'hidden';

  call(): number {
    return ++this.#calls;
  }

  edits(): ActivationEdit[] {
    return [{ site: 's', key: 'k', apply: (activation) => tf.square(activation) }];
  }
}

describe('a profiled plugin', () => {
  it('is the plugin, with its own state, and with hooks that are recorded', () => {
    const profiler = watched(1);
    const plugin = profiledPlugin(new Hidden(), 'hidden', profiler);
    expect([plugin.call(), plugin.call(), plugin.name, plugin instanceof Hidden]).toEqual([1, 2, 'hidden', true]);
    expect('beforeTask' in plugin).toBe(false);
    expect(plugin.call).toBe(plugin.call);
    const [edit] = plugin.edits();
    tf.tidy(() => void edit.apply(tf.tensor1d([1]), [], undefined as never));
    const told = (one: ProfileRecord) => (one.kind === 'plugin' ? one.hook : one.kind === 'operation' ? one.name : '');
    expect(profiler.profile.records.map(told)).toEqual(['call', 'call', 'edits', 'apply', 'Square']);
    expect(owners(profiler)).toEqual(['hidden']);
  });
});
