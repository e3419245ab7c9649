import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { groupOf, type Observer, type StepPosition, type TaskMoment } from '../../core/index.js';
import { describePlugin, toyLosses } from '../../core/testing/index.js';
import { trainSequence } from '../../core/training/sequence.js';
import manifest, { siOptions } from '../../plugins/si/plugin.js';
import { SynapticIntelligence } from '../../plugins/si/regularizer.js';
import { numbers, toySequence, toyTask } from '../training/toy-run.js';
import { disposing } from './owned.js';
import { OneVector } from './small-adapters.js';

const single = { use: 'inc-lora', growth: 'single', rank: 4 };

describePlugin(manifest, { adapter: single, options: { c: 0.1, xi: 0.1 } });

/** A step of the weights by `update`, of the gradient `g`, which was then clipped by a factor. */
interface Step {
  readonly g: number[];
  readonly update: number[];
  readonly clipping?: number;
}

describe('si', () => {
  const own = disposing();
  const pull = (adapter: OneVector, options: Record<string, unknown> = {}) =>
    own(new SynapticIntelligence(siOptions.parse({ c: 2, xi: 0.5, ...options }), adapter));
  const cost = (regularizer: SynapticIntelligence) => tf.tidy(() => numbers(regularizer.penalty())[0]);

  /** Trains as a run does: the update first, then afterStep inside a tidy. */
  function train(adapter: OneVector, regularizer: SynapticIntelligence, steps: Step[]): void {
    for (const { g, update, clipping = 1 } of steps) {
      adapter.move(numbers(adapter.w).map((value, i) => value + update[i]));
      tf.tidy(() => {
        const gradients = { w: tf.tensor1d(g) };
        regularizer.afterStep({ step: {} as StepPosition, gradients, clipping, updates: { w: tf.tensor1d(update) } });
      });
    }
  }

  function task(adapter: OneVector, regularizer: SynapticIntelligence, taskIndex: number, steps: Step[]): void {
    regularizer.beforeTask({ taskIndex } as TaskMoment);
    train(adapter, regularizer, steps);
    regularizer.afterTask();
  }

  /*
   * The first weight goes by 1/2 twice, against gradients -2 and -1: omega = 1 + 1/2, Delta = 1, Omega = 1.5 / (1 + xi). The
   * second one goes up the loss: omega = -1, Omega = 0.
   */
  const steps: Step[] = [
    { g: [-2, 1], update: [0.5, 0.5] },
    { g: [-1, 1], update: [0.5, 0.5] },
  ];

  /* The same in a second task: with c = 2 and Omega = 1 the term's own gradient is 2 x 2 x 1 x 0.5 = 2 at the second step. */
  const later: Step[] = [steps[0], { g: [-1 + 2, 1], update: [0.5, 0.5] }];

  it('costs c Omega d^2 = 2 x 1.5 / (1 + 0.5) x 3^2 = 18 nats for a weight that moved by 3', () => {
    const adapter = own(new OneVector([4, 4]));
    const regularizer = pull(adapter);
    task(adapter, regularizer, 0, steps);
    expect(cost(regularizer)).toBe(0);
    adapter.move([5 + 3, 5]);
    expect(cost(regularizer)).toBeCloseTo(18, 5);
  });

  it('holds no weight that went up the loss', () => {
    const adapter = own(new OneVector([4, 4]));
    const regularizer = pull(adapter);
    task(adapter, regularizer, 0, steps);
    adapter.move([5, 5 + 3]);
    expect(cost(regularizer)).toBe(0);
  });

  it('takes the gradient as it was before clipping', () => {
    const adapter = own(new OneVector([4, 4]));
    const regularizer = pull(adapter);
    task(
      adapter,
      regularizer,
      0,
      steps.map((step) => ({ ...step, clipping: 0.25 })),
    );
    adapter.move([5 + 3, 5]);
    expect(cost(regularizer)).toBeCloseTo(18, 5);
  });

  it("adds up the tasks' importances around the newest weights, each over its own way: Omega = 1 + 0.25 / (0.25 + 0.5)", () => {
    const adapter = own(new OneVector([4, 4]));
    const regularizer = pull(adapter);
    task(adapter, regularizer, 0, steps);
    task(adapter, regularizer, 1, [{ g: [-0.5, 0], update: [0.5, 0] }]);
    adapter.move([5.5 + 3, 5]);
    expect(cost(regularizer)).toBeCloseTo(2 * (1 + 1 / 3) * 9, 4);
  });

  it('leaves its own part of the gradient out: Omega = 1 + 1.5 / (1 + 0.5)', () => {
    const adapter = own(new OneVector([4, 4]));
    const regularizer = pull(adapter);
    task(adapter, regularizer, 0, steps);
    task(adapter, regularizer, 1, later);
    adapter.move([6 + 3, 6]);
    expect(cost(regularizer)).toBeCloseTo(36, 4);
  });

  it.each([0, 1])('goes on from its saved state in the middle of task %i', (taskIndex) => {
    const adapter = own(new OneVector([4, 4]));
    const regularizer = pull(adapter);
    for (let t = 0; t < taskIndex; t++) task(adapter, regularizer, t, steps);
    regularizer.beforeTask({ taskIndex } as TaskMoment);
    const [first, second] = taskIndex === 0 ? steps : later;
    train(adapter, regularizer, [first]);
    const state = regularizer.state();
    const restored = pull(adapter);
    restored.restore({ tensors: state.tensors, json: JSON.parse(JSON.stringify(state.json)) });
    tf.dispose(state.tensors);
    train(adapter, restored, [second]);
    restored.afterTask();
    const [start] = numbers(adapter.w);
    adapter.move([start + 3, 5]);
    expect(cost(restored)).toBeCloseTo(18 * (taskIndex + 1), 4);
  });

  it.each([{ c: -1 }, { xi: 0 }])('refuses %o', (options) => {
    expect(() => siOptions.parse(options)).toThrow(Object.keys(options)[0]);
  });
});

