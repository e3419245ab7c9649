#!/usr/bin/env node
// What is left of the held-out abilities after each task, from run directories `FOLDER/seed-N/METHOD`, as a Markdown table:
//
//     node examples/forgetting/table.js runs/forgetting
//
// Each cell is the mean over the held-out sets at five shots: first-token accuracy / log-probability of the first token in nats.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [folder] = process.argv.slice(2);
const SHOTS = 5;
const methods = ['inc-lora', 'ivg', 'random-heads'];

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** [accuracy, log-probability] in every row of a run, Init first. */
function retained(run) {
  const { rows, heldOut, records } = JSON.parse(readFileSync(path.join(run, 'scores.json'), 'utf8'));
  const over = (row, metric) =>
    mean(
      records
        .filter((record) => record.row === row && record.shots === SHOTS && heldOut.includes(record.set))
        .map(({ metrics }) => metrics[metric]),
    );
  return rows.map((_, row) => [over(row, 'firstTokenAccuracy'), over(row, 'firstTokenLogProbability')]);
}

const seeds = readdirSync(folder)
  .filter((name) => name.startsWith('seed-'))
  .sort();
const results = methods.map((method) => seeds.map((seed) => retained(path.join(folder, seed, method))));
const cell = ([accuracy, logProbability]) => `${accuracy.toFixed(3)} / ${logProbability.toFixed(2)}`;
const row = (title, cells) => process.stdout.write(`| ${[title, ...cells].join(' | ')} |\n`);

row('seed', ['Init', ...methods.map((method) => `${method}, task 1`), ...methods.map((method) => `${method}, task 2`)]);
row('---', Array(1 + 2 * methods.length).fill('---'));
const rowOf = (pick) => [pick(results[0], 0), ...[1, 2].flatMap((task) => results.map((runs) => pick(runs, task)))];
for (const [i, seed] of seeds.entries())
  row(
    seed.slice('seed-'.length),
    rowOf((runs, task) => cell(runs[i][task])),
  );
row(
  'mean',
  rowOf((runs, task) => cell([0, 1].map((k) => mean(runs.map((rows) => rows[task][k]))))),
);
