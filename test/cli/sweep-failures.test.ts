import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest, program } from './bin.js';
import { letters, writeLetters } from './letters.js';
import { lossesOf, stepsOf } from './metrics.js';
import { until } from './until.js';

const folder = scratchFolder();
const grid = `${letters}
base: { plain: {} }
seeds: [1, 2]
`;
const cell = 'letters/plain/seed-1';
const only = ['sweep', 'grid.yaml', '--only', 'plain/seed-1'];

beforeAll(async () => {
  await writeLetters(folder);
  writeText(folder, 'grid.yaml', grid);
});

describe('a sweep', { timeout: 120_000 }, () => {
  it('goes on past a cell that fails, says why, and ends with status 1', async () => {
    const broken = grid.replace('base: {', 'base: { short: { training: { overflow: refuse, maxInputTokens: 1 } },');
    writeText(folder, 'broken.yaml', broken);
    const { status, stdout } = await palimpsest(
      ['sweep', 'broken.yaml', '--out', 'broken', '--only', 'short/seed-1', '--only', 'plain/seed-1'],
      folder,
    );
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /letters\/short\/seed-1 {2}refused: \[DATA_TOO_LONG\].*\(.*logs\/letters__short__seed-1\.log\)/,
    );
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
    expect(stdout).toMatch(/plain\/seed-1 {2}failed: killed by SIGKILL \(.*seed-1\.log\); trying it again\n/);
    expect(stdout).toMatch(/1 of 1 {2}letters\/plain\/seed-1 {2}done/);
    const whole = await palimpsest([...only, '--out', 'whole'], folder);
    expect(whole.status).toBe(0);
    expect(lossesOf(join(folder, 'twice', cell))).toEqual(lossesOf(join(folder, 'whole', cell)));
    rmSync(join(folder, 'killed-once'));
    const gaveUp = await palimpsest(['sweep', 'grid.yaml', '--out', 'never', '--retries', '0', ...args], folder);
    expect(gaveUp.status).toBe(1);
    expect(gaveUp.stdout).toMatch(/letters\/plain\/seed-1 {2}failed: killed by SIGKILL/);
  });

  it('tells the error of a cell that crashed, not its stack', async () => {
    writeText(
      folder,
      'crasher.js',
      `import { definePlugin, z } from 'palimpsest';
class Crasher { stepDone() { throw new Error('no such luck'); } }
export default definePlugin({ name: 'crasher', summary: 'Dies.', provides: { observer: Crasher }, options: z.strictObject({}) });
`,
    );
    const args = ['--only', 'plain/seed-1', '--retries', '0', '--set', 'observers=[{use: ./crasher.js}]'];
    const { stdout } = await palimpsest(['sweep', 'grid.yaml', '--out', 'crashed', ...args], folder);
    expect(stdout).toMatch(/failed: Error: no such luck \(.*\.log\)/);
  });

  it('mixes no cells that have read different data or models', async () => {
    const sweep = (...args: string[]) => palimpsest(['sweep', 'grid.yaml', '--out', 'mixed', ...args], folder);
    expect((await sweep('--only', 'seed-1')).status).toBe(0);
    for (const file of ['a.jsonl', 'toy/tokenizer_config.json']) {
      const before = readFileSync(join(folder, file), 'utf8');
      writeText(folder, file, `${before}\n`);
      const { status, stderr } = await sweep();
      writeText(folder, file, before);
      expect(status).toBe(2);
      const name = basename(file).replace('.', '\\.');
      expect(stderr).toMatch(new RegExp(`INPUTS_CHANGED\\] \\S+seed-2: .*${name} of SHA-256.*seed-1, got \\S*${name}`));
    }
    expect((await sweep()).status).toBe(0);
  });

  it('refuses a model and a file that are not there before the first cell is run', async () => {
    const lines = {
      'model.yaml': ['model: ./toy', 'model: ./toys', /MODEL_NOT_FOUND\] .*model\.yaml:4, backbone\.model.*toys/],
      'init.yaml': ['rank: 2', 'rank: 2, init: gone.safetensors', /CONFIG_VALUE.*init\.yaml:5, adapter\.init.*gone/],
    } as const;
    for (const [name, [from, to, message]] of Object.entries(lines)) {
      writeText(folder, name, grid.replace(from, to));
      const { status, stdout, stderr } = await palimpsest(['sweep', name, '--out', 'refused'], folder);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(message);
    }
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });

  it('says once what is to be known of the data of each benchmark', async () => {
    writeText(folder, 'alike.yaml', grid.replace('train: b.jsonl', 'train: c.jsonl'));
    writeText(folder, 'c.jsonl', readFileSync(join(folder, 'a.jsonl'), 'utf8'));
    const { stderr } = await palimpsest(['sweep', 'alike.yaml', '--out', 'alike'], folder);
    expect(stderr).toMatch(/^warning: letters: b: all 3 test prompts are in train as well\n$/);
  });

  it('ends the cells at hand where the results of another cannot be read', async () => {
    const slow = 'config: { benchmark: { tasks: [{ name: a, train: a.jsonl, test: a.jsonl, epochs: 5000 }] } }';
    const fault = grid.replace('base: {', `cells: [{ base: slow, ${slow} }]\nbase: { slow: {},`);
    writeText(folder, 'fault.yaml', fault);
    const args = ['sweep', 'fault.yaml', '--out', 'fault', '--only'];
    expect((await palimpsest([...args, 'plain/seed-1'], folder)).status).toBe(0);
    writeText(folder, 'fault/letters/plain/seed-1/scores.json', '{');
    const both = [...args, 'slow/seed-1', '--only', 'plain/seed-2', '--parallel', '2'];
    const { status, stderr } = await palimpsest(both, folder);
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringMatching(/INPUT_FILE.*plain\/seed-1/) });
    expect(existsSync(join(folder, 'fault', 'letters/slow/seed-1/summary.json'))).toBe(false);
    expect(existsSync(join(folder, 'fault', 'sweep.lock'))).toBe(false);
  });

  it('refuses a folder that another sweep is writing, and takes over what a dead one left', async () => {
    const lock = writeText(folder, 'locked/sweep.lock', '');
    writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
    const refused = await palimpsest(['sweep', 'grid.yaml', '--out', 'locked'], folder);
    expect(refused.stderr).toMatch(new RegExp(`OUTPUT_EXISTS.*the sweep of process ${process.pid}`));
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 30, host: hostname() }));
    expect((await palimpsest(['sweep', 'grid.yaml', '--out', 'locked'], folder)).status).toBe(0);
  });

  describe('that is ended on the way', () => {
    const begun = async (out: string) => {
      const args = ['sweep', 'grid.yaml', '--out', out, '--set', `benchmark.tasks.0.epochs=${EPOCHS}`];
      args.push('--only', 'plain/seed-1', '--set', 'checkpoint.every=20');
      const sweep = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: 'ignore' });
      await until(() => size(out) > 0);
      return { args, sweep };
    };
    const metrics = (out: string) => join(folder, out, cell, 'metrics.jsonl');
    const size = (out: string) => (existsSync(metrics(out)) ? statSync(metrics(out)).size : 0);
    const EPOCHS = 200;
    const all = Array.from({ length: 2 * EPOCHS + 2 }, (_, i) => i + 1);

    it('leaves no process behind when it is killed, and goes on afterwards', async () => {
      const { args, sweep } = await begun('killed');
      sweep.kill('SIGKILL');
      await until(async () => {
        const before = size('killed');
        await new Promise((resolve) => setTimeout(resolve, 300));
        return size('killed') === before;
      });
      expect(stepsOf(join(folder, 'killed', cell)).length).toBeLessThan(all.length);
      expect((await palimpsest(args, folder)).status).toBe(0);
      expect(stepsOf(join(folder, 'killed', cell))).toEqual(all);
    });

    it('ends after the step at hand with status 130 on Ctrl-C, and leaves no lock', async () => {
      const { args, sweep } = await begun('stopped');
      sweep.kill('SIGINT');
      expect(await once(sweep, 'exit')).toEqual([130, null]);
      expect(stepsOf(join(folder, 'stopped', cell)).length).toBeLessThan(all.length);
      const left = readdirSync(join(folder, 'stopped'), { recursive: true, encoding: 'utf8' });
      expect(left.filter((name) => name.includes('lock'))).toEqual([]);
      expect((await palimpsest(args, folder)).status).toBe(0);
      expect(stepsOf(join(folder, 'stopped', cell))).toEqual(all);
    });
  });
});
