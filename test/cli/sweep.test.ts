import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest } from './bin.js';
import { letters, writeLetters } from './letters.js';
import { lossesOf } from './metrics.js';

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
    expect(read('all/table.csv').split('\r\n')).toHaveLength(5);
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
    const summary = read(`all/${cell}/summary.json`);
    writeText(folder, `all/${cell}/summary.json`, JSON.stringify({ ...JSON.parse(summary), FP: 7 }));
    const other = await palimpsest(args, folder);
    writeText(folder, `all/${cell}/summary.json`, summary);
    expect(other.status).toBe(1);
    expect(other.stdout).toMatch(/: FP was 7 and is \d/);
    const none = await palimpsest(['sweep', 'grid.yaml', '--out', 'none', '--repeat', '1'], folder);
    expect(none).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/USAGE\] --repeat: .*done cells in .*none/),
    });
  });

  it('gives a cell the same numbers whenever it is run', async () => {
    await palimpsest(['sweep', 'grid.yaml', '--out', 'again', '--only', 'letters/*c/seed-2'], folder);
    expect(lossesOf(join(folder, 'again', cells[3]))).toEqual(lossesOf(join(folder, 'all', cells[3])));
    expect(existsSync(join(folder, 'again', cells[0]))).toBe(false);
  });

  it('scores the model as it came once for cells with the same seed, data and adapter', async () => {
    const run = (...more: string[]) => palimpsest(['sweep', 'grid.yaml', '--out', 'shared', ...more], folder);
    await run('--only', 'plain/seed-1');
    const [name] = readdirSync(join(folder, 'shared/init'));
    const file = `shared/init/${name}/a-0-shot.json`;
    const scored = JSON.parse(read(file));
    scored.record.metrics.firstTokenLogProbability = -123;
    scored.record.seconds = 1000;
    writeText(folder, file, JSON.stringify(scored));
    await run('--only', 'ewc/seed-1', '--only', 'plain/seed-2');
    const init = (cell: string) => JSON.parse(read(`shared/${cell}/scores.json`)).records[0];
    expect([cells[0], cells[1], cells[2]].map((cell) => init(cell).metrics.firstTokenLogProbability === -123)).toEqual([
      ...[false, false, true],
    ]);
    expect(JSON.parse(read(`shared/${cells[2]}/summary.json`)).seconds.total).toBeGreaterThan(1000);
    expect(existsSync(join(folder, 'shared', cells[2], 'predictions/0-a-0-shot.jsonl'))).toBe(true);
  });

  it('refuses to put cells beside others that were run with another config', async () => {
    const args = ['sweep', 'grid.yaml', '--out', 'again', '--only', 'plain/seed-1', '--set', 'training.batchSize=3'];
    const { status, stderr } = await palimpsest(args, folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/CHECKPOINT_INVALID.*ewc\/seed-2.*training\.batchSize/);
  });

  it('gives each of several processes one GPU and its share of the processors', async () => {
    writeText(
      folder,
      'seer.js',
      `import { appendFileSync } from 'node:fs';
import { definePlugin, z } from 'palimpsest';
class Seer {
  runStarted() {
    const { CUDA_VISIBLE_DEVICES, TF_NUM_INTRAOP_THREADS } = process.env;
    appendFileSync('seen', CUDA_VISIBLE_DEVICES + ' ' + TF_NUM_INTRAOP_THREADS + '\\n');
  }
}
export default definePlugin({ name: 'seer', summary: 'Sees.', provides: { observer: Seer }, options: z.strictObject({}) });
`,
    );
    const args = ['--gpus', '3,5', '--only', 'plain', '--set', 'observers=[{use: ./seer.js}]'];
    expect((await palimpsest(['sweep', 'grid.yaml', '--out', 'gpus', ...args], folder)).status).toBe(0);
    const share = Math.max(1, Math.floor(availableParallelism() / 2));
    expect(read('seen').trim().split('\n').sort()).toEqual([`3 ${share}`, `5 ${share}`]);
  });

  it('checks that there are the sets of its figures', async () => {
    writeText(folder, 'figures.yaml', grid.replace('sets: [a]', 'sets: [aa]'));
    const { status, stderr } = await palimpsest(['sweep', 'figures.yaml', '--out', 'figures'], folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/CONFIG_VALUE.*figures\.yaml:13, figures\.first\.sets\.0.*got aa/);
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
});
