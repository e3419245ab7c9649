import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import { runConfig } from '../../core/run/run.js';
import { writeToyModel } from '../cli/toy-model.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const head =
  'backbone: { use: llama, model: ./toy }\nadapter: { use: inc-lora, rank: 2 }\ntraining: { maxOutputTokens: 3 }\n';

/** Runs a config into a folder of that name; gives what was said. */
async function run(config: string, out: string, ...set: string[]): Promise<{ told: string[]; warned: string[] }> {
  const [told, warned]: string[][] = [[], []];
  const logger = {
    info: (message: string) => void told.push(message),
    warn: (message: string) => void warned.push(message),
  };
  const loaded = loadConfig(path.join(folder, config), { set });
  await runConfig({ loaded, folder: path.join(folder, out), observers: [], logger });
  return { told, warned };
}
const json = (...names: string[]) => JSON.parse(readFileSync(path.join(folder, ...names), 'utf8'));

beforeAll(async () => {
  await writeToyModel(path.join(folder, 'toy'));
  const lines = (letters: string) =>
    Array.from(letters, (letter) => `${JSON.stringify({ prompt: `${letter}:`, answer: ' a' })}\n`).join('');
  writeText(folder, 'train.jsonl', lines('bcde'));
  writeText(folder, 'test.jsonl', lines('efg'));
  writeText(folder, 'pairs.json', JSON.stringify(Array.from('bcdefg', (input) => ({ input, output: 'a' }))));
  const task = '{ name: own, train: train.jsonl, test: test.jsonl, validation: test.jsonl }';
  writeText(folder, 'own.yaml', `${head}benchmark: { use: jsonl, maxTest: 5, tasks: [${task}] }\n`);
  const pairs = '[{ name: letters, file: pairs.json, shots: 2 }]';
  writeText(
    folder,
    'held-out.yaml',
    `${head}benchmark: { use: held-out, pairs: ${pairs} }\nevaluation: { shots: [0, 2] }\n`,
  );
});

describe('a run', () => {
  it('warns of its data before it trains', async () => {
    expect((await run('own.yaml', 'warned', 'training.tasks=none')).warned).toEqual([
      'maxTest asks for 5: own has 3',
      'own: 1 of 3 test prompts is in train as well',
      'own: all 3 validation prompts are in test as well',
      'own: 1 of 3 validation prompts is in train as well',
    ]);
  });

  it.each(['sequence', 'joint', 'none'])(
    'of held-out sets only scores the model as it came, with tasks: %s',
    async (how) => {
      const { told, warned } = await run('held-out.yaml', how, `training.tasks=${how}`);
      expect(told).toContain('the benchmark has no tasks: nothing is trained, the model is scored as it came');
      expect(warned).toEqual([]);
      const { rows, heldOut, records } = json(how, 'scores.json');
      expect([rows, heldOut]).toEqual([['Init'], ['letters']]);
      expect(records.map(({ shots, items }: { shots: number; items: number }) => [shots, items])).toEqual([
        [0, 4],
        [2, 4],
      ]);
      const { HP, IP, FP, average, steps } = json(how, 'summary.json');
      expect([typeof HP, typeof IP, FP, average, steps]).toEqual(['number', 'number', null, null, 0]);
      expect(json(how, 'inputs.json').data).toMatchObject([{ path: path.join(folder, 'pairs.json'), items: 6 }]);
    },
  );

  it('is refused before its model is looked for where a set could not be scored at all', async () => {
    const set = ['evaluation.shots=[2]', 'backbone.model=./none'];
    await expect(
      run('own.yaml', 'unscored', ...set, 'benchmark.heldOut=[{ name: h, test: test.jsonl }]'),
    ).rejects.toThrow(/\[DATA_EMPTY\] set "h": .*demonstrations for 2 shots/);
    expect(existsSync(path.join(folder, 'unscored'))).toBe(false);
  });
});
