import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import { scratchFolder, writeText } from './write-config.js';

const folder = scratchFolder();
const smallest = 'backbone: { use: llama }\nadapter: { use: inc-lora }\nbenchmark: { use: jsonl }\n';

/** The config of a text in a file of its own. */
function load(text: string, set: string[] = []) {
  return loadConfig(writeText(folder, 'run.yaml', text), { set });
}

describe('a config', () => {
  it('needs a backbone, an adapter and a benchmark, and has a default for all else', () => {
    const { config } = load(smallest);
    expect(config.seed).toBe(1);
    expect(config.training).toMatchObject({ batchSize: 8, learningRate: 1e-4, betas: [0.9, 0.999], clip: 1 });
    expect(config.training.schedule).toEqual({ kind: 'constant', warmup: 0 });
    expect(config.evaluation).toEqual({
      after: 'each-task',
      shots: [0],
      by: ['likelihood', 'exact'],
      maxInputTokens: null,
    });
    expect(() => load('seed: 1\n')).toThrow(/run\.yaml, backbone: .*expected object with use, got nothing/);
  });

  it('may be JSON', () => {
    const text = JSON.stringify({ backbone: { use: 'x' }, adapter: { use: 'y' }, benchmark: { use: 'z' }, seed: 7 });
    expect(load(text).config.seed).toBe(7);
  });

  it('names the line and the nearest name of a key that does not exist', () => {
    expect(() => load(`${smallest}training:\n  batchSize: 4\n  learningrate: 1\n`)).toThrow(
      /\[CONFIG_KEY\] .*run\.yaml:6, training\.learningrate: .*did you mean "learningRate"/,
    );
    expect(() => load(smallest, ['training.epochs=1'])).toThrow(/got "epochs"\. Remove.*docs\/commands\/run\.md lists/);
    expect(() => load(`${smallest}trainig: {}\n`)).toThrow(/run\.yaml:4, trainig: .*did you mean "training"/);
  });

  it('names the line of a value of the wrong type or out of range, what was expected and what came', () => {
    expect(() => load(`${smallest}training:\n  batchSize: many\n`)).toThrow(
      /\[CONFIG_VALUE\] .*run\.yaml:5, training\.batchSize: .*expected whole number >= 1, got the text "many"/,
    );
    expect(() => load(`${smallest}training: { betas: [0.9, 1] }\n`)).toThrow(
      /:4, training\.betas\.1: .*expected number >= 0 and < 1, got 1/,
    );
    expect(() => load(`${smallest}training: { learningRate: .nan }\n`)).toThrow(/got NaN/);
    expect(() => load(`${smallest}training: { schedule: { kind: liner } }\n`)).toThrow(/did you mean "linear"/);
  });

  it('names the line of broken YAML and of a key that is there twice', () => {
    expect(() => load('seed: 1\nadapter: { use: a\n')).toThrow(/\[CONFIG_FILE\] .*run\.yaml:3/);
    expect(() => load('seed: 1\nengine: cpu\nseed: 2\n')).toThrow(/run\.yaml:3: .*unique/);
    expect(() => load('- 1\n')).toThrow(/expected an object of settings, got a list/);
    expect(() => loadConfig(path.join(folder, 'none.yaml'))).toThrow(/none\.yaml: .*no such file/);
  });
});

