import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest } from './bin.js';

const folder = scratchFolder();
const check = (...args: string[]) => palimpsest(['data', 'check', ...args], folder);
const head = 'backbone: { use: llama, model: no-such-model }\nadapter: { use: inc-lora }\n';

const json = (file: string, value: unknown) => writeText(folder, file, JSON.stringify(value));
const yelp = 'o-lora/CL_Benchmark/SC/yelp';
const records = (part: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ label: i % 2 ? 'Good' : 'Bad', sentence: `${part} ${i + 1}` }));

beforeAll(() => {
  json(`${yelp}/labels.json`, ['Good', 'Bad']);
  json(`${yelp}/train.json`, records('train', 6));
  json(`${yelp}/test.json`, records('test', 4));
  json(`${yelp}/dev.json`, records('test', 3));
  const question = { id: '1', question: 'Is ice cold?', choices: ['no', 'yes'], answer: 1 };
  const more = { ...question, choices: ['no', 'yes', 'perhaps'] };
  writeText(folder, 'sets/arc_challenge.jsonl', `${JSON.stringify(question)}\n${JSON.stringify(more)}\n`);
  json('sets/arc_challenge.fewshot.jsonl', question);
  const benchmark =
    'use: long, root: o-lora, tasks: [yelp], maxTrain: 9, heldOut: { root: sets, sets: [arc_challenge] }';
  writeText(folder, 'long.yaml', `${head}benchmark: { ${benchmark} }\nevaluation: { shots: [0, 4] }\n`);
  writeText(folder, 'again.yaml', 'extends: [long.yaml]\ntraining: { learningRate: 1.0e-3 }\n');
  writeText(folder, 'odd.yaml', 'extends: [long.yaml]\nregularizers: [{ use: ewc, lamda: 1 }]\n');
  writeText(folder, 'lost.yaml', 'extends: [long.yaml]\nbenchmark: { root: elsewhere }\n');
  writeText(folder, 'pair.jsonl', '{"prompt":"a","answer":" b"}\n{"prompt":"c","answer":" d"}\n');
  writeText(folder, 'own.yaml', `${head}benchmark: { use: jsonl, tasks: [{ name: own, train: pair.jsonl }] }\n`);
});

describe('palimpsest data check', () => {
  it.concurrent('tells what each task and set has, which files were read, and what a run would warn of', async () => {
    const { status, stdout, stderr } = await check('long.yaml');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [title, ...lines] = stdout.trimEnd().split('\n');
    expect(title).toBe('long.yaml: long');
    const rows = lines.filter((line) => line.startsWith('│')).map((line) => line.split('│').map((cell) => cell.trim()));
    expect(rows.map((row) => row.slice(1, -1))).toEqual([
      ['set', 'train', 'validation', 'test', 'demonstrations', 'choices'],
      ['yelp', '6', '0', '4', '6', '2'],
      ['arc_challenge', '-', '-', '2', '1', '2-3'],
    ]);
    expect(lines.slice(-5)).toEqual([
      `${join(folder, yelp)}: labels.json (2), train.json (6), test.json (4), dev.json (3)`,
      `${join(folder, 'sets')}: arc_challenge.jsonl (2), arc_challenge.fewshot.jsonl (1)`,
      'warning: yelp: all 3 records of dev are in test as well; none is left for validation',
      'warning: maxTrain asks for 9: yelp has 6',
      'warning: evaluation.shots asks for 4 demonstrations: arc_challenge has 1',
    ]);
  });

  it.concurrent('tells of a search what its trials read', async () => {
    const search = 'search: { sampler: grid, maximize: HP, space: { training.learningRate: [0.1, 0.2] } }';
    const parts = 'shared: own.yaml\nbase: { plain: {} }\nbenchmark: { own: {} }\n';
    writeText(folder, 'search.yaml', `${parts}${search}\n`);
    const { status, stdout } = await check('search.yaml');
    expect({ status, title: stdout.split('\n')[0] }).toEqual({ status: 0, title: 'search.yaml, own: jsonl' });
  });

  it.concurrent('tells of configs that read the same once, and of others by themselves', async () => {
    const { status, stdout } = await check('long.yaml', 'own.yaml', 'again.yaml');
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => /^\w.*: \w+$/.test(line))).toEqual([
      'long.yaml, again.yaml: long',
      'own.yaml: jsonl',
    ]);
  });

  it.concurrent('takes --set, and dashes for what a task does not have', async () => {
    const { status, stdout } = await check('own.yaml', '--set', 'benchmark.maxTrain=1');
    expect(status).toBe(0);
    expect(stdout).toMatch(/│ own +│ 1 +│ 1 +│ - +│ - +│ - +│/);
  });

  it.concurrent('goes on behind a config that is wrong, and ends with status 2', async () => {
    const { status, stdout, stderr } = await check('odd.yaml', 'lost.yaml', 'none.yaml', 'own.yaml');
    expect(status).toBe(2);
    expect(stdout).toMatch(/^own\.yaml: jsonl\n/);
    const said = stderr.trimEnd().split('\n');
    expect(said).toHaveLength(3);
    expect(said[0]).toMatch(/^\[CONFIG_KEY\] odd\.yaml:2.*"lamda" \(did you mean "lambda"\?\)/);
    expect(said[1]).toMatch(/^\[CONFIG_FILE\] none\.yaml/);
    expect(said[2]).toMatch(
      /^\[DATA_FILE\] lost\.yaml:2, benchmark\.root, \S*elsewhere: .*expected 4 files, got none of CL_Benchmark\/SC\/yelp\/{labels,train,dev,test}\.json\. They come from https:\/\/github\.com\/cmnfriend\/O-LoRA; docs\/data\.md tells how to get them\. \(lost\.yaml\)$/,
    );
  });
});
