import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import type { Observer, StepRecord } from '../../core/contracts/observer.js';
import { seededRandom } from '../../core/index.js';
import { runConfig } from '../../core/run/run.js';
import { writeToyModel } from '../cli/toy-model.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const vectors = '{ heads: ./heads.json, samples: train, shots: 2, prompts: 4, demonstrationSets: 2 }';
const config = `
backbone: { use: llama, model: ./toy }
adapter: { use: inc-lora, rank: 2, alpha: 4, dropout: 0.1 }
regularizers:
  - { use: ewc, over: merged, lambda: 10, samples: 4, labels: sampled }
  - { use: lwf }
  - { use: o-lora, lambda2: 0.01 }
  - { use: iv-kl, target: before-this-task, ...vectors }
interventions: [{ use: ivg, ...vectors }]
benchmark:
  use: jsonl
  tasks:
    - { name: a, train: a.jsonl, test: a.jsonl, epochs: 2 }
    - { name: b, train: b.jsonl, test: a.jsonl, epochs: 3 }
training:
  { batchSize: 3, accumulate: 2, learningRate: 1.0e-2, maxOutputTokens: 3, keep: { memory: 0 } }
evaluation: { by: [first-token] }
`.replaceAll('...vectors', vectors.slice(2, -2));

/** Methods that hold weights, which last over the run. */
const anchored = `
extends: [run.yaml]
adapter: { use: inc-lora, growth: single, rank: 2, alpha: 4 }
regularizers:
  - { use: replay, capacity: 5 }
  - { use: si, c: 1 }
  - { use: mas, lambda: 1, over: adapter }
  - { use: l2-anchor, strength: 0.1 }
interventions: []
`;

/** Optimizer steps: 2 epochs of ceil(ceil(8 / 3) / 2) = 2, then 3 of them. */
const STEPS = 10;

class Killed extends Error {}

/** Ends the run by an error when it comes to this moment. */
function killAt(moment: 'stepDone' | 'taskStarted' | 'taskDone' | 'scored', count: number): Observer {
  let left = count;
  const strike = () => {
    if (--left === 0) throw new Killed();
  };
  return { [moment]: strike };
}

interface Setting {
  readonly every: number;
  readonly resume?: boolean;
  readonly kill?: Observer;
  /** Overrides of the config. */
  readonly set?: readonly string[];
  readonly config?: string;
}

async function run(out: string, { every, resume = false, kill, set = [], config: name = 'run.yaml' }: Setting) {
  const loaded = loadConfig(path.join(folder, name), { set: [`checkpoint.every=${every}`, ...set] });
  const warned: string[] = [];
  const logger = { info: () => {}, warn: (message: string) => void warned.push(message) };
  await runConfig({ loaded, folder: path.join(folder, out), resume, observers: kill ? [kill] : [], logger });
  return warned;
}

/** Everything in a run directory that does not tell of time or memory. */
function outcome(out: string): Record<string, unknown> {
  const read = (...names: string[]) => readFileSync(path.join(folder, out, ...names));
  const steps = read('metrics.jsonl').toString().trimEnd().split('\n');
  const { tables } = JSON.parse(read('scores.json').toString());
  const summary = JSON.parse(read('summary.json').toString());
  return {
    steps: steps.map((line) => {
      const { seconds: _, tokensPerSecond: __, ...record } = JSON.parse(line) as StepRecord;
      return record;
    }),
    tables,
    plugins: summary.plugins,
    tasks: summary.tasks.map(({ task, steps: count }: { task: string; steps: number }) => [task, count]),
    counts: [summary.steps, summary.tokens],
    adapter: read('adapters', 'all', 'adapter_model.safetensors').toString('base64'),
    files: readdirSync(path.join(folder, out)).sort(),
  };
}

