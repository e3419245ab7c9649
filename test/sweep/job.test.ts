import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runSchema } from '../../core/config/schema.js';
import { Grid } from '../../core/sweep/grid.js';
import { cellFiles, cellJob, cellOf, jobOf, readCellFiles, within, writeCellFiles } from '../../core/sweep/job.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();

function gridOf(name: string, rank: number): Grid {
  const text = `
base: { A: { adapter: { use: inc-lora, rank: ${rank} } } }
benchmark: { B: { benchmark: { use: jsonl, tasks: [{ name: a, train: a.jsonl }] } } }
shared: { backbone: { use: llama, model: ./toy } }
`;
  return new Grid(writeText(folder, name, text));
}

describe('a cell in the queue', () => {
  it('names nothing outside the root', () => {
    expect(within('/data', 'grids/a.yaml')).toBe('/data/grids/a.yaml');
    expect(within('/data', '.')).toBe('/data');
    expect(within('/', 'a.yaml')).toBe('/a.yaml');
    expect(within('/data', '..a')).toBe('/data/..a');
    for (const path of ['../a.yaml', '/etc/passwd', 'a/../../b', '../data-2/a']) {
      expect(() => within('/data', path)).toThrow(/QUEUE_JOB/);
    }
  });

  it('is found in a copy of the grid that has the same config, wherever it lies', () => {
    const [ours, theirs] = ['one/grid.yaml', 'two/grid.yaml'].map((name) => gridOf(name, 2));
    const job = jobOf(ours, ours.cells[0], { grid: 'grid.yaml', out: 'runs' });
    expect(cellJob.parse(JSON.parse(JSON.stringify(job)))).toEqual(JSON.parse(JSON.stringify(job)));
    expect(cellOf(job, theirs)).toEqual(theirs.cells[0]);
    expect(job.digest).not.toBe(jobOf(ours, ours.cells[0], { grid: 'grid.yaml', out: 'other' }).digest);
  });

  it('is refused where the copy has another config, naming the option, another version or no such cell', () => {
    const [ours, theirs] = [gridOf('one/grid.yaml', 2), gridOf('two/grid.yaml', 3)];
    const job = jobOf(ours, ours.cells[0], { grid: 'grid.yaml', out: 'runs' });
    const refusal = /QUEUE_JOB.*two\/grid\.yaml, cell B\/A\/seed-1, adapter\.rank:.*expected 2, .*got 3/;
    expect(() => cellOf(job, theirs)).toThrow(refusal);
    expect(() => cellOf({ ...job, digest: 'of an older version' }, ours)).toThrow(/QUEUE_JOB.*version of Palimpsest/);
    expect(() => cellOf({ ...job, cell: 'B/A/seed-2' }, ours)).toThrow(/QUEUE_JOB.*without the cell/);
  });

  it('is written from what a worker gave back, once, also of a run that trained nothing and has no metrics', () => {
    writeText(folder, 'there/summary.json', '{"a": 1}');
    writeText(folder, 'there/scores.json', '{}');
    const files = readCellFiles(join(folder, 'there'));
    expect(Object.keys(files)).toEqual(['scores.json', 'summary.json']);
    expect(cellFiles.parse(files)).toEqual(files);
    const config = runSchema.parse({ backbone: { use: 'a' }, adapter: { use: 'b' }, benchmark: { use: 'c' } });
    writeCellFiles(join(folder, 'here'), files, config);
    writeCellFiles(join(folder, 'here'), { ...files, 'summary.json': 'other' }, config);
    expect(readFileSync(join(folder, 'here', 'summary.json'), 'utf8')).toBe('{"a": 1}');
    expect(JSON.parse(readFileSync(join(folder, 'here', 'config.json'), 'utf8'))).toEqual(config);
  });
});
