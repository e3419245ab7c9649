import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StepRecord } from '../../core/contracts/observer.js';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest } from './bin.js';
import { writeToyModel } from './toy-model.js';

const folder = scratchFolder();
const program = fileURLToPath(new URL('../../core/cli/palimpsest.js', import.meta.url));
const config = `
engine: cpu
backbone: { use: llama, model: ./toy }
adapter: { use: inc-lora, rank: 2, alpha: 4 }
regularizers: [{ use: ewc, over: merged, lambda: 10 }, { use: lwf }]
benchmark:
  use: jsonl
  tasks: [{ name: a, train: a.jsonl, test: a.jsonl, epochs: 6 }, { name: b, train: a.jsonl, epochs: 6 }]
training: { batchSize: 2, maxOutputTokens: 3, keep: { memory: 0 } }
evaluation: { by: [first-token] }
checkpoint: { every: 3 }
`;

const lines = (out: string) =>
  existsSync(join(folder, out, 'metrics.jsonl'))
    ? readFileSync(join(folder, out, 'metrics.jsonl'), 'utf8')
        .split('\n')
        .slice(0, -1)
    : [];
const steps = (out: string) =>
  lines(out).map((line) => {
    const { step, loss, gradientNorm } = JSON.parse(line) as StepRecord;
    return { step, loss, gradientNorm };
  });

/** Runs the config in a process of its own, and kills that once so many steps are done. */
async function killAfter(count: number, out: string): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program, 'run', 'run.yaml', '--out', out], { cwd: folder, stdio: 'ignore' });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  const watching = setInterval(() => {
    if (lines(out).length >= count) child.kill('SIGKILL');
  }, 2);
  const signal = await ended;
  clearInterval(watching);
  return signal;
}

/** Interrupts a run, as Ctrl-C does, once so many steps are done; gives what it wrote on standard error. */
async function interruptAfter(count: number, out: string): Promise<string> {
  const child = spawn(process.execPath, [program, 'run', 'run.yaml', '--out', out], { cwd: folder });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  child.stdout.resume();
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const watching = setInterval(() => {
    if (lines(out).length < count) return;
    clearInterval(watching);
    child.kill('SIGINT');
  }, 2);
  expect(await ended).toBe(130);
  return said;
}

beforeAll(async () => {
  await writeToyModel(join(folder, 'toy'));
  writeText(folder, 'run.yaml', config);
  writeText(folder, 'idle.yaml', 'extends: [run.yaml]\nregularizers: [{ use: lwf, weight: 0 }]\n');
  const rows = Array.from('bcdefgh', (letter) => `${JSON.stringify({ prompt: `${letter}:`, answer: letter })}\n`);
  writeText(folder, 'a.jsonl', rows.join(''));
  expect((await palimpsest(['run', 'run.yaml', '--out', 'whole'], folder)).stderr).toBe('');
});

describe('palimpsest run --resume', () => {
  it.each([
    [5, ['run.yaml', '--out', 'killed-5', '--resume']],
    [20, ['--resume', 'killed-20']],
    [40, ['--resume', 'run.yaml', '--out', 'killed-40']],
  ])('goes on with a run that was killed after %i steps', async (count, args) => {
    const out = `killed-${count}`;
    expect(await killAfter(count, out)).toBe('SIGKILL');
    const { status, stdout, stderr } = await palimpsest(['run', ...args], folder);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/2 tasks, 48 steps, \d+ of them done/);
    expect(steps(out)).toEqual(steps('whole'));
  });

  it('is what an interrupted run says how to go on with', async () => {
    const said = await interruptAfter(2, 'interrupted');
    const [, command] = /^\ninterrupted; go on with: palimpsest (run --resume \S+)\n$/.exec(said) ?? [];
    const { status, stdout } = await palimpsest(command.split(' '), folder);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^done in \d+ s(?: \(\d+ s of them before it went on\))?: .*interrupted$/m);
    expect(steps('interrupted')).toEqual(steps('whole'));
  });

  it('says where there is no run', async () => {
    const { status, stderr } = await palimpsest(['run', '--resume', 'nowhere'], folder);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^\[USAGE\].*There is no run in nowhere: /)]);
  });

  it('does nothing where the run is over', async () => {
    const before = lines('whole');
    const { status, stdout } = await palimpsest(['run', '--resume', 'whole'], folder);
    expect([status, stdout]).toEqual([0, `over already: ${join(folder, 'whole')}\n`]);
    expect(lines('whole')).toEqual(before);
  });

  it('is refused with another config than the run began with, also where that is over', async () => {
    const other = ['run', 'run.yaml', '--set', 'training.batchSize=3', '--out', 'whole', '--resume'];
    const { status, stderr } = await palimpsest(other, folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /CHECKPOINT_INVALID.*whole\/config.json, training.batchSize: .*expected 2, as the run began, got 3 now\./,
    );
  });
});