it("si shares out the drop of a task's loss among the weights: their parts add up to it, in small steps", async () => {
  const examples = [...'abcdefgh'].map((letter): [string, string] => [letter, 'x']);
  const tasks = [
    toyTask('one', examples, 7),
    toyTask(
      'two',
      examples.map(([letter]) => [letter, 'y']),
      7,
    ),
  ];
  const settings = { batchSize: 8, learningRate: 1e-3, weightDecay: 0, clip: 0.1 };
  const parts = await toySequence(tasks, { settings, adapter: { growth: 'single' } });
  const regularizer = new SynapticIntelligence(siOptions.parse({ c: 100 }), parts.adapter);
  const sums: number[] = [];
  const witness: Observer = {
    stepDone: () => {
      const { tensors } = regularizer.state();
      sums.push(tf.tidy(() => numbers(tf.addN(Object.values(groupOf(tensors, 'omega')).map((one) => tf.sum(one))))[0]));
      tf.dispose(tensors);
    },
  };
  const regularizers = [{ name: 'si', regularizer }];
  await trainSequence({ ...parts, regularizers, observers: [...parts.observers, witness] });
  for (const one of [regularizer, parts.adapter, parts.backbone]) one.dispose();
  for (const first of [0, 7]) {
    const losses = parts.records.slice(first, first + 7).map(({ loss }) => loss.crossEntropy);
    const drop = losses[0] - losses[6];
    expect(drop).toBeGreaterThan(0.01);
    expect(Math.abs(sums[first + 5] / drop - 1)).toBeLessThan(0.1);
  }
});

it('si forgets less than plain training on the two toy tasks', async () => {
  const forgotten = async (c: number) => {
    const losses = await toyLosses(manifest, { adapter: single, options: { c } });
    return losses[2][0] - losses[1][0];
  };
  expect(await forgotten(1)).toBeLessThan(0.6 * (await forgotten(0)));
});
