import { describe, expect, it } from 'vitest';
import { commandLine } from '../../core/config/load.js';
import { Grid } from '../../core/sweep/grid.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();

const parts = {
  'model.yaml': 'backbone: { use: llama, model: ./toy }\nadapter: { use: inc-lora, rank: 2 }\n',
  'ewc.yaml': 'regularizers: [{ use: ewc, lambda: 3 }]\n',
  'tasks/letters.yaml': 'benchmark: { use: jsonl, tasks: [{ name: a, train: a.jsonl }] }\n',
};
for (const [name, text] of Object.entries(parts)) writeText(folder, name, text);

const common = `
shared: model.yaml
base: { plain: {}, Ewc: ewc.yaml }
add: { none: {}, Lwf: { regularizers: [{ use: lwf, temperature: 2 }] } }
benchmark: { letters: tasks/letters.yaml }
`;

function grid(text: string): Grid {
  return new Grid(writeText(folder, 'grid.yaml', text));
}

describe('a grid', () => {
  it('has a cell for every base, addition, benchmark and seed, each with a name of its own', () => {
    expect(grid(`${common}seeds: [1, 2]\n`).cells.map(({ id }) => id)).toEqual([
      'letters/plain/seed-1',
      'letters/plain/seed-2',
      'letters/plain+Lwf/seed-1',
      'letters/plain+Lwf/seed-2',
      'letters/Ewc/seed-1',
      'letters/Ewc/seed-2',
      'letters/Ewc+Lwf/seed-1',
      'letters/Ewc+Lwf/seed-2',
    ]);
  });

  it('varies single options in every combination', () => {
    const { cells } = grid(
      `${common}options: { training.learningRate: [1.0e-3, 3.0e-4], regularizers.0.lambda: [1, 10] }\nexcept: [{ base: plain }, { add: Lwf }]\n`,
    );
    expect(cells.map(({ id }) => id.split('/')[1])).toEqual([
      'Ewc,learningRate=0.001,lambda=1',
      'Ewc,learningRate=0.001,lambda=10',
      'Ewc,learningRate=0.0003,lambda=1',
      'Ewc,learningRate=0.0003,lambda=10',
    ]);
  });

  it('takes seeds by benchmark; one without seeds has no cells', () => {
    const { cells } = grid(
      `${common.replace('benchmark: {', 'benchmark: { other: tasks/letters.yaml, ')}seeds: { letters: [7, 8] }\n`,
    );
    expect(new Set(cells.map(({ benchmark, seed }) => `${benchmark} ${seed}`))).toEqual(
      new Set(['letters 7', 'letters 8']),
    );
  });

  it('joins the methods of base and addition, and merges all else', () => {
    const made = grid(`${common}options: { training.learningRate: [0.5] }\nseeds: [9]\n`);
    const cell = made.cells.find(({ id }) => id.includes('Ewc+Lwf'));
    const { config } = made.load(cell as (typeof made.cells)[number]);
    expect(config.regularizers).toEqual([
      { use: 'ewc', lambda: 3 },
      { use: 'lwf', temperature: 2 },
    ]);
    expect(config).toMatchObject({ seed: 9, adapter: { use: 'inc-lora', rank: 2 }, training: { learningRate: 0.5 } });
  });

  it('knows the file, the line and the folder of every value, behind joined lists too', () => {
    const made = grid(common);
    const { origin } = made.load(made.cells[3]);
    expect(origin.where(['regularizers', 0, 'lambda'])).toMatch(/ewc\.yaml:1, regularizers\.0\.lambda$/);
    expect(origin.where(['regularizers', 1, 'temperature'])).toMatch(/grid\.yaml:4, regularizers\.1\.temperature$/);
    expect(origin.folder(['benchmark', 'tasks', 0, 'train'])).toMatch(/tasks$/);
    expect(origin.folder(['regularizers', 1, 'x'])).toBe(origin.folder(['seed']));
  });

  it('has settings of some cells only', () => {
    const made = grid(`${common}cells: [{ base: Ewc, benchmark: letters, config: { adapter: { rank: 5 } } }]\n`);
    const ranks = made.cells.map((cell) => made.load(cell).config.adapter);
    expect(ranks.map((adapter) => (adapter as { rank?: number }).rank)).toEqual([2, 2, 5, 5]);
  });

  it('leaves cells out', () => {
    const { cells } = grid(`${common}except: [{ base: Ewc, add: Lwf }]\n`);
    expect(cells.map(({ id }) => id)).not.toContain('letters/Ewc+Lwf/seed-1');
    expect(cells).toHaveLength(3);
  });

  it.each([
    ['frontier: { plasticity: forgetting }', /grid\.yaml:6.*expected a figure: HP, IP, FP, got forgetting/],
    ['frontier: { retention: [IP, HPP] }', /grid\.yaml:6.*expected a figure: HP, IP, FP, got HPP.*HP/],
    ['figures: { seconds: { sets: [a], shots: 0 } }', /grid\.yaml:6, figures.*other names than seconds/],
    ['figures: { F: { sets: [a], shots: 0, metric: rougeL } }', /grid\.yaml:6.*metric.*rougeLUnion/],
    ['seeds: [1, 2, 1]', /grid\.yaml:6, seeds.*two called letters\/plain\/seed-1.*docs\/commands\/sweep\.md/],
    ['except: [{ base: Ewk }]', /grid\.yaml:6.*expected a name from `base`: plain, Ewc, got Ewk.*Ewc/],
    ['seeds: { leters: [1] }', /grid\.yaml:6.*expected a name from `benchmark`: letters, got leters/],
    ['seeds: [-1]', /grid\.yaml:6, seeds/],
    ['speed: 3', /grid\.yaml:6, speed.*\[?expected one of shared, base, add/],
    ['options: { training.learningRate: [] }', /options\.training\.learningRate/],
    ['options: { seed: ["a b", "a_b"] }', /cells of different names/],
  ])('refuses %s, with the place', (line, message) => {
    expect(() => grid(`${common}${line}\n`)).toThrow(message);
  });

  it.each(['seed=7', 'training.learningRate=0.5', 'training={}'])('refuses --set %s of what it varies', (set) => {
    const file = writeText(folder, 'varied.yaml', `${common}options: { training.learningRate: [1] }\n`);
    expect(() => new Grid(file, commandLine({ set: [set] }))).toThrow(/USAGE.*--set.*the grid does not vary/);
    expect(() => new Grid(file, commandLine({ set: ['training.batchSize=1'] }))).not.toThrow();
  });

  it('gives long values of options names of their own', () => {
    const path = (name: string) => `/models/checkpoints/of-the-year-before-last/${name}`;
    const { cells } = grid(`${common}options: { backbone.model: [${path('a')}, ${path('b')}] }\n`);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    const many = Array.from({ length: 9 }, (_, i) => `a.b${i}.weight: [${Math.PI}, ${Math.E}]`).slice(0, 6);
    const long = grid(`${common}options: { ${many.join(', ')} }\n`).cells.map(({ id }) => id);
    expect(new Set(long).size).toBe(4 * 2 ** 6);
    for (const id of long) expect(id.length).toBeLessThan(180);
  });

  it('refuses a name that can be no folder, and two that some systems take for one', () => {
    const named = (name: string) => grid(common.replace('plain:', `${name}:`));
    expect(() => named('"a b"')).toThrow(/CONFIG_KEY.*grid\.yaml:3, base\.a b: .*letters, digits, dots.*got "a b"/);
    expect(() => named('EWC')).toThrow(
      /CONFIG_VALUE.*grid\.yaml:3, base: .*different names.*got two called letters\/Ewc/,
    );
  });

  it('names the line that a part is named in which is not there', () => {
    const made = grid(common.replace('ewc.yaml', 'ewk.yaml'));
    const [cell] = made.cells.filter(({ base }) => base === 'Ewc');
    expect(() => made.load(cell)).toThrow(/CONFIG_FILE.*grid\.yaml:3, base\.Ewc.*ewk\.yaml/);
  });

  it('names the cell that lacks the entry of a list whose option is varied', () => {
    const made = grid(`${common}options: { regularizers.0.lambda: [1] }\n`);
    expect(() => made.load(made.cells[0])).toThrow(
      /grid\.yaml:6, options\.regularizers\.0\.lambda \(cell letters\/plain,lambda=1\/seed-1\)/,
    );
  });

  it('refuses an option that a cell does not have, naming the line in the grid', () => {
    const made = grid(`${common}options: { training.learningrate: [1] }\n`);
    expect(() => made.load(made.cells[0])).toThrow(/grid\.yaml:6, options\.training\.learningrate.*learningRate/);
  });
});
