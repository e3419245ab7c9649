/*
 * From the start of the process to the end of the first training step, by phase: SmolLM2-135M, 8 rows of 64 tokens, the model in
 * the cache. Each round is a process of its own.
 *
 *     node benchmarks/run.js start [--engine native] [--rounds 5] [--set KEY=VALUE]...
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { median, rounded } from './figures.js';

/** What the run's own clock tells, in the order in which it happens; the first step comes after them. */
const PHASES = ['data', 'engine', 'model', 'weights'] as const;
const ROWS = 8;

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: 'string', default: 'native' },
      rounds: { type: 'string', default: '5' },
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  const scratch = mkdtempSync(path.join(tmpdir(), 'start-'));
  try {
    const options = oneStep(folder, scratch, values);
    const rounds: Record<string, number>[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      rounds.push(await startOnce(folder, path.join(scratch, `run-${round}`), options));
    }
    console.table(phaseTable(rounds));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Options of `palimpsest run` for a run of a single step. */
function oneStep(folder: string, scratch: string, { engine, set }: { engine: string; set: string[] }): string[] {
  const rows = readFileSync(path.join(folder, 'step.jsonl'), 'utf8').split('\n').slice(0, ROWS);
  const data = path.join(scratch, 'step.jsonl');
  writeFileSync(data, rows.map((row) => `${row}\n`).join(''));
  const sets = [`benchmark.tasks.0.train=${data}`, ...set].flatMap((one) => ['--set', one]);
  return [path.join(folder, 'step.yaml'), '--engine', engine, ...sets];
}

/** Seconds of every phase of one process, and in all. */
async function startOnce(folder: string, out: string, options: readonly string[]): Promise<Record<string, number>> {
  const total = await secondsToFirstStep([
    path.join(folder, '../core/cli/palimpsest.js'),
    'run',
    ...options,
    '--out',
    out,
  ]);
  const { seconds } = JSON.parse(readFileSync(path.join(out, 'summary.json'), 'utf8'));
  const [step] = readFileSync(path.join(out, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .map((line) => line && JSON.parse(line));
  const known = { ...Object.fromEntries(PHASES.map((phase) => [phase, seconds[phase]])), 'first step': step.seconds };
  const rest = total - Object.values(known).reduce((sum, one) => sum + one, 0);
  return { 'node, modules, plugins, checks': rest, ...known, total };
}

/** Waits for the program's end. @throws Error where it fails, with what it wrote */
function secondsToFirstStep(args: readonly string[]): Promise<number> {
  const start = performance.now();
  let end = Number.NaN;
  let written = '';
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      written += text;
      if (Number.isNaN(end) && written.includes('step 1 of ')) end = (performance.now() - start) / 1000;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('close', (status) => (status === 0 ? resolve(end) : reject(new Error(written))));
  });
}

function phaseTable(rounds: readonly Record<string, number>[]): object[] {
  return Object.keys(rounds[0]).map((phase) => {
    const seconds = rounds.map((round) => round[phase]);
    return { phase, median: rounded(median(seconds)), fastest: rounded(Math.min(...seconds)) };
  });
}