describe('palimpsest run --allow-idle', () => {
  it('goes on where a plugin does nothing, which stops the run else', async () => {
    const stopped = await palimpsest(['run', 'idle.yaml', '--out', 'idle'], folder);
    expect(stopped.status).toBe(2);
    expect(stopped.stderr).toMatch(/PLUGIN_IDLE.*"lwf", task "a", optimizer steps 2 to 5: .*a loss term of exactly 0/);
    const again = await palimpsest(['run', 'idle.yaml', '--out', 'idle', '--resume', '--allow-idle'], folder);
    expect(again.status).toBe(0);
    expect(again.stderr).toMatch(/^warning: plugin "lwf", task "b", optimizer steps 2 to 5: .*0.*\n$/);
    expect(steps('idle')).toHaveLength(48);
    const { idle } = JSON.parse(readFileSync(join(folder, 'idle/summary.json'), 'utf8'));
    expect(idle).toMatchObject([{ plugin: 'lwf', task: 'b' }]);
  });
});

describe('palimpsest run with several configs', () => {
  it('runs them one after another and ends with a row for each', async () => {
    writeText(folder, 'other.yaml', 'extends: [run.yaml]\nregularizers: []\nevaluation: { after: last }\n');
    const { status, stdout } = await palimpsest(['run', 'run.yaml', 'other.yaml', '--out', 'both'], folder);
    expect(status).toBe(0);
    expect(steps('both/run')).toEqual(steps('whole'));
    const [table] = stdout.split('\n\n').slice(-1);
    expect(table).toMatch(/│ at the end │ a +│[\s\S]*│ run +│ \d\.\d\d │[\s\S]*│ other +│ \d\.\d\d │/);
  });

  it.each([
    ['a key', 'sed: 1'],
    ["a plugin's option", 'regularizers: [{ use: ewc, lamda: 10 }]'],
  ])('runs none where %s of a later one is wrong', async (_, line) => {
    writeText(folder, 'wrong.yaml', `extends: [run.yaml]\n${line}\n`);
    const { status, stderr } = await palimpsest(['run', 'run.yaml', 'wrong.yaml', '--out', 'neither'], folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/CONFIG_KEY.*wrong.yaml:2/);
    expect(existsSync(join(folder, 'neither'))).toBe(false);
  });

  it('refuses two of one name, which would write one folder', async () => {
    mkdirSync(join(folder, 'twin'), { recursive: true });
    writeText(join(folder, 'twin'), 'run.yaml', 'extends: [../run.yaml]\n');
    const { status, stderr } = await palimpsest(['run', 'run.yaml', 'twin/run.yaml', '--out', 'neither'], folder);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/USAGE.*configs of different names.*two called "run"/)]);
  });

  it('gives two of one name a folder each, and the names that tell them apart in the table', async () => {
    mkdirSync(join(folder, 'twin'), { recursive: true });
    writeText(join(folder, 'twin'), 'run.yaml', 'extends: [../run.yaml]\n');
    const short = ['--set', 'benchmark.tasks.0.epochs=1', '--set', 'benchmark.tasks.1.epochs=1'];
    const { status, stdout } = await palimpsest(['run', 'run.yaml', 'twin/run.yaml', ...short], folder);
    expect(status).toBe(0);
    const folders = [...stdout.matchAll(/written to (\S+)/g)].map(([, name]) => name);
    expect(new Set(folders).size).toBe(2);
    expect(stdout).toMatch(/│ run.yaml +│[\s\S]*│ twin\/run.yaml +│/);
  });
});
