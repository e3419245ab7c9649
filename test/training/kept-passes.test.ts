import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivationEdit, ForwardRequest } from '../../core/contracts/backbone.js';
import type { PassRequest, PassResult, TopLogits } from '../../core/contracts/passes.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';
import { expectClose } from '../../core/testing/index.js';
import { trainingBatch } from '../../core/text/examples.js';
import { IdleWatch } from '../../core/training/idle-watch.js';
import { KeptPasses, mayBeKept } from '../../core/training/kept-passes.js';
import { KeptRows } from '../../core/training/kept-rows.js';
import { seededRandom } from '../../core/training/random.js';
import { TaskTrainer } from '../../core/training/step.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { letters, toyLlama, toyLora, toyMoment, toySettings } from './toy-run.js';

/** Four examples with two answer positions each. */
const examples: [string, string][] = [
  ['ab', 'c'],
  ['d', 'e'],
  ['fgh', 'i'],
  ['jk', 'l'],
];
/** Bytes of the logits at an example's answer. */
const ROW = 2 * 32 * 4;
/** Batches of two epochs; the second mixes those of the first. */
const epochs = [
  [
    [0, 1],
    [2, 3],
  ],
  [
    [3, 0],
    [2, 1],
  ],
];

const scaled: ActivationEdit = { site: 'model.layers.0', key: 'twice', where: 'any', apply: (x) => tf.mul(x, 2) };
const teacher: PassRequest = { adapters: 'before-this-task', logits: 'answers', keep: true };

let backbone: LlamaBackbone;
let file: string;
let folder: string;
beforeEach(async () => {
  backbone = await toyLlama();
  folder = mkdtempSync(join(tmpdir(), 'kept-passes-'));
  file = join(folder, 'task-1.f32');
});
afterEach(() => {
  backbone.dispose();
  rmSync(folder, { recursive: true });
});

/** Charges for all numbers of what the requests give. */
function reading(requests: Record<string, PassRequest>): Regularizer {
  const numbersOf = ({ logits, top }: PassResult) =>
    logits ?? tf.mul((top as TopLogits).values, (top as TopLogits).ids);
  return {
    over: 'answers',
    startsAt: 0,
    passes: () => requests,
    penalty: ({ passes }) =>
      tf.addN(Object.values(passes).map((pass) => tf.mean(tf.square(numbersOf(pass))))) as tf.Scalar,
  };
}

interface Outcome {
  /** The regularizer's term by step. */
  readonly terms: number[];
  /** Rows of every forward pass but the step's own, by epoch. */
  readonly rows: number[][];
}

/** Trains two epochs with room for this many examples' outcomes in memory and in the file. */
async function trained(requests: Record<string, PassRequest>, memory: number, disk = 0): Promise<Outcome> {
  const adapter = toyLora(backbone);
  const moment = toyMoment({ backbone, adapter }, examples);
  await adapter.beforeTask(moment);
  const rows = new KeptRows({ memory: memory * ROW, disk: disk * ROW }, file);
  const run = {
    backbone,
    adapter,
    regularizers: [{ name: 'own', regularizer: reading(requests) }],
    interventions: [],
  };
  const trainer = new TaskTrainer({
    run,
    task: 'toy',
    settings: toySettings(),
    random: seededRandom(1),
    kept: new KeptPasses(rows),
    watch: new IdleWatch(run, { names: [] }),
  });
  const forward = vi.spyOn(backbone, 'forward');
  const tensors: number[] = [];
  const outcome: Outcome = { terms: [], rows: [] };
  for (const [epoch, batches] of epochs.entries()) {
    forward.mockClear();
    for (const [i, indices] of batches.entries()) {
      const batch = trainingBatch(moment.examples, indices, letters.padding);
      const taskStep = 2 * epoch + i;
      const place = { step: taskStep + 1, taskIndex: 0, taskStep, taskSteps: 4, epoch, epochs: 2 };
      outcome.terms.push(trainer.step([batch], place).loss.own);
      tensors.push(tf.memory().numTensors);
    }
    const others = forward.mock.calls.map(([request]) => request).filter((request) => !isOwn(request));
    outcome.rows.push(others.map(({ batch }) => batch.rows));
  }
  expect(new Set(tensors).size).toBe(1);
  forward.mockRestore();
  rows.dispose();
  for (const part of [trainer, adapter]) part.dispose();
  return outcome;
}

/** Whether the adapter is on, as in the step's own pass. */
const isOwn = ({ additions }: ForwardRequest) => backbone.linearSites.some((site) => additions?.(site));

describe('a pass that is kept', () => {
  it('runs in the first epoch only', async () => {
    expect((await trained({ teacher }, 4)).rows).toEqual([[2, 2], []]);
  });

  it('runs in every epoch where it does not ask for that, or nothing has room', async () => {
    expect((await trained({ teacher: { ...teacher, keep: false } }, 4)).rows).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect((await trained({ teacher }, 0)).rows).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });

  it('is read from the file beyond the memory', async () => {
    const read = vi.spyOn(KeptRows.prototype, 'get');
    expect((await trained({ teacher }, 1, 3)).rows).toEqual([[2, 2], []]);
    expect(read).toHaveBeenCalledTimes(4);
    read.mockRestore();
    expect(existsSync(file)).toBe(false);
  });

  it('is stored while there is an epoch to come', async () => {
    const stored = vi.spyOn(KeptRows.prototype, 'put');
    await trained({ teacher }, 0);
    expect(stored).toHaveBeenCalledTimes(4);
    stored.mockRestore();
  });

  it('runs again for the examples that found no room: the fourth, then the third', async () => {
    expect((await trained({ teacher }, 1, 1)).rows).toEqual([
      [2, 2],
      [1, 1],
    ]);
  });

  it.each<[string, Record<string, PassRequest>]>([
    ['logits at answers', { teacher }],
    ["logits at the answers' start", { teacher: { ...teacher, logits: 'answer-start' } }],
    ['logits at all real tokens', { teacher: { ...teacher, logits: 'real' } }],
    ['the largest logits', { teacher: { ...teacher, top: { count: 3, temperature: 2 } } }],
    ['edited and plain ones', { teacher, edited: { ...teacher, edits: [scaled] } }],
  ])('gives %s that equal those of a pass which runs every time', async (_, requests) => {
    const always = (await trained(requests, 0)).terms;
    for (const [memory, disk] of [
      [99, 0],
      [0, 99],
      [3, 2],
    ]) {
      expectClose((await trained(requests, memory, disk)).terms, always, 1e-4 * Math.max(...always));
    }
  });
});

describe('a pass may be kept', () => {
  it("if it asks for it and is the same in every epoch: fixed adapters, edits of its own, no gradient, the step's rows", () => {
    expect(mayBeKept(teacher)).toBe(true);
    expect(mayBeKept({ ...teacher, edits: [scaled], top: { count: 3, temperature: 2 } })).toBe(true);
    const rows = trainingBatch([{ tokens: [3, 4], labels: [-100, 4] }], [0], 0);
    const changing: Partial<PassRequest>[] = [
      { keep: false },
      { adapters: 'current' },
      { edits: 'step' },
      { gradient: true },
      { rows },
      { captures: ['model.layers.0'] },
      { logits: 'all' },
      { logits: 'none' },
    ];
    expect(changing.filter((change) => mayBeKept({ ...teacher, ...change }))).toEqual([]);
  });
});
