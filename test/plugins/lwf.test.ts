import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivationEdit, Intervention, PassResult, PenaltyMoment } from '../../core/index.js';
import { toyLosses } from '../../core/testing/index.js';
import lwf, { lwfOptions } from '../../plugins/lwf/plugin.js';
import { LearningWithoutForgetting } from '../../plugins/lwf/regularizer.js';
import { toyTask, trainToy } from '../training/toy-run.js';
import { termsByMicroBatches } from './micro-batches.js';

const build = (options: object = {}) => new LearningWithoutForgetting(lwfOptions.parse(options));

let tensors: number;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

/**
 * Logits of (1/4, 3/4) and (1/2, 1/2) at T = 2 in the first position, equal ones in the second; two rows.
 * KL of the first is 1/4 ln 1/2 + 3/4 ln 3/2 = 0.130812, the other way round 1/2 ln 2 + 1/2 ln 2/3 = 0.143841.
 */
function charge(options: object): number {
  return tf.tidy(() => {
    const teacher = tf.tensor2d([0, Math.log(9), 3, 1], [2, 2]);
    const student = tf.tensor2d([5, 5, 3, 1], [2, 2]);
    const { values, indices: ids } = tf.topk<tf.Tensor2D>(teacher, 1);
    const logSumExp = tf.logSumExp(tf.div(teacher, 2), -1) as tf.Tensor1D;
    const given: Record<string, Partial<PassResult>> = {
      teacher: 'top' in options ? { top: { values, ids, logSumExp } } : { logits: teacher },
      student: { logits: student },
    };
    const moment = { passes: given, batch: { rows: 4 } } as unknown as PenaltyMoment;
    return build(options).penalty(moment).dataSync()[0];
  });
}

describe('lwf', () => {
  it.each([
    ['KL(teacher || student), the mean over positions', {}, 0.130812 / 2],
    ['it three times', { weight: 3 }, 1.5 * 0.130812],
    ['it the other way round', { direction: 'student-teacher' }, 0.143841 / 2],
    ['it with the factor T^2', { squaredTemperature: true }, 2 * 0.130812],
    ['its sum over the rows', { reduction: 'sum-per-row' }, 0.130812 / 4],
    ['that sum as TRACE does', lwf.presets?.trace.options ?? {}, 0.143841 / 4],
    ["the same of the teacher's first choice and all others, which are one here", { top: 1 }, 0.130812 / 2],
  ])('charges %s', (_, options, want) => {
    expect(charge(options)).toBeCloseTo(want, 5);
  });

  it('reads the model before the task and the one that trains, at the positions asked for', () => {
    expect(build().passes()).toEqual({
      teacher: { adapters: 'before-this-task', logits: 'answers', top: undefined, keep: true },
      student: { edits: 'step', logits: 'answers' },
    });
    const logits = (positions: string) => Object.values(build({ positions }).passes()).map((pass) => pass.logits);
    expect(logits('all')).toEqual(['real', 'real']);
    expect(logits('padded')).toEqual(['all', 'all']);
    expect(build({ top: 20 }).passes().teacher.top).toEqual({ count: 20, temperature: 2 });
    expect(build({ student: 'plain' }).passes().student.edits).toEqual([]);
  });

  it('acts from the first task, or from the one that is asked for', () => {
    expect([build().startsAt, build({ startsAt: 1 }).startsAt]).toEqual([0, 1]);
  });

  it.each([
    [{ top: 5, direction: 'student-teacher' }, 'direction', 'teacher-student with `top`'],
    [{ top: 5, positions: 'padded' }, 'positions', 'answers or all with `top`'],
  ])('refuses %o', (options, path, message) => {
    const { error } = lwfOptions.safeParse(options);
    expect(error?.issues).toMatchObject([{ path: [path], message: expect.stringContaining(message) }]);
  });

  it('has a preset of good options', () => {
    expect(lwfOptions.parse(lwf.presets?.trace.options)).toMatchObject({
      weight: 1,
      temperature: 2,
      positions: 'padded',
    });
  });
});

const words: [string, string][] = [
  ['ab', 'c'],
  ['de', 'f'],
  ['gh', 'i'],
  ['jk', 'l'],
];

/** The terms of the steps of two tasks. */
async function terms(options: object, intervention?: Intervention): Promise<number[]> {
  const records = await trainToy([toyTask('one', words, 2), toyTask('two', words.toReversed(), 2)], {
    regularizers: [{ name: 'lwf', regularizer: build(options) }],
    interventions: intervention ? [{ name: 'intervention', intervention }] : [],
  });
  return records.map(({ loss }) => loss.lwf);
}

describe('in training, lwf', () => {
  it('costs nothing in the first step of a task, when the student is the teacher, and something from then on', async () => {
    const costs = await terms({});
    expect(costs).toHaveLength(8);
    for (const step of [0, 4]) expect(Math.abs(costs[step])).toBeLessThan(1e-6);
    for (const step of [1, 2, 3, 5, 6, 7]) expect(costs[step]).toBeGreaterThan(1e-5);
  });

  it('holds the student as it is edited at this step, or the plain one', async () => {
    const twice: ActivationEdit = { site: 'model.layers.0', key: 'twice', apply: (x) => tf.mul(x, 2) };
    const intervention: Intervention = { startsAt: 0, sites: [twice.site], edits: () => [twice] };
    expect((await terms({ student: 'step' }, intervention))[0]).toBeGreaterThan(1e-3);
    expect(Math.abs((await terms({ student: 'plain' }, intervention))[0])).toBeLessThan(1e-6);
  });

  it.each([{}, { positions: 'all' }, { reduction: 'sum-per-row' }])(
    'costs as much in four micro-batches of a row as in one of four rows: %o',
    async (options) => {
      const { whole, parts } = await termsByMicroBatches(() => build(options));
      expect(whole[2]).toBeGreaterThan(1e-3);
      for (const [k, term] of parts.entries()) expect(term).toBeCloseTo(whole[k], 5);
    },
  );

  it('forgets less than plain training on the toy tasks', async () => {
    const forgotten = async (weight: number) => {
      const losses = await toyLosses(lwf, { options: { weight } });
      return losses[2][0] - losses[1][0];
    };
    expect(await forgotten(2)).toBeLessThan(0.5 * (await forgotten(0)));
  });
});
