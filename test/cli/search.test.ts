import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest, program } from './bin.js';
import { letters, writeLetters } from './letters.js';
import { describeWithOptuna, python, writeBarePython } from './optuna.js';

const folder = scratchFolder();
const grid = `${letters}
base: { ewc: { regularizers: [{ use: ewc, over: merged }] } }
`;
const rate = 'training.learningRate: { low: 1.0e-4, high: 1.0, log: true }';

const writeSearch = (name: string, settings: string) =>
  writeText(folder, name, `${grid}search: { maximize: first, ${settings} }\n`);
const searched = (args: string[]) => palimpsest(['search', ...args, '--python', python], folder);
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const trialsOf = (out: string): { values: Record<string, number>; objective: number; cells: string[] }[] =>
  JSON.parse(read(`${out}/search.json`)).trials;
const writtenAt = (out: string, cell: string) => statSync(join(folder, out, cell, 'summary.json')).mtimeMs;

beforeAll(() => writeLetters(folder));

describeWithOptuna('palimpsest search', () => {
  it('tries every point of a grid once and writes what it came to, the best first', async () => {
    writeSearch('grid.yaml', "sampler: grid, space: { 'regularizers.0.lambda': [1, 100], adapter.rank: [1, 2] }");
    const { status, stdout, stderr } = await searched(['grid.yaml', '--out', 'grid', '--parallel', '2']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const trials = trialsOf('grid');
    const points = trials.map(({ values }) => [values['regularizers.0.lambda'], values['adapter.rank']].join());
    expect([...points].sort()).toEqual(['1,1', '1,2', '100,1', '100,2']);
    expect(stdout).toMatch(/^4 trials, sampler grid of Optuna \S+, written to .*grid\n/);
    expect(stdout).toMatch(/\ntrial 4 of 4 {2}lambda=\S+, rank=\d {2}first -\S+ {2}\(best -\S+: trial \d, lambda=/);
    expect(stdout).toContain(read('grid/search.md'));
    const cell = trials[0].cells[0];
    expect(cell).toMatch(/^letters\/ewc,lambda=\d+,rank=\d\/seed-1$/);
    const { figures } = JSON.parse(read('grid/table.json')).cells[0];
    expect(trials[0].objective).toBe(figures.first);
    const best = Math.max(...trials.map(({ objective }) => objective));
    expect(trials[JSON.parse(read('grid/search.json')).best - 1].objective).toBe(best);
    expect(read('grid/table.md').match(/\| ewc,lambda/g)).toHaveLength(4);
  });

  it.each(['random', 'tpe'])('goes on with %s as if it had not ended, and runs nothing again', async (sampler) => {
    writeSearch('short.yaml', `sampler: ${sampler}, seed: 3, trials: 2, space: { ${rate} }`);
    writeSearch('long.yaml', `sampler: ${sampler}, seed: 3, trials: 3, space: { ${rate} }`);
    expect((await searched(['short.yaml', '--out', sampler])).status).toBe(0);
    const begun = trialsOf(sampler);
    const before = begun.map(({ cells }) => writtenAt(sampler, cells[0]));
    expect((await searched(['long.yaml', '--out', sampler])).status).toBe(0);
    const trials = trialsOf(sampler);
    expect(trials.slice(0, 2)).toEqual(begun);
    expect(trials.slice(0, 2).map(({ cells }) => writtenAt(sampler, cells[0]))).toEqual(before);
    expect(trials).toHaveLength(3);
  });

  it('goes on after Ctrl-C with what it would have tried', async () => {
    const args = ['search', 'long.yaml', '--out', 'stopped', '--python', python];
    const running = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    running.stdout.on('data', (text: Buffer) => {
      if (String(text).includes('trial 1 of 3')) running.kill('SIGINT');
    });
    const [status] = await once(running, 'exit');
    expect(status).toBe(130);
    const begun = trialsOf('stopped');
    expect(begun.length).toBeLessThan(3);
    const before = writtenAt('stopped', begun[0].cells[0]);
    expect((await searched(args.slice(1, 4))).status).toBe(0);
    expect(writtenAt('stopped', begun[0].cells[0])).toBe(before);
    expect(trialsOf('stopped')).toEqual(trialsOf('tpe'));
  });

  it('goes on past a trial whose cells fail, says why, and ends with status 1', async () => {
    writeSearch('wild.yaml', 'sampler: grid, space: { training.learningRate: [1.0e+30, 0.01] }');
    const { status, stdout } = await searched(['wild.yaml', '--out', 'wild']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/seed-1 {2}refused: \[TRAINING_DIVERGED\]/);
    expect(stdout).toMatch(/trial \d of 2 {2}learningRate=1e\+30 {2}failed/);
    expect(trialsOf('wild').map(({ objective }) => objective === null)).toContain(true);
    expect(read('wild/search.md')).toMatch(/\| 0\.01 \| -\S+ \|\n.*\| failed \|\n$/);
  });

  it('refuses a folder whose runs are of another config', async () => {
    const { status, stderr } = await searched(['grid.yaml', '--out', 'grid', '--set', 'training.batchSize=3']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^\[CHECKPOINT_INVALID\]/);
  });

  it('refuses a folder of a search with another sampler or seed, and leaves what it wrote', async () => {
    const before = read('random/search.json');
    writeSearch('seed.yaml', `sampler: random, seed: 4, trials: 2, space: { ${rate} }`);
    const { status, stderr } = await searched(['seed.yaml', '--out', 'random']);
    expect({ status, stderr }).toMatchObject({
      ...{ status: 2, stderr: expect.stringMatching(/OUTPUT_EXISTS.*search\.json: .*the seed 4, got one with 3/) },
    });
    expect(read('random/search.json')).toBe(before);
  });
});

describe('palimpsest search', { timeout: 120_000 }, () => {
  it('says in one line what to install where there is no Optuna, and writes nothing', async () => {
    writeSearch('bare.yaml', `sampler: tpe, trials: 2, space: { ${rate} }`);
    const args = ['search', 'bare.yaml', '--out', 'bare', '--python', writeBarePython(folder)];
    const { status, stderr } = await palimpsest(args, folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^\[SEARCH_LIBRARY\] --python .*pip install optuna==\d.*\n$/);
    expect(existsSync(join(folder, 'bare'))).toBe(false);
  });

  it('checks every value of the space before the first trial', async () => {
    writeSearch('wrong.yaml', "sampler: grid, space: { 'regularizers.0.lambda': [1, -3] }");
    const { status, stderr } = await palimpsest(['search', 'wrong.yaml', '--out', 'wrong'], folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^\[CONFIG_VALUE\] wrong\.yaml:16, search\.space\.regularizers\.0\.lambda.*got -3/);
    expect(existsSync(join(folder, 'wrong'))).toBe(false);
  });

  it('refuses a figure that its runs do not measure', async () => {
    const search = 'sampler: random, trials: 2, minimize: forgetting';
    writeText(folder, 'unmeasured.yaml', `${grid}search: { ${search}, space: { ${rate} } }\n`);
    const { status, stderr } = await palimpsest(['search', 'unmeasured.yaml', '--out', 'wrong'], folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/CONFIG_VALUE\] unmeasured\.yaml:16, search\.minimize: .*each-task.*forgetting/);
  });
});
