import { existsSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import type { StepRecord } from '../../core/contracts/observer.js';
import { runConfig } from '../../core/run/run.js';
import { writeToyModel } from '../cli/toy-model.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const vectors = { heads: './heads.json', samples: 'train', shots: 2, prompts: 4, demonstrationSets: 2 };
const methods = {
  ewc: { use: 'ewc', over: 'merged', lambda: 10 },
  lwf: { use: 'lwf' },
  'o-lora': { use: 'o-lora' },
  'iv-kl': { use: 'iv-kl', ...vectors },
  ivg: { use: 'ivg', ...vectors },
  replay: { use: 'replay' },
} as const;
type Name = keyof typeof methods;
const names = Object.keys(methods) as Name[];

/** All 64 of them, the empty one first. */
const subsets = Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_, i) => bits & (1 << i)));

let runs = 0;

/** Trains three steps of two tasks with the methods in the order given; the losses of every step. */
async function losses(chosen: readonly Name[]): Promise<StepRecord['loss'][]> {
  const config = {
    backbone: { use: 'llama', model: './toy' },
    adapter: { use: 'inc-lora', rank: 2, alpha: 4, dropout: 0.1 },
    regularizers: chosen.filter((name) => name !== 'ivg').map((name) => methods[name]),
    interventions: chosen.filter((name) => name === 'ivg').map((name) => methods[name]),
    benchmark: { use: 'jsonl', tasks: ['a', 'b'].map((name) => ({ name, train: `${name}.jsonl` })) },
    training: { batchSize: 3, learningRate: 0.01 },
    evaluation: { after: 'never' },
  };
  const out = path.join(folder, `run-${runs++}`);
  const seen: StepRecord['loss'][] = [];
  await runConfig({
    loaded: loadConfig(writeText(folder, 'run.json', JSON.stringify(config))),
    folder: out,
    observers: [{ stepDone: ({ loss }) => void seen.push(loss) }],
    logger: { info: () => {}, warn: () => {} },
  });
  expect(existsSync(path.join(out, 'summary.json'))).toBe(true);
  return seen;
}

beforeAll(async () => {
  await writeToyModel(path.join(folder, 'toy'));
  writeText(folder, 'heads.json', '[[0, 1], [1, 2]]');
  const rows = (answer: (letter: string) => string) =>
    Array.from(
      'bcdefghi',
      (letter) => `${JSON.stringify({ prompt: `${letter}${letter}:`, answer: answer(letter) })}\n`,
    );
  writeText(folder, 'a.jsonl', rows(() => ' a').join(''));
  writeText(folder, 'b.jsonl', rows((letter) => letter).join(''));
});

describe('every combination of methods', () => {
  it('is tried', () => {
    expect(subsets).toHaveLength(64);
    expect(subsets.at(-1)).toEqual(names);
  });

  it.each(subsets.map((subset) => [subset.join(' + ') || 'inc-lora alone', subset] as const))(
    '%s trains: finite, the same bits for the same seed, no tensor left over',
    async (_, subset) => {
      const tensors = tf.memory().numTensors;
      const first = await losses(subset);
      expect(tf.memory().numTensors).toBe(tensors);
      expect(first).toHaveLength(6);
      const terms = subset.filter((name) => name !== 'ivg');
      expect(Object.keys(first[0]).sort()).toEqual([...terms, 'crossEntropy', 'total'].sort());
      expect(first.flatMap((loss) => Object.values(loss)).every(Number.isFinite)).toBe(true);
      for (const term of terms) expect(first.some((loss) => loss[term] !== 0)).toBe(true);
      expect(await losses(subset)).toEqual(first);
    },
  );

  it('gives the same in any order of the config', async () => {
    const [ahead, behind] = [await losses(names), await losses(names.toReversed())];
    for (const [step, loss] of ahead.entries()) {
      for (const [term, value] of Object.entries(loss)) expect(Math.abs(behind[step][term] - value)).toBeLessThan(1e-6);
    }
  });
});