beforeAll(async () => {
  await writeToyModel(path.join(folder, 'toy'));
  writeText(folder, 'run.yaml', config);
  writeText(folder, 'anchored.yaml', anchored);
  writeText(folder, 'heads.json', '[[0, 1], [1, 2]]');
  const rows = (answer: (letter: string) => string) =>
    Array.from(
      'bcdefghi',
      (letter) => `${JSON.stringify({ prompt: `${letter}${letter}:`, answer: answer(letter) })}\n`,
    );
  writeText(folder, 'a.jsonl', rows(() => ' a').join(''));
  writeText(folder, 'b.jsonl', rows((letter) => letter).join(''));
  await run('whole', { every: 0 });
});

describe('a run that was killed', () => {
  const draw = seededRandom(7).stream('kills');
  const kills = Array.from({ length: 20 }, (_, i) => ({ every: 1 + (i % 3), step: 1 + draw.below(STEPS) }));

  it.each(kills)(
    'at step $step with a checkpoint every $every steps goes on to equal bits',
    async ({ every, step }) => {
      const out = `killed-${every}-${step}-${Math.random()}`;
      const tensors = tf.memory().numTensors;
      await expect(run(out, { every, kill: killAt('stepDone', step) })).rejects.toThrow(Killed);
      await run(out, { every, resume: true });
      expect(outcome(out)).toEqual(outcome('whole'));
      expect(tf.memory().numTensors).toBe(tensors);
    },
  );

  it.each([
    ['taskStarted', 2],
    ['taskDone', 1],
    ['taskDone', 2],
    ['scored', 1],
    ['scored', 3],
    ['scored', 6],
  ] as const)('at %s for the %d. time goes on and scores nothing twice', async (moment, count) => {
    const out = `killed-${moment}-${count}`;
    await expect(run(out, { every: 2, kill: killAt(moment, count) })).rejects.toThrow(Killed);
    await run(out, { every: 2, resume: true });
    expect(outcome(out)).toEqual(outcome('whole'));
  });

  it.each([3, 6, 9])('at step %i goes on to equal bits with methods that hold weights', async (step) => {
    const anchoring = { every: 2, config: 'anchored.yaml' };
    if (step === 3) await run('whole-anchored', anchoring);
    const out = `killed-anchored-${step}`;
    await expect(run(out, { ...anchoring, kill: killAt('stepDone', step) })).rejects.toThrow(Killed);
    await run(out, { ...anchoring, resume: true });
    expect(outcome(out)).toEqual(outcome('whole-anchored'));
  });

  it('again and again goes on all the same', async () => {
    await expect(run('often', { every: 2, kill: killAt('stepDone', 3) })).rejects.toThrow(Killed);
    for (const kill of [killAt('stepDone', 4), killAt('stepDone', 1), killAt('scored', 4)]) {
      await expect(run('often', { every: 2, resume: true, kill })).rejects.toThrow(Killed);
    }
    await run('often', { every: 2, resume: true });
    expect(outcome('often')).toEqual(outcome('whole'));
  });
});

