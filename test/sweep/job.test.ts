import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runSchema } from '../../core/config/schema.js';
import { Grid } from '../../core/sweep/grid.js';
import { cellDigest, cellFiles, readCellFiles, within, writeCellFiles } from '../../core/sweep/job.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();

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

  it('is told from another by its whole config and the folder of the sweep, not by where the grid lies', () => {
    const text = (rank: number) => `
base: { A: { adapter: { use: inc-lora, rank: ${rank} } } }
benchmark: { B: { benchmark: { use: jsonl, tasks: [{ name: a, train: a.jsonl }] } } }
shared: { backbone: { use: llama, model: ./toy } }
`;
    const digest = (name: string, rank: number, out = 'runs') => {
      const grid = new Grid(writeText(folder, name, text(rank)));
      return cellDigest(grid, grid.cells[0], out);
    };
    expect(digest('one/grid.yaml', 2)).toBe(digest('two/grid.yaml', 2));
    expect(digest('one/grid.yaml', 2)).not.toBe(digest('one/grid.yaml', 3));
    expect(digest('one/grid.yaml', 2)).not.toBe(digest('one/grid.yaml', 2, 'other'));
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
