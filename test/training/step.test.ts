import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adapter } from '../../core/contracts/adapter.js';
import type { TrainingBatch } from '../../core/contracts/batch.js';
import type { TaskMoment } from '../../core/contracts/moments.js';
import type { PassRequest } from '../../core/contracts/passes.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';
import { IdleWatch } from '../../core/training/idle-watch.js';
import { KeptPasses } from '../../core/training/kept-passes.js';
import { KeptRows } from '../../core/training/kept-rows.js';
import { seededRandom } from '../../core/training/random.js';
import { TaskTrainer } from '../../core/training/step.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { numbers, toyBatch, toyLlama, toyLora, toySettings } from './toy-run.js';

const long: [string, string] = ['abc', 'defg'];
const short: [string, string] = ['xy', 'z'];
const moment = { taskIndex: 0 } as TaskMoment;

let backbone: LlamaBackbone;
let adapter: IncLora;
let trainer: TaskTrainer;
let tensors: number;
beforeEach(async () => {
  backbone = await toyLlama();
  await stepped([[toyBatch(long)]]); // an engine may keep weights in another layout from the first gradient on
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
  backbone.dispose();
});

interface Setting {
  settings?: Record<string, unknown>;
  options?: Record<string, unknown>;
  regularizers?: Record<string, Regularizer>;
}

/** Steps over the groups from a fresh adapter; the trainable values afterwards. */
async function stepped(groups: TrainingBatch[][], { settings, options, regularizers = {} }: Setting = {}) {
  adapter = toyLora(backbone, options);
  await adapter.beforeTask(moment);
  const named = Object.entries(regularizers).map(([name, regularizer]) => ({ name, regularizer }));
  const run = { backbone, adapter, regularizers: named, interventions: [] };
  trainer = new TaskTrainer({
    run,
    task: 'toy',
    settings: toySettings(settings),
    random: seededRandom(1),
    kept: new KeptPasses(new KeptRows({ memory: 0, disk: 0 })),
    watch: new IdleWatch(run, { names: [] }),
  });
  const records = groups.map((group, k) =>
    trainer.step(group, { step: k + 1, taskIndex: 0, taskStep: k, taskSteps: groups.length, epoch: 0, epochs: 1 }),
  );
  const values = Object.values(adapter.trainable()).flatMap(numbers);
  trainer.dispose();
  adapter.dispose();
  return { records, values };
}

function penalty(over: Regularizer['over'], value: () => tf.Tensor): Regularizer {
  return { over, startsAt: 0, penalty: () => value() as tf.Scalar };
}

function overAnswers(request: Omit<PassRequest, 'logits'>): Regularizer {
  return {
    over: 'answers',
    startsAt: 0,
    passes: () => ({ own: { ...request, logits: 'answers' } }),
    penalty: ({ passes }) => tf.mean(tf.square(passes.own.logits as tf.Tensor2D)),
  };
}

const weightCost = () =>
  penalty('weights', () => tf.addN(Object.values(adapter.trainable()).map((v) => tf.sum(tf.square(v)))));

function expectClose(got: readonly number[], want: readonly number[], digits: number): void {
  expect(got.length).toBe(want.length);
  for (const [i, value] of got.entries()) expect(value).toBeCloseTo(want[i], digits);
}

