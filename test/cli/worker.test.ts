import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { seededRandom } from '../../core/training/random.js';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest } from './bin.js';
import { stepsOf } from './metrics.js';
import { describeWithRedis, ended, serveRedis, started, url, workerIn } from './queue.js';
import { writeToyModel } from './toy-model.js';
import { until } from './until.js';

const folder = scratchFolder();
/** Where some of the workers have the grid and the data, as on a machine of their own. */
const copy = scratchFolder();
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

serveRedis(folder);

beforeAll(async () => {
  const lines = ['ab.', 'cd.', 'ef.', 'gh.'].map((prompt) => JSON.stringify({ prompt, answer: ' a' }));
  for (const root of [folder, copy]) {
    await writeToyModel(join(root, 'toy'));
    writeText(root, 'grid.yaml', grid);
    writeText(root, 'a.jsonl', `${lines.join('\n')}\n`);
  }
});

describeWithRedis('workers of a queue', () => {
  it('run 24 cells, though two of six are killed on the way: 24 results, none double', async () => {
    const workers = Array.from({ length: 6 }, (_, i) => worker(i % 2 === 0 ? ['--root', copy] : []));
    const sweep = palimpsest(['sweep', 'grid.yaml', '--redis', url, '--out', 'out'], folder);
    const victims = seededRandom(7).stream('victims').shuffle(workers).slice(0, 2);
    for (const [i, victim] of victims.entries()) {
      await until(() => overCells() >= 3 + 5 * i);
      victim.process.kill('SIGKILL');
    }
    const { status, stdout, stderr } = await sweep;
    await Promise.all(workers.map(ended));
    expect({ status, stdout, warned: stderr.includes('Warning') }).toMatchObject({ status: 0, warned: false });
    const told = [...stdout.matchAll(/^\d+ of 24 {2}(\S+) {2}done/gm)].map(([, name]) => name);
    expect(new Set(told).size).toBe(24);
    // One that was killed may have said so of a cell before it could hand it back, and another has run that again then.
    const others = workers.filter((one) => !victims.includes(one));
    const run = others.flatMap(({ said }) => [...said().matchAll(/^(\S+) done in/gm)].map(([, name]) => name));
    expect(run.length).toBeGreaterThan(0);
    expect(new Set(run).size).toBe(run.length);
    for (const name of told) {
      expect(stepsOf(join(folder, 'out', name))).toEqual([1, 2, 3, 4, 5, 6]);
      expect(existsSync(join(folder, 'out', name, 'summary.json'))).toBe(true);
    }
    expect(JSON.parse(readFileSync(join(folder, 'out', 'table.json'), 'utf8')).cells).toHaveLength(24);
    const again = await palimpsest(['sweep', 'grid.yaml', '--out', 'out'], folder);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('24 cells, 24 done already') });
  });

  it('run cells anew that are to be repeated, as often as that is asked for', async () => {
    const other = worker(['--root', copy]);
    const repeat = ['sweep', 'grid.yaml', '--redis', url, '--out', 'out', '--repeat', '1'];
    for (const times of [1, 2]) {
      const { status, stdout, stderr } = await palimpsest(repeat, folder);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const [, name] = /repeated with equal figures: (\S+)$/m.exec(stdout) ?? [];
      expect(other.said().split(`${name} done in`)).toHaveLength(1 + times);
    }
    await ended(other);
  });

  it("leave a cell whose config is not the sweep's to others, and say what differs", async () => {
    const set = ['--set', 'training.learningRate=0.5'];
    const args = ['sweep', 'grid.yaml', '--redis', url, '--out', 'other', '--retries', '0', '--only', 'r2/seed-1'];
    const wrong = worker();
    const sweep = palimpsest([...args, ...set], folder);
    const refused = /letters\/r2\/seed-1 refused: \[QUEUE_JOB\].*training\.learningRate: .*expected 0\.5, .*got 0\./;
    await until(() => refused.test(wrong.said()));
    await ended(wrong);
    const odd = worker(['--set', 'seed=9']);
    await until(() => /refused: \[QUEUE_JOB\].*the grid that the sweep has, got \[USAGE\].*seed/.test(odd.said()));
    await ended(odd);
    const right = worker(set);
    const { status, stderr } = await sweep;
    await ended(right);
    expect({ status, stderr }).toMatchObject({
      ...{ status: 0, stderr: expect.stringMatching(/a worker refuses letters\/r2\/seed-1, .*learningRate/) },
    });
  });

  it('are missed where there are none, and say what lies below another root', async () => {
    const sweep = started(
      ['sweep', 'grid.yaml', '--redis', url, '--out', 'missed', '--only', 'r2/seed-1'],
      folder,
      'stderr',
    );
    await until(() =>
      sweep.said().includes('no worker takes cells from the queue yet; start some with: palimpsest worker'),
    );
    const lost = worker(['--root', join(folder, 'toy')]);
    await until(() => /QUEUE_JOB\].*toy\/grid\.yaml.*below --root, got no such file/.test(lost.said()));
    await ended(lost);
    const found = worker();
    expect(await sweep.exit).toBe(0);
    await ended(found);
  });

  it('are not taken at their word where they have read other data', async () => {
    const sweep = (seed: number) => sweepInto('mixed', `r2/seed-${seed}`);
    const first = worker();
    expect((await sweep(1)).status).toBe(0);
    await ended(first);
    const data = join(copy, 'a.jsonl');
    const before = readFileSync(data, 'utf8');
    writeFileSync(data, before.replace('gh.', 'gg.'));
    const second = worker(['--root', copy]);
    const { status, stdout } = await sweep(2);
    await ended(second);
    writeFileSync(data, before);
    expect(status).toBe(1);
    expect(stdout).toMatch(/seed-2 {2}failed: \[INPUTS_CHANGED\].*a\.jsonl of SHA-256/);
    expect(existsSync(join(folder, 'mixed/letters/r2/seed-2/summary.json'))).toBe(false);
    const mended = worker(['--root', copy]);
    expect((await sweep(2)).stdout).toMatch(/seed-2 {2}failed: \[INPUTS_CHANGED\].*a\.jsonl of SHA-256/);
    rmSync(join(copy, 'mixed'), { recursive: true });
    expect((await sweep(2)).status).toBe(0);
    await ended(mended);
  });

  it('leave nothing that counts where they write the folder of the sweep itself and have read other data', async () => {
    const sweep = (seed: number) => sweepInto('shared', `r3/seed-${seed}`);
    const other = worker();
    expect((await sweep(1)).status).toBe(0);
    const inputs = join(folder, 'shared/letters/r3/seed-1/inputs.json');
    writeFileSync(
      inputs,
      readFileSync(inputs, 'utf8').replace(/"model.safetensors": "[0-9a-f]{8}/, '"model.safetensors": "00000000'),
    );
    const { status, stdout } = await sweep(2);
    await ended(other);
    expect(status).toBe(1);
    expect(stdout).toMatch(/seed-2 {2}failed: \[INPUTS_CHANGED\].*model\.safetensors of SHA-256 00000000/);
    expect(existsSync(join(folder, 'shared/letters/r3/seed-2'))).toBe(false);
    expect(existsSync(join(folder, 'shared/refused/letters/r3/seed-2/summary.json'))).toBe(true);
  });

  it('refuse a cell that they have run with another config', async () => {
    const set = ['--set', 'training.learningRate=0.5'];
    const once = ['--retries', '0', '--only', 'r2/seed-2'];
    const sweep = (out: string, more: readonly string[]) =>
      palimpsest(['sweep', 'grid.yaml', '--redis', url, '--out', out, ...once, ...more], folder);
    const first = worker(['--root', copy]);
    expect((await sweep('before', [])).status).toBe(0);
    await ended(first);
    rmSync(join(folder, 'before'), { recursive: true });
    const second = worker(['--root', copy, ...set]);
    const { status, stdout } = await sweep('before', set);
    await ended(second);
    expect(status).toBe(1);
    expect(stdout).toMatch(/failed: \[CHECKPOINT_INVALID\].*learningRate/);
  });

  it('give a sweep that was ended what has become of its cells since, when it is called again', async () => {
    const only = ['--only', 'r2/seed-1', '--only', 'r3/seed-1'];
    const args = ['sweep', 'grid.yaml', '--redis', url, '--out', 'again', ...only];
    const sweep = started(args, folder);
    await until(() => sweep.said().includes('2 cells'));
    const both = worker(['--root', copy, '--parallel', '2', '--until-empty']);
    await until(() => both.said().includes('...'));
    sweep.process.kill('SIGINT');
    expect(await sweep.exit).toBe(130);
    expect(await both.exit).toBe(0);
    const { stdout } = await palimpsest(args, folder);
    expect(stdout).toMatch(/2 of 2 {2}letters\/\S+ {2}done/);
    expect(stepsOf(join(folder, 'again', 'letters/r2/seed-1'))).toHaveLength(6);
  });

  it('put a cell back when they are told to end', async () => {
    const long = ['--set', 'benchmark.tasks.0.epochs=300'];
    const args = ['sweep', 'grid.yaml', '--redis', url, '--out', 'back', '--retries', '0', '--only', 'r2/seed-1'];
    const first = worker(long);
    const sweep = palimpsest([...args, ...long], folder);
    await until(() => existsSync(join(folder, 'back/letters/r2/seed-1/metrics.jsonl')));
    await ended(first);
    expect(first.said()).toContain('letters/r2/seed-1 interrupted');
    const second = worker(long);
    expect((await sweep).status).toBe(0);
    await ended(second);
    expect(stepsOf(join(folder, 'back', 'letters/r2/seed-1'))).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
  });

  it('are given nothing that lies outside of the root', async () => {
    const { status, stderr } = await palimpsest(
      ['sweep', 'grid.yaml', '--redis', url, '--out', copy, '--root', folder],
      folder,
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(/QUEUE_JOB.*Name a --root that the grid and --out lie in/);
  });

  it('say where there is no server', async () => {
    const { status, stderr } = await palimpsest(['worker', '--redis', 'redis://127.0.0.1:1'], folder);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('[QUEUE_UNREACHABLE] redis://127.0.0.1:1'),
    });
  });
});

const worker = (more: readonly string[] = []) => workerIn(folder, more);

/** A sweep of one cell by whatever workers there are. */
const sweepInto = (out: string, only: string) =>
  palimpsest(['sweep', 'grid.yaml', '--redis', url, '--out', out, '--only', only], folder);

/** Cells whose results have reached the sweep. */
function overCells(): number {
  const file = join(folder, 'out', 'table.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).cells.length : 0;
}