describe('going on', () => {
  it('from nothing begins', async () => {
    await run('fresh', { every: 2, resume: true });
    expect(outcome('fresh')).toEqual(outcome('whole'));
  });

  it('begins as well where the run was killed before it had written its head', async () => {
    mkdirSync(path.join(folder, 'headless'));
    writeText(path.join(folder, 'headless'), 'environment.json', '{}');
    await run('headless', { every: 2, resume: true });
    expect(outcome('headless')).toEqual(outcome('whole'));
  });

  it('is refused for a run that is over, and in a folder that holds something else', async () => {
    await expect(run('whole', { every: 2, resume: true })).rejects.toThrow(/OUTPUT_EXISTS.*one that is over/);
    mkdirSync(path.join(folder, 'other'));
    writeText(path.join(folder, 'other'), 'notes.txt', 'mine');
    await expect(run('other', { every: 2, resume: true })).rejects.toThrow(/OUTPUT_EXISTS/);
    expect(readdirSync(path.join(folder, 'other'))).toEqual(['notes.txt']);
  });

  it('is refused with another config, with other data, and from a checkpoint that is damaged', async () => {
    await expect(run('other-run', { every: 2, kill: killAt('stepDone', 5) })).rejects.toThrow(Killed);
    const settings = path.join(folder, 'other-run', 'config.json');
    const before = readFileSync(settings, 'utf8');
    writeFileSync(settings, before.replace('"seed": 1', '"seed": 2'));
    await expect(run('other-run', { every: 2, resume: true })).rejects.toThrow(
      /CHECKPOINT_INVALID.*config.json, seed: .*expected 2, as the run began, got 1 now/,
    );
    writeFileSync(settings, before);
    const inputs = path.join(folder, 'other-run', 'inputs.json');
    const hashes = readFileSync(inputs, 'utf8');
    writeFileSync(inputs, hashes.replace(/"sha256": "./, '"sha256": "x'));
    await expect(run('other-run', { every: 2, resume: true })).rejects.toThrow(
      /CHECKPOINT_INVALID.*inputs.json, data.*sha256/,
    );
    writeFileSync(inputs, hashes);
    const checkpoints = path.join(folder, 'other-run', 'checkpoints');
    expect(readdirSync(checkpoints)).toEqual(['step-4']);
    writeFileSync(path.join(checkpoints, 'step-4', 'state.json'), '{"progress": {}}');
    const tensors = tf.memory().numTensors;
    await expect(run('other-run', { every: 2, resume: true })).rejects.toThrow(/CHECKPOINT_INVALID.*progress/);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('is refused with another bound of kept passes, and with another file that an option names', async () => {
    await expect(run('kept', { every: 2, kill: killAt('stepDone', 5) })).rejects.toThrow(Killed);
    const other = { every: 2, resume: true, set: ['training.keep.memory=1'] };
    await expect(run('kept', other)).rejects.toThrow(
      /CHECKPOINT_INVALID.*training.keep.memory: .*expected 0, as the run began, got 1 now/,
    );
    writeText(folder, 'heads.json', '[[0, 1], [1, 3]]');
    const swapped = run('kept', { every: 2, resume: true });
    await expect(swapped).rejects.toThrow(/CHECKPOINT_INVALID.*inputs.json, files.*heads.json/);
    writeText(folder, 'heads.json', '[[0, 1], [1, 2]]');
  });

  it('is refused where tensors are missing, or a line of what was scored is damaged; one cut off is left out', async () => {
    await expect(run('damaged', { every: 2, kill: killAt('stepDone', 7) })).rejects.toThrow(Killed);
    const tensors = path.join(folder, 'damaged', 'checkpoints', 'step-6', 'tensors.safetensors');
    const held = readFileSync(tensors);
    rmSync(tensors);
    await expect(run('damaged', { every: 2, resume: true })).rejects.toThrow(/CHECKPOINT_INVALID.*tensors.safetensors/);
    writeFileSync(tensors, held);
    const journal = path.join(folder, 'damaged', 'scores.jsonl');
    const scored = readFileSync(journal, 'utf8');
    writeFileSync(journal, `{"record"\n${scored}`);
    await expect(run('damaged', { every: 2, resume: true })).rejects.toThrow(
      /CHECKPOINT_INVALID.*scores.jsonl, line 1/,
    );
    writeFileSync(journal, `${scored}{"record"`);
    await run('damaged', { every: 2, resume: true });
    expect(outcome('damaged')).toEqual(outcome('whole'));
  });

  it('leaves nothing of its checkpoints when the run is over', () => {
    expect(existsSync(path.join(folder, 'whole', 'checkpoints'))).toBe(false);
    expect(existsSync(path.join(folder, 'whole', 'kept'))).toBe(false);
    expect(existsSync(path.join(folder, 'whole', 'scores.jsonl'))).toBe(false);
  });
});
