import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GradientRequest, NamedTensors, PassResult, TaskMoment, UpdateMoment } from '../../core/index.js';
import { seededRandom } from '../../core/index.js';
import { expectClose, toyLosses } from '../../core/testing/index.js';
import { trainingBatch } from '../../core/text/examples.js';
import ewc, { ewcOptions } from '../../plugins/ewc/plugin.js';
import { ElasticWeightConsolidation } from '../../plugins/ewc/regularizer.js';
import { toyLlama, toyLora, toyMoment } from '../training/toy-run.js';
import { VectorAdapter } from '../training/vector-adapter.js';

let adapter: VectorAdapter;
let tensors: number;
beforeEach(() => {
  tensors = tf.memory().numTensors;
  adapter = new VectorAdapter([0, 0]);
});
afterEach(() => {
  adapter.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

const build = (options: object) => new ElasticWeightConsolidation(ewcOptions.parse(options), adapter, seededRandom(1));

const reduced: Record<GradientRequest['reduce'], (gradient: tf.Tensor) => tf.Tensor> = {
  sum: (gradients) => tf.sum(gradients, 0),
  'sum-of-squares': (gradients) => tf.sum(tf.square(gradients), 0),
  'sum-of-magnitudes': (gradients) => tf.sum(tf.abs(gradients), 0),
};

/** The end of a task whose batches have rows with these gradients of w. */
function taskOf(...batches: number[][][]): TaskMoment {
  const rows = batches.map((gradients) => ({ rows: gradients.length, gradients }));
  const passes = {
    trainingBatches: () => rows,
    gradients: ({ rows, reduce }: { rows: { gradients: number[][] }; reduce: GradientRequest['reduce'] }) =>
      tf.tidy(() => ({ w: reduced[reduce](tf.tensor2d(rows.gradients)) })),
  };
  return { taskIndex: 0, examples: [{}], passes } as unknown as TaskMoment;
}

/** What leaving for w costs. */
function costAt(regularizer: ElasticWeightConsolidation, w: number[]): number {
  adapter.moveTo(w);
  return tf.tidy(() => regularizer.penalty().dataSync()[0]);
}

/** Gradients (1, 2) and (3, 0) in one batch, (0, 3) in the other. */
const threeSamples = taskOf(
  [
    [1, 2],
    [3, 0],
  ],
  [[0, 3]],
);

describe('ewc', () => {
  it.each([
    ['the mean squares of samples, (10/3, 13/3)', {}, 31],
    ['them without the factor 1/2', { half: false }, 62],
    ['the mean squares of the means of batches, (2, 5)', { fisher: 'batch' }, 33],
  ])('of lambda 3 charges at (1, 2) from the anchor, for %s', (_, options, want) => {
    const regularizer = build({ lambda: 3, ...options });
    regularizer.afterTask(threeSamples);
    expect(costAt(regularizer, [0, 0])).toBe(0);
    expect(costAt(regularizer, [1, 2])).toBeCloseTo(want, 4);
    regularizer.dispose();
  });

  it.each([
    ['at 3 both anchors, 1 x 3^2 + 4 x 1^2', {}, 13],
    ['the newest one, with half of the earlier importance, (1/2 + 4) x 1^2', { accumulate: 'online', decay: 0.5 }, 4.5],
  ])('of lambda 2 charges after F = 1 at 0 and F = 4 at 2 %s', (_, options, want) => {
    const regularizer = build({ lambda: 2, ...options });
    regularizer.afterTask(taskOf([[1, 0]]));
    adapter.moveTo([2, 0]);
    regularizer.afterTask(taskOf([[2, 0]]));
    expect(costAt(regularizer, [3, 0])).toBeCloseTo(want, 5);
    regularizer.dispose();
  });

  it("as TRACE sums up g^2 over the steps of an epoch, g before clipping, in all tasks, and holds the last one's weights", () => {
    const regularizer = build({ ...ewc.presets?.trace.options, lambda: 6 });
    const step = { epochs: 2, taskSteps: 6 } as UpdateMoment['step'];
    const after = (g: number[]) => {
      const gradients = { w: tf.tensor1d(g) };
      tf.tidy(() => regularizer.afterStep?.({ step, gradients, clipping: 0.5, updates: {} }));
      tf.dispose(gradients);
    };
    after([2, -4]);
    after([1, 1]);
    regularizer.afterTask(taskOf());
    expect(costAt(regularizer, [1, 1])).toBeCloseTo(3 * (5 / 3 + 17 / 3), 4);
    after([0, 3]);
    expect(costAt(regularizer, [1, 1])).toBeCloseTo(3 * (5 / 3 + 26 / 3), 4);
    regularizer.afterTask(taskOf());
    expect(costAt(regularizer, [1, 1])).toBe(0);
    regularizer.dispose();
  });

  it('takes no notice of steps unless it is running', () => {
    const regularizers = [build({}), build(ewc.presets?.trace.options ?? {})];
    expect(regularizers.map(({ afterStep }) => afterStep !== undefined)).toEqual([false, true]);
    for (const regularizer of regularizers) regularizer.dispose();
  });
});

describe("ewc's Fisher information", () => {
  /** One row with 4000 answer positions, every label 0, where the model has the probabilities (1/4, 3/4). */
  const long = trainingBatch([{ tokens: Array(4001).fill(0), labels: Array(4001).fill(0) }], [0], 0);

  function lossOf(options: object): number {
    const regularizer = build(options);
    let loss = 0;
    const gradients = (_: unknown, losses: (result: PassResult) => tf.Tensor1D): NamedTensors =>
      tf.tidy(() => {
        const logits = tf.tile(tf.tensor2d([[0, Math.log(3)]]), [4000, 1]) as tf.Tensor2D;
        [loss] = losses({ logits, captures: {} }).dataSync();
        return { w: tf.zeros([2]) };
      });
    const passes = { trainingBatches: () => [long], gradients };
    regularizer.afterTask({ taskIndex: 0, examples: [{}], passes } as unknown as TaskMoment);
    regularizer.dispose();
    return loss;
  }

  it('is of the labels, ln 4 nats away, or of labels drawn from the model itself, 1/4 ln 4 + 3/4 ln 4/3 away', () => {
    expect(lossOf({})).toBeCloseTo(Math.log(4), 4);
    expect(Math.abs(lossOf({ labels: 'sampled' }) - 0.562335)).toBeLessThan(0.03);
    expect(lossOf({ labels: 'sampled' })).toBe(lossOf({ labels: 'sampled' }));
  });

  it('is estimated from as many samples as asked for, other ones in other tasks', () => {
    const drawn = (taskIndex: number, samples?: number) => {
      const regularizer = build({ samples });
      let asked: readonly number[] = [];
      const trainingBatches = ({ indices }: { indices: readonly number[] }) => {
        asked = indices;
        return [{ rows: 1, gradients: [[1, 1]] }];
      };
      const passes = { ...taskOf([[1, 1]]).passes, trainingBatches };
      regularizer.afterTask({ taskIndex, examples: Array(20).fill({}), passes } as unknown as TaskMoment);
      regularizer.dispose();
      return asked;
    };
    expect(drawn(0)).toEqual([...Array(20).keys()]);
    expect(drawn(0, 5)).toHaveLength(5);
    expect(drawn(0, 5)).toEqual([...drawn(0, 5)].sort((a, b) => a - b));
    expect(drawn(0, 5)).not.toEqual(drawn(1, 5));
  });

  it.each(['adapter', 'merged'])('over %s does not depend on the size of its batches', async (over) => {
    const words: [string, string][] = [
      ['abcd', 'ef'],
      ['g', 'hij'],
      ['klm', 'n'],
    ];
    const backbone = await toyLlama();
    const lora = toyLora(backbone);
    const informationBy = async (batchSize: number) => {
      const moment = toyMoment({ backbone, adapter: lora }, words, { batchSize });
      if (batchSize === 1) await lora.beforeTask(moment);
      const regularizer = new ElasticWeightConsolidation(ewcOptions.parse({ over }), lora, seededRandom(1));
      regularizer.afterTask(moment);
      const { tensors } = regularizer.state();
      regularizer.dispose();
      return tensors;
    };
    const [alone, pairs, all] = [await informationBy(1), await informationBy(2), await informationBy(3)];
    for (const name of Object.keys(alone).filter((name) => name.startsWith('s0/'))) {
      for (const other of [pairs, all]) expectClose(other[name], alone[name], 1e-5, name);
    }
    tf.dispose([alone, pairs, all]);
    for (const part of [lora, backbone]) part.dispose();
  });
});

describe("ewc's options", () => {
  it.each([
    [{ over: 'merged' }, 'adapter with fisher: running'],
    [{ labels: 'sampled' }, 'answers with fisher: running'],
    [{ accumulate: 'separate' }, 'online with fisher: running'],
    [{ decay: 0.5 }, '1 with fisher: running'],
  ])('are refused beside a running estimate: %o', (options, message) => {
    const { error } = ewcOptions.safeParse({ fisher: 'running', accumulate: 'online', ...options });
    expect(error?.issues).toMatchObject([{ path: Object.keys(options), message: expect.stringContaining(message) }]);
  });

  it('of the preset are good ones', () => {
    expect(ewcOptions.parse(ewc.presets?.trace.options)).toMatchObject({ fisher: 'running', lambda: 400, half: true });
  });
});

describe('on the toy tasks', () => {
  it.each([
    ['the variables of one pair', { lambda: 100 }, { use: 'inc-lora', rank: 4, growth: 'single' }],
    ['merged weights, a pair for every task', { over: 'merged', lambda: 10 }, { use: 'inc-lora', rank: 4, alpha: 8 }],
  ])('it forgets less than half of what plain training does, over %s', async (_, options, adapter) => {
    const forgotten = async (lambda: number) => {
      const losses = await toyLosses(ewc, { adapter, options: { ...options, lambda } });
      return losses[2][0] - losses[1][0];
    };
    expect(await forgotten(options.lambda)).toBeLessThan(0.5 * (await forgotten(0)));
  });
});
