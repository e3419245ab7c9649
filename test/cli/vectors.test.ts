import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { withModel } from '../../core/cli/loaded-model.js';
import { modelView } from '../../core/training/additions.js';
import { effectsOf } from '../../core/vectors/head-effects.js';
import { headsOf } from '../../core/vectors/heads.js';
import { instructionVector } from '../../core/vectors/instruction-vector.js';
import { plainTrace } from '../../core/vectors/plain-trace.js';
import { readVectorFile } from '../../core/vectors/vector-file.js';
import { readSafetensors } from '../../core/weights/safetensors.js';
import { file, folder, heads, json, model, SIZES, tasks, vectors } from './vectors-command.js';

describe('palimpsest vectors activations', () => {
  it('writes a tensor of all heads for every task, and beside it what it was measured with', async () => {
    await vectors('activations', ...tasks, '--out', file('out.safetensors'));
    const read = await readVectorFile(file('out.safetensors'), SIZES as never);
    expect(read.tasks).toEqual(['same', 'always-a']);
    const { model: source, options, files, environment, tasks: measured } = json('out.safetensors.json');
    expect(source.sha256['model.safetensors']).toMatch(/^[0-9a-f]{64}$/);
    expect(options).toMatchObject({ seed: 1, shots: 2, clean: 4 });
    expect(files.map(({ sha256 }: { sha256: string }) => sha256.length)).toEqual([64, 64]);
    expect(environment.engine).toMatch(/native|wasm/);
    expect(measured.same.made).toHaveLength(4);
    expect(measured.same.made[0].tokens.length).toBeGreaterThan(6);
  });

  it('asks for --out', async () => {
    await expect(vectors('activations', ...tasks)).rejects.toThrow(/USAGE.*--out FILE/);
  });
});

describe('palimpsest vectors trace', () => {
  it('gives the effect of every head by trial, the mean, an interval around it, and the largest', async () => {
    await vectors(
      'trace',
      ...tasks,
      '--trials',
      '3',
      '--top',
      '2',
      '--out',
      file('out.json'),
      '--picture',
      file('picture.svg'),
    );
    const { effects, interval, perTrial, perTask, top, meanActivations } = json();
    expect([effects.length, effects[0].length, perTrial.length, top.length]).toEqual([2, 4, 6, 2]);
    const mean = perTrial.reduce((sum: number, trial: number[][]) => sum + trial[1][2] / 6, 0);
    expect(effects[1][2]).toBeCloseTo(mean, 12);
    expect(effects[1][2]).toBeCloseTo((perTask.same[1][2] + perTask['always-a'][1][2]) / 2, 12);
    expect(interval.low[1][2]).toBeLessThanOrEqual(effects[1][2]);
    expect(interval.high[1][2]).toBeGreaterThanOrEqual(effects[1][2]);
    expect(top[0][2]).toBe(Math.max(...effects.flat()));
    expect((await readVectorFile(meanActivations, SIZES as never)).tasks).toEqual(['same', 'always-a']);
    expect(readFileSync(file('picture.svg'), 'utf8')).toMatch(/^<svg/);
  });

  it('takes explicit prompts: means of those that are clean, whatever they are answered, and targets by token', async () => {
    const clean = [{ tokens: [5, 6, 7] }, { tokens: [9, 8] }];
    const trials = [{ tokens: [3, 4, 5], target: 6 }];
    writeFileSync(file('prompts.json'), JSON.stringify({ clean, trials }));
    await vectors('trace', '--prompts', file('prompts.json'), '--out', file('out.json'));
    const { perTrial, effects, meanActivations } = json();
    expect(perTrial).toEqual([effects]);
    const means = (await readVectorFile(meanActivations, SIZES as never)).of('prompts', headsOf(SIZES));
    await withModel({ model, engine: 'auto' }, async ({ backbone }) => {
      const want = plainTrace(
        modelView(backbone),
        { tokens: [3, 4, 5], answer: [6] },
        { means, answer: 'first-token' },
      );
      const got = Float64Array.from(effects.flat());
      effectsOf(want, 'probability').forEach((effect, i) => {
        expect(got[i]).toBeCloseTo(effect, 6);
      });
    });
  });

  it.each([
    ['{"clean": []}', /INPUT_FILE.*clean/],
    ['{"clean": [{"tokens": [1]}], "trials": [{"tokens": []', /INPUT_FILE/],
    ['{"clean": [{"tokens": [1]}], "trials": [{"tokens": [1], "target": "a"}]}', /INPUT_FILE.*trials.0.target/],
  ])('refuses a file of prompts such as %s', async (text, message) => {
    writeFileSync(file('bad.json'), text);
    await expect(vectors('trace', '--prompts', file('bad.json'))).rejects.toThrow(message);
  });
});

