/*
 * The memory that a run expects to need against what it needed: SmolLM2-135M, two training steps of several sizes, each in a
 * process of its own; the last 8 tokens of each row are the answer, r = 8 on q and v.
 *
 *     node benchmarks/run.js memory [--engine native] [--rows 4]... [--length 64]... [--recompute none]... [--set KEY=VALUE]...
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { TokenExample } from '../core/index.js';
import { rounded } from './figures.js';
import { benchmarkExamples } from './steps/stage.js';

const STEPS = 2;
const ANSWER = 8;
const NO_LOSS = -100;
const GB = 1e9;

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const some = (...values: string[]) => ({ type: 'string', multiple: true, default: values }) as const;
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: 'string', default: 'native' },
      rows: some('4', '8', '16'),
      length: some('64', '128'),
      recompute: some('none', 'layer'),
      set: some(),
    },
  });
  const table: object[] = [];
  for (const recompute of values.recompute) {
    for (const length of values.length.map(Number)) {
      for (const rows of values.rows.map(Number)) {
        const sets = [...values.set, `backbone.recompute=${recompute}`, `training.batchSize=${rows}`];
        const found = trainOnce(folder, examplesOf(folder, rows * STEPS, length), [
          ...['--engine', values.engine],
          ...sets.flatMap((one) => ['--set', one]),
        ]);
        table.push({ recompute, rows, length, ...found });
        process.stderr.write(`${recompute}, ${rows} rows of ${length}: ${JSON.stringify(found)}\n`);
      }
    }
  }
  console.table(table);
}

/** Rows of random tokens, those of step.jsonl end to end. */
function examplesOf(folder: string, count: number, length: number): TokenExample[] {
  const all = benchmarkExamples(folder).flatMap(({ tokens }) => tokens);
  return Array.from({ length: count }, (_, row) => {
    const tokens = Array.from({ length }, (_, t) => all[(row * length + t) % all.length]);
    return { tokens, labels: tokens.map((token, t) => (t < length - ANSWER ? NO_LOSS : token)) };
  });
}

/** Expected and measured gigabytes of one run, and their ratio. @throws Error where it fails */
function trainOnce(folder: string, examples: readonly TokenExample[], options: readonly string[]): object {
  const scratch = mkdtempSync(path.join(tmpdir(), 'memory-'));
  try {
    const [data, out] = [path.join(scratch, 'rows.jsonl'), path.join(scratch, 'run')];
    writeFileSync(data, examples.map((example) => `${JSON.stringify(example)}\n`).join(''));
    const run = [path.join(folder, '../core/cli/palimpsest.js'), 'run', path.join(folder, 'step.yaml'), '--out', out];
    execFileSync(process.execPath, [...run, '--set', `benchmark.tasks.0.train=${data}`, ...options], { stdio: 'pipe' });
    const summary = JSON.parse(readFileSync(path.join(out, 'summary.json'), 'utf8'));
    const [expected, measured] = [summary.expectedMemoryBytes / GB, summary.peakMemoryBytes / GB];
    return { expected: rounded(expected), measured: rounded(measured), ratio: rounded(expected / measured) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