describe('an optimizer step', () => {
  it('reports the mean over answer tokens of logsumexp minus the label logit', async () => {
    const batch = toyBatch(long);
    const rows = tf.tidy(
      () => backbone.forward({ batch, logits: batch.answerPositions }).logits?.arraySync() as number[][],
    );
    const nats = rows.map((row, p) => Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[[6, 7, 8, 9, 0][p]]);
    const { records } = await stepped([[batch]]);
    expect(records[0].loss.crossEntropy).toBeCloseTo(nats.reduce((sum, x) => sum + x, 0) / 5, 4);
    expect(records[0].loss.total).toBe(records[0].loss.crossEntropy);
    expect(records[0].tokens).toBe(8);
  });

  it('over micro-batches of different answer lengths equals the step over the large batch', async () => {
    const regularizers = { weights: weightCost(), answers: overAnswers({}) };
    const whole = await stepped([[toyBatch(long, short)], [toyBatch(short, long)]], { regularizers });
    const parts = await stepped(
      [
        [toyBatch(long), toyBatch(short)],
        [toyBatch(short), toyBatch(long)],
      ],
      { regularizers },
    );
    for (const [k, record] of parts.records.entries()) {
      expectClose(Object.values(record.loss), Object.values(whole.records[k].loss), 4);
      expect(record.gradientNorm).toBeCloseTo(whole.records[k].gradientNorm, 3);
    }
    expectClose(parts.values, whole.values, 3);
  });

  it('pays a penalty over weights once and weights one over answers by their tokens: 3 and 5', async () => {
    let calls = 0;
    const counted = () => {
      calls++;
      return tf.scalar(3);
    };
    const regularizers = { w: penalty('weights', counted), p: penalty('answers', () => tf.scalar(5)) };
    const { records } = await stepped([[toyBatch(long), toyBatch(short), toyBatch(long)]], { regularizers });
    expect(calls).toBe(1);
    expect(records[0].loss.w).toBe(3);
    expect(records[0].loss.p).toBeCloseTo(5, 5);
    expect(records[0].loss.total).toBeCloseTo(records[0].loss.crossEntropy + 8, 5);
  });

  it('leaves a regularizer out before its first task', async () => {
    const { records } = await stepped([[toyBatch(long)]], {
      regularizers: { later: { ...penalty('weights', () => tf.scalar(3)), startsAt: 1 } },
    });
    expect(records[0].loss.later).toBe(0);
  });

  it('reports the norm before clipping and shows afterwards the gradient before it, the factor, and the update', async () => {
    const norms: number[] = [];
    const factors: number[] = [];
    const differences: number[] = [];
    const listener: Regularizer = {
      ...penalty('weights', () => tf.scalar(0)),
      afterStep: ({ gradients, clipping, updates }) => {
        factors.push(clipping);
        norms.push(Math.hypot(...Object.values(gradients).flatMap(numbers)));
        differences.push(...Object.values(updates).flatMap(numbers));
      },
    };
    const free = await stepped([[toyBatch(long)]], { settings: { clip: null } });
    const start = await stepped([]);
    const { records, values } = await stepped([[toyBatch(long)]], {
      settings: { clip: 0.01 },
      regularizers: { listener },
    });
    expect(records[0].gradientNorm).toBeCloseTo(free.records[0].gradientNorm, 6);
    expect(norms[0]).toBeCloseTo(free.records[0].gradientNorm, 5);
    expect(factors[0] * norms[0]).toBeCloseTo(0.01, 5);
    expectClose(
      differences,
      values.map((value, i) => value - start.values[i]),
      6,
    );
  });

  it('lets no gradient through a pass that asked for none', async () => {
    const detached = await stepped([[toyBatch(long)]], {
      regularizers: { teacher: overAnswers({ gradient: false }) },
    });
    const plain = await stepped([[toyBatch(long)]]);
    const student = await stepped([[toyBatch(long)]], { regularizers: { student: overAnswers({}) } });
    expect(detached.records[0].gradientNorm).toBeCloseTo(plain.records[0].gradientNorm, 5);
    expect(Math.abs(student.records[0].gradientNorm - plain.records[0].gradientNorm)).toBeGreaterThan(1e-3);
    expect(student.records[0].loss.student).toBeCloseTo(detached.records[0].loss.teacher, 5);
  });

  it('drops the same entries for the same seed', async () => {
    const groups = () => [[toyBatch(long), toyBatch(short)], [toyBatch(long)], [toyBatch(short)]];
    const first = await stepped(groups(), { options: { dropout: 0.5 } });
    expect((await stepped(groups(), { options: { dropout: 0.5 } })).values).toEqual(first.values);
    expect((await stepped(groups())).values).not.toEqual(first.values);
  });

  it('is refused before the first one where the adapter has nothing to train', () => {
    const empty: Adapter = { sites: [], trainable: () => ({}), addition: () => undefined };
    const run = { backbone, adapter: empty, adapterName: 'bare', regularizers: [], interventions: [] };
    const parts = { task: 'toy', settings: toySettings(), random: seededRandom(1), watch: new IdleWatch(run) };
    const kept = new KeptPasses(new KeptRows({ memory: 0, disk: 0 }));
    expect(() => new TaskTrainer({ run, kept, ...parts })).toThrow(
      /PLUGIN_IDLE.*plugin "bare", task "toy".*expected trainable variables, got none/,
    );
  });

  it('stops before the update when the loss is not finite, naming task and step', async () => {
    const infinite = penalty('weights', () => tf.scalar(Number.POSITIVE_INFINITY));
    const run = stepped([[toyBatch(long)]], { regularizers: { infinite } });
    await expect(run).rejects.toThrow(/TRAINING_DIVERGED.*task "toy", optimizer step 1/);
    const after = Object.values(adapter.trainable()).flatMap(numbers);
    adapter.dispose();
    trainer.dispose();
    expect(after).toEqual((await stepped([])).values);
  });
});
