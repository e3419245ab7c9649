import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CellCheck } from '../../core/sweep/cell-check.js';
import { Grid } from '../../core/sweep/grid.js';
import { SweepFolder } from '../../core/sweep/sweep-folder.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
writeText(folder, 'a.jsonl', '{"prompt": "a", "answer": " b"}\n{"prompt": "c", "answer": " d"}\n');
writeText(folder, 'shots.jsonl', '{"prompt": "e", "answer": " f"}\n{"prompt": "g", "answer": " h"}\n');

const common = `
shared: { backbone: { use: llama, model: ./toy }, adapter: { use: inc-lora } }
base: { A: {}, B: {} }
benchmark:
  own:
    benchmark:
      use: jsonl
      tasks: [{ name: a, train: a.jsonl, test: a.jsonl }]
      heldOut: [{ name: kept, test: a.jsonl, fewShot: shots.jsonl }]
seeds: [1, 2]
`;

function check(more: string) {
  const grid = new Grid(writeText(folder, 'grid.yaml', `${common}${more}\n`));
  const warned: string[] = [];
  const logger = { info: () => {}, warn: (message: string) => void warned.push(message) };
  return { grid, warned, check: new CellCheck(new SweepFolder(join(folder, 'out')), logger) };
}

describe('the check of cells before they are run', () => {
  it('reads the data of each benchmark once, whatever the base and the seed', async () => {
    const { grid, check: checks } = check('');
    const scored = await checks.data({ grid, cells: grid.cells });
    expect(scored.map(({ sets }) => sets.map(({ name }) => name))).toEqual([['a', 'kept']]);
  });

  it('knows every way in which cells score: a figure must be measured by some, not by the first', async () => {
    const figure = 'figures: { F: { sets: [kept], shots: 2 } }';
    const { grid, check: checks } = check(`options: { evaluation.shots: [[0], [0, 2]] }\n${figure}`);
    const scored = await checks.data({ grid, cells: grid.cells });
    expect(scored.map(({ config }) => config.evaluation.shots)).toEqual([[0], [0, 2]]);
    expect(() => grid.assertMeasured(scored)).not.toThrow();
    const [first] = grid.cells;
    expect(await checks.cover({ grid, cells: [first] })).toBe(false);
    expect(await checks.cover({ grid, cells: grid.cells.filter(({ seed }) => seed === 1) })).toBe(true);
  });

  it('reads data that some cells only name', async () => {
    const { grid, check: checks } = check(
      'cells: [{ base: B, config: { benchmark: { tasks: [{ name: a, train: gone.jsonl }] } } }]',
    );
    await expect(checks.data({ grid, cells: grid.cells })).rejects.toThrow(/DATA_FILE.*gone\.jsonl/);
  });

  it('says what is to be known of the data of a benchmark once', async () => {
    const few = check('options: { evaluation.shots: [[0, 5]] }');
    await few.check.data({ grid: few.grid, cells: few.grid.cells });
    await few.check.data({ grid: few.grid, cells: few.grid.cells });
    expect(few.warned).toEqual([expect.stringMatching(/^own: evaluation\.shots asks for 5 demonstrations: .*has 2$/)]);
  });
});
