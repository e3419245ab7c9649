import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepRecord } from '../../core/contracts/observer.js';
import type { Prediction } from '../../core/evaluation/metrics.js';
import { readPeft } from '../../core/weights/peft.js';
import { palimpsest } from './bin.js';
import { writeToyModel } from './toy-model.js';

const folder = mkdtempSync(join(tmpdir(), 'run-'));
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const lines = <T>(name: string): T[] =>
  readFileSync(join(folder, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const sha256 = (name: string) =>
  createHash('sha256')
    .update(readFileSync(join(folder, name)))
    .digest('hex');

/** Rows `x y:` -> ` a`, or the letter that `answer` makes of them. */
function writeRows(name: string, answer: (letter: string) => string): void {
  const rows = Array.from('bcdefghi').map((letter) => ({ prompt: `${letter}${letter}:`, answer: answer(letter) }));
  writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

const base = `
engine: cpu
backbone: { use: llama, model: ./toy }
adapter: { use: inc-lora, rank: 2, alpha: 4, dropout: 0.1 }
training: { batchSize: 4, learningRate: 1.0e-2, schedule: { kind: linear, warmup: 1 }, maxOutputTokens: 3 }
`;
const tasks = `
extends: [base.yaml]
benchmark:
  use: jsonl
  tasks:
    - { name: one, train: one.jsonl, test: one.jsonl, epochs: 2 }
    - { name: two, train: two.jsonl, test: two.jsonl }
  heldOut: [{ name: kept, test: one.jsonl, fewShot: two.jsonl }]
evaluation: { shots: [0, 2] }
`;

async function run(out: string, ...more: string[]) {
  const finished = await palimpsest(['run', 'run.yaml', '--out', out, ...more], folder);
  expect(finished.stderr).toBe('');
  expect(finished.status).toBe(0);
  return finished.stdout;
}

/** The toy model's token for ` a`. */
const SPACE_A = 29;

/** What `palimpsest logits` writes. */
interface LogitsRow {
  readonly logSumExp: number;
  readonly logits: Readonly<Record<string, number>>;
}

/** Everything of the steps that does not depend on the clock. */
const steps = (out: string) =>
  lines<StepRecord>(`${out}/metrics.jsonl`).map(({ loss, gradientNorm, tokens }) => ({ loss, gradientNorm, tokens }));

describe('palimpsest run', () => {
  let told: string;
  beforeAll(async () => {
    await writeToyModel(join(folder, 'toy'));
    writeFileSync(join(folder, 'base.yaml'), base);
    writeFileSync(join(folder, 'run.yaml'), tasks);
    writeRows('one.jsonl', () => ' a');
    writeRows('two.jsonl', (letter) => letter);
    told = await run('out');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes a line per optimizer step, from 1 over the run', () => {
    const records = lines<StepRecord>('out/metrics.jsonl');
    expect(records.map(({ step, task, epoch }) => [step, task, epoch])).toEqual([
      [1, 'one', 1],
      [2, 'one', 1],
      [3, 'one', 2],
      [4, 'one', 2],
      [5, 'two', 1],
      [6, 'two', 1],
    ]);
    expect(records.map(({ learningRate }) => learningRate)).toEqual(
      [1, 1, 2 / 3, 1 / 3, 1, 1].map((factor) => expect.closeTo(0.01 * factor, 12)),
    );
    for (const { loss, gradientNorm, tokens, tokensPerSecond } of records) {
      expect(loss.total).toBe(loss.crossEntropy);
      expect(gradientNorm).toBeGreaterThan(0);
      expect(tokens).toBe(4 * 6);
      expect(tokensPerSecond).toBeGreaterThan(0);
    }
  });

  it('keeps the config as it was resolved, the versions, the hashes and the seed', () => {
    expect(json('out/config.json')).toMatchObject({ seed: 1, adapter: { rank: 2, targets: ['q_proj', 'v_proj'] } });
    expect(json('out/environment.json')).toMatchObject({ engine: 'cpu', node: process.versions.node });
    const { seed, data, model } = json('out/inputs.json');
    expect(seed).toBe(1);
    expect(data).toEqual(
      ['one.jsonl', 'two.jsonl'].map((name) => ({ path: join(folder, name), sha256: sha256(name), items: 8 })),
    );
    expect(model.sha256['model.safetensors']).toBe(sha256('toy/model.safetensors'));
  });

  it('scores Init and each task, zero-shot and few-shot, and keeps every prediction', () => {
    const { rows, tables, heldOut } = json('out/scores.json');
    expect([rows, heldOut]).toEqual([['Init', 'one', 'two'], ['kept']]);
    const zeroShot = tables.find(
      (table: { shots: number; metric: string }) => table.shots === 0 && table.metric === 'exact',
    );
    expect(zeroShot.columns).toEqual(['one', 'two', 'kept']);
    expect(zeroShot.values).toHaveLength(3);
    expect(readdirSync(join(folder, 'out/predictions'))).toHaveLength(3 * 3 * 2);
    expect(lines<{ exact: boolean }>('out/predictions/2-two-0-shot.jsonl')).toHaveLength(8);
    const summary = json('out/summary.json');
    const final = zeroShot.values[2];
    expect(summary.average).toBeCloseTo((final[0] + final[1]) / 2, 12);
    expect(summary.HP).toBeCloseTo(final[2], 12);
    expect(summary).toHaveProperty('forgetting');
    expect(told).toMatch(/│ Init\s+│[\s\S]*after two[\s\S]*HP \d\.\d\d {2}IP \d\.\d\d {2}FP \d\.\d\d/);
  });

  it("saves each task's adapter, and one that equals all of them", async () => {
    const [one, two, all] = await Promise.all(
      ['one', 'two', 'all'].map((name) => readPeft(join(folder, 'out/adapters', name))),
    );
    expect([one.rank, two.rank, all.rank]).toEqual([2, 2, 4]);
    expect(all.pairs.map(({ scale }) => scale)).toEqual(all.pairs.map(() => 2));
    const [a1, a2, both] = [one.pairs[0].a, two.pairs[0].a, all.pairs[0].a];
    expect([...both]).toEqual([...a1, ...a2]);
  });

  it('ends with the model that the adapter of all tasks makes', async () => {
    const predictions = lines<Prediction>('out/predictions/2-one-0-shot.jsonl');
    writeFileSync(
      join(folder, 'ask.jsonl'),
      predictions.map(({ prompt }, id) => JSON.stringify({ id, prompt })).join('\n'),
    );
    const args = ['logits', '--model', 'toy', '--engine', 'cpu', '--input', 'ask.jsonl', '--ids', String(SPACE_A)];
    await Promise.all([
      palimpsest([...args, '--out', 'plain.jsonl'], folder),
      palimpsest([...args, '--out', 'learnt.jsonl', '--adapter', 'out/adapters/all'], folder),
    ]);
    const logProbabilities = (name: string) =>
      lines<LogitsRow>(name).map(({ logits, logSumExp }) => logits[SPACE_A] - logSumExp);
    const final = predictions.map(({ firstTokenLogProbability }) => firstTokenLogProbability);
    expect(logProbabilities('learnt.jsonl')).toEqual(final.map((value) => expect.closeTo(value, 4)));
    expect(logProbabilities('plain.jsonl')).not.toEqual(final.map((value) => expect.closeTo(value, 2)));
  });

  it('runs the same again from the config in its directory', async () => {
    const { status } = await palimpsest(['run', 'out/config.json', '--out', 'replay'], folder);
    expect(status).toBe(0);
    expect(steps('replay')).toEqual(steps('out'));
    expect(json('replay/config.json')).toEqual(json('out/config.json'));
  });

  it('gives the same numbers for the same seed, others for another, and takes --set', async () => {
    await Promise.all([
      run('again'),
      run('other', '--seed', '2'),
      run('shorter', '--set', 'benchmark.tasks.0.epochs=1'),
    ]);
    expect(steps('again')).toEqual(steps('out'));
    expect(steps('other')).not.toEqual(steps('out'));
    expect(steps('shorter')).toHaveLength(4);
  });

  it('scores at the end only, or never, where it is told so', async () => {
    const scored = (after: string) => run(after, '--set', `evaluation.after=${after}`);
    await Promise.all([scored('last'), scored('end'), scored('never')]);
    const measured = (out: string) => [
      ...new Set(json(`${out}/scores.json`).records.map((record: { row: number }) => record.row)),
    ];
    expect([measured('last'), measured('end'), measured('never')]).toEqual([[0, 2], [2], []]);
  });
});