describe('--set', () => {
  it('overrides by dotted keys and list indices, with values read as YAML', () => {
    const text = `${smallest}regularizers: [{ use: a, weight: 1 }]\n`;
    const { config } = load(text, [
      'regularizers.0.weight=2',
      'training.clip=null',
      'evaluation.shots=[0, 5]',
      'seed=3',
    ]);
    expect(config.regularizers).toEqual([{ use: 'a', weight: 2 }]);
    expect(config.training.clip).toBeNull();
    expect(config.evaluation.shots).toEqual([0, 5]);
    expect(config.seed).toBe(3);
  });

  it('adds to a list at its end, and refuses an index beyond', () => {
    expect(load(smallest, ['regularizers.0={use: b}']).config.regularizers).toEqual([{ use: 'b' }]);
    expect(() => load(smallest, ['regularizers=[]', 'regularizers.1.weight=2'])).toThrow(
      /--set regularizers\.1\.weight=2/,
    );
    expect(() => load(smallest, ['regularizers=[]', 'regularizers.use.0=2'])).toThrow(/`regularizers\.0\.use\.0`/);
    expect(() => load(smallest, ['benchmark.tasks=[{}, {}]', 'benchmark.tasks.epochs=1'])).toThrow(
      /expected an index from 0 to 1 .*, got epochs\. Name an entry, for example `benchmark\.tasks\.0\.epochs`\.$/,
    );
    expect(() => load(smallest, ['adapter.use.x=1'])).toThrow(/adapter\.use is the text "inc-lora"/);
  });

  it('changes one of two values that share a YAML anchor', () => {
    const { config } = load(`${smallest.replace('{ use: jsonl }', '{ use: jsonl, a: &x { n: 1 }, b: *x }')}`, [
      'benchmark.a.n=2',
    ]);
    expect(config.benchmark).toMatchObject({ a: { n: 2 }, b: { n: 1 } });
  });

  it('is named where its value does not fit', () => {
    expect(() => load(smallest, ['seed=x'])).toThrow(/\[CONFIG_VALUE\] --set seed=x: .*expected whole number >= 0/);
    expect(() => load(smallest, ['seed'])).toThrow(/\[USAGE\] --set seed/);
    expect(() => loadConfig(writeText(folder, 'run.yaml', smallest), { seed: -1 })).toThrow(/--seed: /);
  });

  it('reaches no prototype', () => {
    expect(() => load(smallest, ['__proto__.polluted=1'])).toThrow(/CONFIG_KEY/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('extends', () => {
  it('merges objects, replaces lists, and lets the file itself win', () => {
    writeText(folder, 'a.yaml', `${smallest}training: { batchSize: 2, clip: 3 }\nevaluation: { shots: [0, 5] }\n`);
    writeText(folder, 'deep/b.yaml', 'training: { clip: 4 }\nseed: 9\n');
    const { config } = load('extends: [a.yaml, deep/b.yaml]\nevaluation: { shots: [1] }\nseed: 2\n');
    expect(config.training).toMatchObject({ batchSize: 2, clip: 4 });
    expect(config.evaluation.shots).toEqual([1]);
    expect(config.seed).toBe(2);
  });

  it('takes one file without a list, relative to the file that names it, or absolute', () => {
    writeText(folder, 'a.yaml', smallest);
    writeText(folder, 'deep/b.yaml', 'extends: ../a.yaml\nseed: 9\n');
    expect(load('extends: deep/b.yaml\n').config).toMatchObject({ seed: 9, adapter: { use: 'inc-lora' } });
    expect(load(`extends: ${path.join(folder, 'deep/b.yaml')}\n`).config.seed).toBe(9);
  });

  it('takes the same file twice on different ways', () => {
    writeText(folder, 'a.yaml', smallest);
    writeText(folder, 'b.yaml', 'extends: a.yaml\nseed: 9\n');
    expect(load('extends: [b.yaml, a.yaml]\n').config.seed).toBe(9);
  });

  it('names the line that asks for a file that is not there', () => {
    expect(() => load('seed: 1\nextends: [none.yaml]\n')).toThrow(
      /\[CONFIG_FILE\] .*run\.yaml:2, extends: .*none\.yaml: no such file/,
    );
  });

  it('tells which of the files a wrong value stands in', () => {
    writeText(folder, 'a.yaml', `${smallest}training:\n  clip: -1\n`);
    expect(() => load('extends: [a.yaml]\nseed: 1\n')).toThrow(/a\.yaml:5, training\.clip/);
  });

  it('refuses files that extend one another', () => {
    writeText(folder, 'c.yaml', 'extends: [d.yaml]\n');
    writeText(folder, 'd.yaml', 'extends: [c.yaml]\n');
    expect(() => loadConfig(path.join(folder, 'c.yaml'))).toThrow(/c\.yaml -> d\.yaml -> c\.yaml/);
    expect(() => loadConfig(path.join(folder, 'c.yaml'))).toThrow(/\[CONFIG_VALUE\] .*d\.yaml:1, extends: /);
    writeText(folder, 'self.yaml', 'seed: 1\nextends: self.yaml\n');
    expect(() => loadConfig(path.join(folder, 'self.yaml'))).toThrow(
      /self\.yaml:2, extends: .*self\.yaml -> self\.yaml/,
    );
    expect(() => load('extends: 3\n')).toThrow(/run\.yaml:1, extends: .*expected a list of files/);
  });
});
