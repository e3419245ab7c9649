import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import type { Observer } from '../../core/contracts/observer.js';
import { runConfig } from '../../core/run/run.js';
import { readPeft } from '../../core/weights/peft.js';
import { writeToyModel } from '../cli/toy-model.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const config = `
backbone: { use: llama, model: ./toy }
adapter: { use: inc-lora, rank: 2, alpha: 4 }
benchmark:
  use: jsonl
  tasks: [{ name: a, train: a.jsonl, test: a.jsonl }, { name: b, train: a.jsonl }]
training: { batchSize: 2, maxOutputTokens: 3 }
`;

/** Notes what an observer is told, in its order. */
class Listener implements Observer {
  readonly heard: string[] = [];
  runStarted = ({ tasks, steps }: { tasks: readonly string[]; steps: number }) => this.note('start', ...tasks, steps);
  taskStarted = ({ taskIndex, steps }: { taskIndex: number; steps: number }) => this.note('task', taskIndex, steps);
  stepDone = ({ step }: { step: number }) => this.note('step', step);
  scored = ({ row, set }: { row: number; set: string }) => this.note('scored', row, set);
  taskDone = ({ taskIndex }: { taskIndex: number }) => this.note('done', taskIndex);
  warned = (message: string) => this.note('warned', message);
  runDone = () => this.note('end');

  private note(...words: (string | number)[]): void {
    this.heard.push(words.join(' '));
  }
}

/** Runs the config after overrides into a folder of that name; gives what an observer heard. */
async function run(out: string, ...set: string[]): Promise<string[]> {
  const listener = new Listener();
  const loaded = loadConfig(path.join(folder, 'run.yaml'), { set });
  const logger = { info: () => {}, warn: () => {} };
  await runConfig({ loaded, folder: path.join(folder, out), observers: [listener], logger });
  return listener.heard;
}

beforeAll(async () => {
  await writeToyModel(path.join(folder, 'toy'));
  writeText(folder, 'run.yaml', config);
  const rows = Array.from('bcd', (letter) => ({ prompt: `${letter}:`, answer: ' a' }));
  writeText(folder, 'a.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

describe('a run', () => {
  it('tells its observers of every moment in its order', async () => {
    expect(await run('told')).toEqual([
      'start a b 4',
      'scored 0 a',
      'task 0 2',
      'step 1',
      'step 2',
      'done 0',
      'scored 1 a',
      'task 1 2',
      'step 3',
      'step 4',
      'done 1',
      'scored 2 a',
      'end',
    ]);
  });

  it('says so at its end where no set could be scored', async () => {
    const tasks = 'benchmark.tasks=[{ name: a, train: a.jsonl }]';
    const warning = 'warned nothing was scored: no task has a `test`, and there is no held-out set';
    expect((await run('unscored', tasks)).slice(-3)).toEqual(['done 0', warning, 'end']);
    expect(await run('unasked', tasks, 'evaluation.after=never')).not.toContain(warning);
  });

  it('leaves no tensor over when it is done', async () => {
    const before = tf.memory().numTensors;
    await run('clean');
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    ['the loss stops being a number', ['training.learningRate=1e30', 'training.clip=null'], /TRAINING_DIVERGED/],
    ['the adapter is refused', ['adapter.targets=[nothing]'], /CONFIG_VALUE/],
    ['an item is refused', ['training={overflow: refuse, maxInputTokens: 1}'], /DATA_TOO_LONG/],
  ])('leaves no tensor over where %s', async (_, set, message) => {
    const before = tf.memory().numTensors;
    await expect(run(message.source, 'evaluation.after=never', ...set)).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('tells in its summary what memory it expected to need and what it needed', async () => {
    const summaryOf = (out: string) => JSON.parse(readFileSync(path.join(folder, out, 'summary.json'), 'utf8'));
    await run('memory', 'evaluation.after=never');
    const { expectedMemoryBytes, peakMemoryBytes } = summaryOf('memory');
    expect(expectedMemoryBytes).toBeGreaterThan(0);
    expect(peakMemoryBytes).toBeGreaterThan(0);
    await run('untrained', 'training.tasks=none');
    expect(summaryOf('untrained').expectedMemoryBytes).toBeNull();
  });

  it('that memory cannot hold is refused before anything is written', async () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(1e6);
    vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(0);
    const before = tf.memory().numTensors;
    try {
      await expect(run('too-large')).rejects.toThrow(/MEMORY_TOO_SMALL.*training on 2 rows of \d+ tokens/);
    } finally {
      vi.restoreAllMocks();
    }
    expect(tf.memory().numTensors).toBe(before);
    expect(existsSync(path.join(folder, 'too-large'))).toBe(false);
  });

  it('that is refused makes no folder', async () => {
    await expect(run('refused', 'adapter.targets=[nothing]')).rejects.toThrow(/CONFIG_VALUE/);
    expect(existsSync(path.join(folder, 'refused'))).toBe(false);
  });

  it.each([
    ['joint', ['start joint 3', 'scored 0 a', 'task 0 3', 'step 1', 'step 2', 'step 3', 'done 0', 'scored 1 a', 'end']],
    ['none', ['start 0', 'scored 0 a', 'end']],
  ])('trains all tasks as one, or none: %s', async (how, moments) => {
    expect((await run(how, `training.tasks=${how}`)).map((words) => words.replace('  ', ' '))).toEqual(moments);
    const { average, forgetting, FP } = JSON.parse(readFileSync(path.join(folder, how, 'summary.json'), 'utf8'));
    expect([typeof average, forgetting, FP]).toEqual(['number', null, average]);
  });

  it('trains several adapters, each at its own layers', async () => {
    const adapters = '[{ use: inc-lora, rank: 2, targets: [q_proj] }, { use: inc-lora, rank: 1, targets: [v_proj] }]';
    await run('several', `adapter=${adapters}`);
    const { pairs } = await readPeft(path.join(folder, 'several', 'adapters', 'b'));
    expect(pairs.map(({ site, rank }) => [site.split('.').at(-1), rank])).toEqual([
      ['q_proj', 2],
      ['q_proj', 2],
      ['v_proj', 1],
      ['v_proj', 1],
    ]);
  });

  it('writes what it keeps and nothing else', async () => {
    await run('whole');
    const kept = ['adapters', 'config.json', 'environment.json', 'inputs.json', 'metrics.jsonl', 'predictions'];
    expect(readdirSync(path.join(folder, 'whole')).sort()).toEqual([...kept, 'scores.json', 'summary.json']);
    expect(readdirSync(path.join(folder, 'whole', 'adapters')).sort()).toEqual(['a', 'all', 'b']);
  });
});
