import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../core/training/random.js';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest, program } from './bin.js';
import { writeToyModel } from './toy-model.js';
import { until } from './until.js';

const folder = scratchFolder();
const PORT = 6390 + Number(process.env.VITEST_POOL_ID ?? 0);
const url = `redis://127.0.0.1:${PORT}`;
const grid = `
shared:
  engine: cpu
  backbone: { use: llama, model: ./toy }
  training: { batchSize: 2, maxOutputTokens: 3 }
  evaluation: { after: end, by: [first-token] }
base: { r2: { adapter: { use: inc-lora, rank: 2 } }, r3: { adapter: { use: inc-lora, rank: 3 } } }
add: { none: {}, ewc: { regularizers: [{ use: ewc, over: merged }] } }
benchmark: { letters: { benchmark: { use: jsonl, tasks: [{ name: a, train: a.jsonl, test: a.jsonl, epochs: 3 }] } } }
seeds: [1, 2, 3, 4, 5, 6]
`;

const redis = hasRedis();
let server: ChildProcess;

beforeAll(async () => {
  if (!redis) return;
  await writeToyModel(join(folder, 'toy'));
  writeText(folder, 'grid.yaml', grid);
  const lines = ['ab.', 'cd.', 'ef.', 'gh.'].map((prompt) => JSON.stringify({ prompt, answer: ' a' }));
  writeText(folder, 'a.jsonl', `${lines.join('\n')}\n`);
  const options = ['--port', String(PORT), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  server = spawn('redis-server', options, { stdio: 'ignore' });
});

afterAll(() => void server?.kill());

describe.skipIf(!redis)(
  'workers of a queue (without a redis-server on the PATH they are skipped)',
  { timeout: 100_000 },
  () => {
    it('run 24 cells, though two of six are killed on the way: 24 results, none twice', async () => {
      const workers = Array.from({ length: 6 }, () => worker());
      const sweep = palimpsest(['sweep', 'grid.yaml', '--redis', url, '--out', 'out'], folder);
      const victims = seededRandom(7).stream('victims').shuffle(workers).slice(0, 2);
      for (const [i, victim] of victims.entries()) {
        await until(() => overCells() >= 3 + 5 * i);
        victim.kill('SIGKILL');
      }
      const { status, stdout } = await sweep;
      for (const one of workers) one.kill('SIGINT');
      expect({ status, stdout }).toMatchObject({ status: 0 });
      const told = [...stdout.matchAll(/^\d+ of 24 {2}(\S+) {2}done/gm)].map(([, name]) => name);
      expect(told).toHaveLength(24);
      expect(new Set(told).size).toBe(24);
      for (const name of told) {
        const steps = readFileSync(join(folder, 'out', name, 'metrics.jsonl'), 'utf8')
          .trim()
          .split('\n');
        expect(steps.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3, 4, 5, 6]);
        expect(existsSync(join(folder, 'out', name, 'summary.json'))).toBe(true);
      }
      expect(JSON.parse(readFileSync(join(folder, 'out', 'table.json'), 'utf8')).cells).toHaveLength(24);
    });

    it("refuse a cell whose config is not the sweep's", async () => {
      const other = worker();
      const args = ['sweep', 'grid.yaml', '--redis', url, '--out', 'other', '--retries', '0', '--only', 'r2/seed-1'];
      const { status, stdout } = await palimpsest([...args, '--set', 'training.learningRate=0.5'], folder);
      other.kill('SIGINT');
      expect(status).toBe(1);
      expect(stdout).toMatch(/failed: \[QUEUE_JOB\].*another config for the cell/);
    });

    it('give what is in the queue already to a sweep that is called again', async () => {
      const { stdout } = await palimpsest(
        ['sweep', 'grid.yaml', '--redis', url, '--out', 'again', '--only', 'r2/seed-1'],
        folder,
      );
      expect(stdout).toMatch(/1 of 1 {2}letters\/r2\/seed-1 {2}done/);
      const losses = (out: string) => readFileSync(join(folder, out, 'letters/r2/seed-1/metrics.jsonl'), 'utf8');
      expect(losses('again')).toBe(losses('out'));
    });

    it('say where there is no server', async () => {
      const { status, stderr } = await palimpsest(['worker', '--redis', 'redis://127.0.0.1:1'], folder);
      expect({ status, stderr }).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('[QUEUE_UNREACHABLE] redis://127.0.0.1:1'),
      });
    });
  },
);

function worker(more: readonly string[] = []): ChildProcess {
  const args = [program, 'worker', '--redis', url, '--lease', '2', ...more];
  return spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
}

/** Cells whose results have reached the sweep. */
function overCells(): number {
  const file = join(folder, 'out', 'table.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).cells.length : 0;
}

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
