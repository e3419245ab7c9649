import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { evaluationSchema, trainingSchema } from '../../core/config/schema.js';
import type { BenchmarkData, EvaluationSet } from '../../core/contracts/benchmark.js';
import type { ScoreRecord } from '../../core/contracts/observer.js';
import { scoreSummary } from '../../core/evaluation/score-summary.js';
import { RunDirectory } from '../../core/run/run-directory.js';
import { Scorer } from '../../core/run/scorer.js';
import { scratchFolder } from '../config/write-config.js';
import { fakeModel } from '../evaluation/fake-backbone.js';

const folder = scratchFolder();
const items = ['cat', 'dog'].map((word) => ({ prompt: `Q: ${word} A:`, answer: ` ${word}s` }));
const set = (name: string, more: Partial<EvaluationSet> = {}): EvaluationSet => ({
  name,
  items,
  demonstrations: [],
  ...more,
});

it("scores a set by its own metric: in records, in every item's prediction and in the figures", async () => {
  const directory = new RunDirectory(folder);
  directory.create();
  const task = { name: 'a', train: [], epochs: 1, test: set('a', { metric: 'editSimilarity' }) };
  const data: BenchmarkData = { tasks: [task], heldOut: [set('h')], files: [], answerEnd: 'eos' };
  const config = { training: trainingSchema.parse({ maxOutputTokens: 6 }), evaluation: evaluationSchema.parse({}) };
  const told: ScoreRecord[] = [];
  const scorer = new Scorer(data, 1, config, directory, [{ scored: (record) => told.push(record) }]);
  await scorer.score(1, fakeModel());

  expect(told.map(({ metric }) => metric)).toEqual(['editSimilarity', 'exact']);
  const lines = readFileSync(path.join(folder, 'predictions/1-a-0-shot.jsonl'), 'utf8').trim().split('\n');
  const values = lines.map((line) => JSON.parse(line).editSimilarity as number);
  const [own] = told;
  expect(own.metrics.editSimilarity).toBeCloseTo((values[0] + values[1]) / 2, 12);
  expect(own.metrics.editSimilarity).not.toBe(own.metrics.exact);
  const figures = scoreSummary(told, { trained: ['a'], tasks: ['a'], heldOut: ['h'] });
  expect([figures.FP, figures.HP]).toEqual([own.metrics.editSimilarity, told[1].metrics.exact]);
});

it('warns once of prompts that are cut, and not where scoring has a length of its own', async () => {
  const data: BenchmarkData = { tasks: [], heldOut: [set('h')], files: [], answerEnd: 'eos' };
  const training = trainingSchema.parse({ maxInputTokens: 4 });
  const warned = async (name: string, maxInputTokens: number | null) => {
    const directory = new RunDirectory(path.join(folder, name));
    directory.create();
    const said: string[] = [];
    const logger = { info: () => {}, warn: (message: string) => said.push(message) };
    const config = { training, evaluation: evaluationSchema.parse({ maxInputTokens }) };
    const scorer = new Scorer(data, 1, config, directory, [], logger);
    for (const row of [0, 1]) await scorer.score(row, fakeModel());
    return said;
  };
  expect(await warned('cut', null)).toEqual([expect.stringMatching(/^2 of the prompts scored are cut .*to 4 tokens/)]);
  expect(await warned('whole', 99)).toEqual([]);
});