describe('palimpsest vectors extract', () => {
  it('writes theta of every task, made of the activations that it is given', async () => {
    const given = file('given.safetensors');
    await vectors('activations', ...tasks, '--out', given);
    await vectors('extract', ...tasks, ...heads, '--activations', given, '--out', file('out.safetensors'));
    const { tensors } = await readSafetensors(file('out.safetensors'));
    const values = (await readVectorFile(given, SIZES as never)).of('same', [
      [0, 1],
      [1, 2],
    ]);
    await withModel({ model, engine: 'auto' }, async ({ backbone }) => {
      const theta = instructionVector(backbone, { heads: json('heads.json'), values });
      expect(tensors.get('same')?.values).toEqual(theta);
    });
    expect(json('out.safetensors.json').norms.same).toBeGreaterThan(0);
  });
});

describe('palimpsest vectors apply', () => {
  const scores = { prompts: 4, accuracy: expect.any(Number), logProbability: expect.any(Number) };

  it.each(['heads', 'residual:1', 'attention:0'])(
    'scores queries with vectors put in at %s, and with a control',
    async (at) => {
      await vectors('apply', ...tasks, ...heads, '--at', at, '--control', 'random', '--out', file('out.json'));
      const { same } = json().tasks;
      for (const asked of ['zeroShot', 'fewShot', 'shuffled']) {
        expect(same[asked]).toEqual({ plain: scores, vector: scores, control: scores });
        expect(same[asked].vector.logProbability).not.toBeCloseTo(same[asked].plain.logProbability, 6);
        expect(same[asked].vector.logProbability).not.toBeCloseTo(same[asked].control.logProbability, 6);
      }
    },
  );

  it('changes nothing at strength 0, and writes to standard output where no file is named', async () => {
    const { same } = JSON.parse(await vectors('apply', ...tasks, ...heads, '--strength', '0')).tasks;
    expect(same.zeroShot.vector).toEqual(same.zeroShot.plain);
  });

  it('takes the heads of the largest effect', async () => {
    await vectors('trace', ...tasks, '--trials', '2', '--top', '2', '--out', file('out.json'));
    const want = json().top.map(([layer, head]: number[]) => [layer, head]);
    const traced = ['--heads', 'traced', '--trials', '2', '--top', '2'];
    expect(JSON.parse(await vectors('apply', ...tasks, ...traced)).heads).toEqual(want);
  });

  it.each([
    [['--at', 'residual'], /residual:LAYER/],
    [['--at', 'residual:9'], /SITE_UNKNOWN.*a layer from 0 to 1.*9/],
    [['--strength', 'much'], /It must be a number/],
    [['--mode', 'twist'], /add, replace, mix/],
  ])('refuses %j', async (given, message) => {
    await expect(vectors('apply', ...tasks, ...heads, ...given)).rejects.toThrow(message);
  });
});

describe('palimpsest vectors sweep', () => {
  it('scores zero-shot and shuffled with theta at one layer after another', async () => {
    await vectors('sweep', ...tasks, ...heads, '--out', file('out.json'), '--picture', file('picture.svg'));
    const [same] = json().tasks;
    expect(same.layers.map(({ layer }: { layer: number }) => layer)).toEqual([0, 1]);
    const [first, second] = same.layers.map(
      (at: { zeroShot: { logProbability: number } }) => at.zeroShot.logProbability,
    );
    expect(first).not.toBeCloseTo(second, 6);
    expect(existsSync(file('picture.svg'))).toBe(true);
  });

  it('leaves layers out on request', async () => {
    const { tasks: swept } = JSON.parse(await vectors('sweep', ...tasks, ...heads, '--every', '2'));
    expect(swept[0].layers).toHaveLength(1);
  });
});

it('refuses to work without tasks, or with two of one name', async () => {
  await expect(vectors('apply')).rejects.toThrow(/USAGE.*--data FILE/);
  const twice = ['--data', file('same.jsonl'), path.join(folder, '.', 'same.jsonl')];
  await expect(vectors('apply', ...twice)).rejects.toThrow(/USAGE.*two called "same"/);
});

it('leaves no tensor behind', async () => {
  await vectors('apply', ...tasks, ...heads);
  const before = tf.memory().numTensors;
  await vectors('apply', ...tasks, ...heads);
  expect(tf.memory().numTensors).toBe(before);
});
