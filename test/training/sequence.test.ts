import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { PassRunner } from '../../core/contracts/passes.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';
import { trainSequence } from '../../core/training/sequence.js';
import { optimizerSteps } from '../../core/training/task-data.js';
import { numbers, toySequence, toySettings, toyTask, trainToy } from './toy-run.js';

const alphabet = 'abcdefghij';
const next = (shift: number): [string, string][] =>
  [...alphabet].map((letter, i) => [`${letter}x`, alphabet[(i + shift) % alphabet.length]]);

describe('a sequence of tasks', () => {
  it('takes epochs x ceil(ceil(examples / batch) / accumulate) steps: 10 examples by 2, 5 by 2, 3 a pass', () => {
    expect(optimizerSteps(toyTask('a', next(1), 2), toySettings({ accumulate: 2 }))).toBe(6);
  });

  it('numbers its steps over the run and its epochs from 1', async () => {
    const tasks = [toyTask('one', next(1), 2), toyTask('two', next(2))];
    const records = await trainToy(tasks, { settings: { accumulate: 2, schedule: { kind: 'linear', warmup: 1 } } });
    expect(records.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(records.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 2, 2, 2, 1, 1, 1]);
    expect(records.map(({ learningRate }) => Number((learningRate / 0.01).toFixed(3)))).toEqual([
      1, 1, 0.8, 0.6, 0.4, 0.2, 1, 1, 0.5,
    ]);
    expect(records[8].task).toBe('two');
  });

  it('learns the first task, then the second', async () => {
    const tasks = [toyTask('one', next(1), 8), toyTask('two', next(3), 8)];
    const records = await trainToy(tasks, { settings: { batchSize: 5, learningRate: 0.05 }, adapter: { rank: 4 } });
    for (const task of ['one', 'two']) {
      const losses = records.filter((record) => record.task === task).map(({ loss }) => loss.total);
      expect(losses.at(-1)).toBeLessThan(losses[0] * 0.7);
    }
  });

  it('gives the same numbers for the same seed and keeps the order of the file without shuffling', async () => {
    const losses = async (shuffle: boolean) =>
      (await trainToy([toyTask('one', next(1), 2)], { settings: { shuffle } })).map(({ loss }) => loss.total);
    expect(await losses(true)).toEqual(await losses(true));
    const seen: number[][] = [];
    const witness: Regularizer = {
      over: 'weights',
      startsAt: 0,
      penalty: ({ batch, step }) => {
        seen[step.taskStep] = [...batch.exampleIndex];
        return tf.scalar(0);
      },
    };
    const regularizers = [{ name: 'witness', regularizer: witness }];
    await trainToy([toyTask('one', next(1))], { settings: { shuffle: false, batchSize: 4 }, regularizers });
    expect(seen).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
  });

  it('leaves no tensor behind, whatever its length', async () => {
    const before = tf.memory().numTensors;
    await trainToy([toyTask('one', next(1), 2), toyTask('two', next(2))]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('counts what it cut to the maximum lengths', async () => {
    const parts = await toySequence([toyTask('one', [['abcdef', 'gh'], ...next(1)])], {
      settings: { maxInputTokens: 4, maxOutputTokens: 2 },
    });
    const {
      tasks: [{ truncated, steps }],
    } = await trainSequence(parts);
    expect(truncated).toEqual({ prompts: 1, answers: 1 });
    expect(steps).toBe(6);
    parts.adapter.dispose();
    parts.backbone.dispose();
  });

  it('refuses an empty, unlabelled or overlong example of any task before the first one trains', async () => {
    const good = toyTask('good', next(1));
    const bad = { name: 'bad', epochs: 1 };
    const run = (train: object[], settings = {}) =>
      trainToy([good, { ...bad, train: train as typeof good.train }], {
        settings,
        betweenTasks: () => {
          throw new Error('began');
        },
      });
    await expect(run([])).rejects.toThrow(/DATA_EMPTY.*task "bad"/);
    await expect(run([{ tokens: [1, 2], labels: [1, -100] }])).rejects.toThrow(/DATA_LINE.*task "bad", example 1/);
    const prompt = 'a'.repeat(70);
    await expect(run([{ prompt, answer: 'b' }])).rejects.toThrow(/TOKENS_TOO_LONG.*example 1.*at most 64/);
    const refuse = { overflow: 'refuse', maxInputTokens: 8 };
    await expect(run([{ prompt, answer: 'b' }], refuse)).rejects.toThrow(/DATA_TOO_LONG.*example 1/);
  });

  it('lets methods run passes over the task before and after it', async () => {
    const counts: number[][] = [];
    const means: number[] = [];
    const measure = ({ passes }: { passes: PassRunner }) => {
      counts.push([...passes.trainingBatches({ rows: 4 })].map(({ rows }) => rows));
      const [rows] = passes.trainingBatches();
      const mean = passes.run({ rows, logits: 'answers' }, ({ logits }) => tf.mean(logits as tf.Tensor2D));
      means.push(numbers(mean)[0]);
      mean.dispose();
    };
    const regularizer: Regularizer = {
      over: 'weights',
      startsAt: 0,
      penalty: () => tf.scalar(0),
      beforeTask: measure,
      afterTask: measure,
    };
    const before = tf.memory().numTensors;
    await trainToy([toyTask('one', next(1))], { regularizers: [{ name: 'measure', regularizer }] });
    expect(counts).toEqual([
      [4, 4, 2],
      [4, 4, 2],
    ]);
    expect(means[1]).not.toBe(means[0]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
