import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest, program } from './bin.js';
import { letters, writeLetters } from './letters.js';
import { until } from './until.js';

const folder = scratchFolder();
const grid = `${letters}
base: { plain: {}, ewc: { regularizers: [{ use: ewc, over: merged, lambda: 10 }] } }
seeds: [1, 2]
frontier: { retention: [first] }
`;

beforeAll(async () => {
  await writeLetters(folder);
  writeText(folder, 'grid.yaml', grid);
});

const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const cells = ['plain/seed-1', 'plain/seed-2', 'ewc/seed-1', 'ewc/seed-2'].map((name) => `letters/${name}`);

describe('palimpsest sweep', { timeout: 120_000 }, () => {
  it('runs every cell, each in a process of its own, and writes one table in four forms', async () => {
    const { status, stdout, stderr } = await palimpsest(
      ['sweep', 'grid.yaml', '--out', 'all', '--parallel', '2'],
      folder,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const cell of cells) expect(existsSync(join(folder, 'all', cell, 'summary.json')), cell).toBe(true);
    expect(stdout).toMatch(/4 of 4 {2}letters\/\S+ {2}done in/);
    expect(stdout).toContain(read('all/table.md'));
    expect(read('all/table.md')).toMatch(/\| ewc \| 2 \|/);
    expect(read('all/table.csv').split('\r\n')).toHaveLength(4);
    expect(read('all/table.tex')).toContain('\\toprule');
    const { tables, cells: results } = JSON.parse(read('all/table.json'));
    expect(results).toHaveLength(4);
    const single = JSON.parse(read('all/letters/plain/seed-1/scores.json'));
    const last = single.records.find((record: { row: number; set: string }) => record.row === 2 && record.set === 'a');
    expect(results[0].figures.first).toBe(last.metrics.firstTokenLogProbability);
    expect(tables[0].init.first).toBeTypeOf('number');
    expect(tables[0].init.FP).toBe(0);
    const frontier = read('all/frontier-letters-first.svg');
    for (const text of ['plain', 'ewc', 'plasticity (FP)', 'retention (first)'])
      expect(frontier).toContain(`>${text}<`);
    expect(existsSync(join(folder, 'all', 'sweep.lock'))).toBe(false);
  });

  it('runs what is missing and nothing else', async () => {
    const kept = join(folder, 'all', cells[0], 'summary.json');
    const before = statSync(kept).mtimeMs;
    rmSync(join(folder, 'all', cells[1]), { recursive: true });
    const listed = await palimpsest(['sweep', 'grid.yaml', '--out', 'all', '--list'], folder);
    expect(listed.stdout).toBe(
      `done     ${cells[0]}\nmissing  ${cells[1]}\ndone     ${cells[2]}\ndone     ${cells[3]}\n`,
    );
    const { stdout } = await palimpsest(['sweep', 'grid.yaml', '--out', 'all'], folder);
    expect(stdout).toMatch(/^4 cells, 3 done already/);
    expect(existsSync(join(folder, 'all', cells[1], 'summary.json'))).toBe(true);
    expect(statSync(kept).mtimeMs).toBe(before);
  });

  it('repeats cells drawn by seed, and says whether their figures are equal', async () => {
    const args = ['sweep', 'grid.yaml', '--out', 'all', '--repeat', '1'];
    const same = await palimpsest(args, folder);
    expect(same).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/repeated with equal figures: letters\/\S+$/m),
    });
    const [, cell] = /equal figures: (\S+)/.exec(same.stdout) ?? [];
    const summary = JSON.parse(read(`all/repeated/${cell}/summary.json`));
    writeText(folder, `all/repeated/${cell}/summary.json`, JSON.stringify({ ...summary, FP: 7 }));
    const other = await palimpsest(args, folder);
    expect(other.status).toBe(1);
    expect(other.stdout).toMatch(/: FP was \S+ and is 7/);
  });

  it('gives a cell the same numbers whenever it is run', async () => {
    await palimpsest(['sweep', 'grid.yaml', '--out', 'again', '--only', 'letters/*c/seed-2'], folder);
    const losses = (out: string) =>
      read(`${out}/${cells[3]}/metrics.jsonl`)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).loss);
    expect(losses('again')).toEqual(losses('all'));
    expect(existsSync(join(folder, 'again', cells[0]))).toBe(false);
  });

  it('goes on past a cell that fails, says why, and ends with status 1', async () => {
    const broken = grid.replace('base: {', 'base: { short: { training: { overflow: refuse, maxInputTokens: 1 } },');
    writeText(folder, 'broken.yaml', broken);
    const { status, stdout } = await palimpsest(
      ['sweep', 'broken.yaml', '--out', 'broken', '--only', 'short/seed-1', '--only', 'plain/seed-1'],
      folder,
    );
    expect(status).toBe(1);
    expect(stdout).toMatch(/letters\/short\/seed-1 {2}refused: \[DATA_TOO_LONG\]/);
    expect(stdout).toMatch(/letters\/plain\/seed-1 {2}done/);
  });

  it('takes a cell up again whose process was killed, from its checkpoint', async () => {
    writeText(
      folder,
      'killer.js',
      `import { existsSync, writeFileSync } from 'node:fs';
import { definePlugin, z } from 'palimpsest';
class Killer {
  stepDone({ step }) {
    if (step < 3 || existsSync('killed-once')) return;
    writeFileSync('killed-once', '');
    process.kill(process.pid, 'SIGKILL');
  }
}
export default definePlugin({ name: 'killer', summary: 'Dies once.', provides: { observer: Killer }, options: z.strictObject({}) });
`,
    );
    const args = ['--only', 'plain/seed-1', '--set', 'observers=[{use: ./killer.js}]', '--set', 'checkpoint.every=1'];
    const { status, stdout } = await palimpsest(['sweep', 'grid.yaml', '--out', 'twice', ...args], folder);
    expect({ status, killed: existsSync(join(folder, 'killed-once')) }).toEqual({ status: 0, killed: true });
    expect(stdout).toMatch(/1 of 1 {2}letters\/plain\/seed-1 {2}done/);
    const losses = (out: string) =>
      read(`${out}/${cells[0]}/metrics.jsonl`)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).loss);
    expect(losses('twice')).toEqual(losses('all'));
    rmSync(join(folder, 'killed-once'));
    const gaveUp = await palimpsest(['sweep', 'grid.yaml', '--out', 'never', '--retries', '0', ...args], folder);
    expect(gaveUp.status).toBe(1);
    expect(gaveUp.stdout).toMatch(/letters\/plain\/seed-1 {2}failed: killed by SIGKILL/);
  });

  it('checks the data of every benchmark before the first cell is run', async () => {
    const gone = '  gone: { benchmark: { use: jsonl, tasks: [{ name: a, train: gone.jsonl }] } }';
    writeText(folder, 'gone.yaml', grid.replace('\nfigures', `\n${gone}\nfigures`));
    const { status, stdout, stderr } = await palimpsest(['sweep', 'gone.yaml', '--out', 'gone'], folder);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/\[DATA_FILE\] gone\.yaml:\d+, benchmark\.tasks\.0\.train.*gone\.jsonl/);
    expect(existsSync(join(folder, 'gone'))).toBe(false);
  });

  it('checks every config before the first cell is run', async () => {
    writeText(folder, 'wrong.yaml', grid.replace('lambda: 10', 'lamda: 10'));
    const { status, stderr } = await palimpsest(['sweep', 'wrong.yaml', '--out', 'wrong'], folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^\[CONFIG_KEY\] wrong\.yaml:15, regularizers\.0\.lamda/);
    expect(existsSync(join(folder, 'wrong'))).toBe(false);
  });

  it('refuses a folder that another sweep is writing, and takes over what a dead one left', async () => {
    const lock = join(folder, 'all', 'sweep.lock');
    const { hostname } = await import('node:os');
    writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
    const refused = await palimpsest(['sweep', 'grid.yaml', '--out', 'all'], folder);
    expect(refused.stderr).toMatch(new RegExp(`OUTPUT_EXISTS.*the sweep of process ${process.pid}`));
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 30, host: hostname() }));
    expect((await palimpsest(['sweep', 'grid.yaml', '--out', 'all'], folder)).status).toBe(0);
  });

  it('leaves no process behind when it is killed, and goes on afterwards', async () => {
    const args = [
      program,
      'sweep',
      'grid.yaml',
      '--out',
      'killed',
      '--set',
      'benchmark.tasks.0.epochs=2000',
      '--only',
      'plain/seed-1',
    ];
    const sweep = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
    const metrics = join(folder, 'killed', cells[0], 'metrics.jsonl');
    const size = () => (existsSync(metrics) ? statSync(metrics).size : 0);
    await until(() => size() > 0);
    sweep.kill('SIGKILL');
    await until(async () => {
      const before = size();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return size() === before;
    });
    const steps = read(`killed/${cells[0]}/metrics.jsonl`).trim().split('\n').length;
    expect(steps).toBeLessThan(4000);
  });
});
