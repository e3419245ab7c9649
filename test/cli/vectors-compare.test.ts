import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../core/weights/checksum.js';
import { writePeft } from '../../core/weights/peft.js';
import { file, heads, json, model, tasks, vectors } from './vectors-command.js';

describe('palimpsest vectors compare', () => {
  const run = file('run');
  const pair = (seed: number) => ({
    ...{ site: 'model.layers.0.self_attn.q_proj', rank: 1, scale: 1, inFeatures: 16, outFeatures: 16 },
    a: Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + seed)),
    b: Float32Array.from({ length: 16 }, (_, i) => Math.cos(i * seed)),
  });

  /** A finished run of two tasks. */
  async function writeRun(growth: string): Promise<void> {
    mkdirSync(run, { recursive: true });
    writeFileSync(path.join(run, 'summary.json'), '{"tasks": [{"task": "one"}, {"task": "two"}]}');
    const sha256 = { 'model.safetensors': await sha256Of(path.join(model, 'model.safetensors')) };
    const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
    for (const name of names) Object.assign(sha256, { [name]: await sha256Of(path.join(model, name)) });
    writeFileSync(path.join(run, 'inputs.json'), JSON.stringify({ model: { reference: 'toy', sha256 } }));
    writeFileSync(path.join(run, 'config.json'), JSON.stringify({ adapter: { growth } }));
    await writePeft(path.join(run, 'adapters', 'one'), { pairs: [pair(1)], baseModel: 'toy' });
    await writePeft(path.join(run, 'adapters', 'two'), { pairs: [pair(2)], baseModel: 'toy' });
  }

  const compared = async (...more: string[]) => {
    await vectors('compare', ...tasks, ...heads, '--run', run, '--out', file('out.json'), ...more);
    return json().tasks.same;
  };

  it('follows vectors from the model as it came through every task, later adapters on top of earlier ones', async () => {
    await writeRun('per-task');
    const pictures = ['--recovery', file('picture.svg'), '--dynamics', file('dynamics.svg')];
    const states = await compared(...pictures);
    expect(states.map(({ state }: { state: string }) => state)).toEqual(['Init', 'one', 'two']);
    const [init, one, two] = states;
    expect(init.cosine).toBeCloseTo(1, 6);
    expect(init.fewShot.initial).toEqual(init.fewShot.own);
    expect(one.cosine).toBeLessThan(0.9999);
    expect(one.norm).not.toBeCloseTo(two.norm, 4);
    expect(one.effect).toBeCloseTo(one.zeroShot.own.logProbability - one.zeroShot.plain.logProbability, 12);
    for (const name of ['picture.svg', 'dynamics.svg']) expect(readFileSync(file(name), 'utf8')).toMatch(/^<svg/);
    await writeRun('single');
    const [, alike, other] = await compared();
    expect(alike.fewShot.plain).toEqual(one.fewShot.plain);
    expect(other.fewShot.plain).not.toEqual(two.fewShot.plain);
  });

  it('has adapters that are given beside the run on in every state', async () => {
    await writeRun('per-task');
    const [plain] = await compared();
    const states = await compared('--adapter', path.join(run, 'adapters', 'two'));
    expect(states[0].cosine).toBeCloseTo(1, 6);
    expect(states[0].fewShot.plain).not.toEqual(plain.fewShot.plain);
  });

  it('refuses a run that lacks an adapter before it measures', async () => {
    await writeRun('per-task');
    rmSync(path.join(run, 'adapters', 'two'), { recursive: true });
    await expect(compared()).rejects.toThrow(/INPUT_FILE.*two.*every task's adapter/);
  });

  it('refuses a run of other weights, and one whose files are cut off', async () => {
    await writeRun('per-task');
    const sha256 = { 'model.safetensors': 'f'.repeat(64) };
    writeFileSync(path.join(run, 'inputs.json'), JSON.stringify({ model: { reference: 'other', sha256 } }));
    await expect(compared()).rejects.toThrow(/INPUT_FILE.*one of other.*Give --model other/);
    writeFileSync(path.join(run, 'summary.json'), '{"tasks": [');
    await expect(compared()).rejects.toThrow(/INPUT_FILE.*summary.json/);
  });

  it('refuses a folder without a finished run', async () => {
    const given = ['--run', file('nowhere')];
    await expect(vectors('compare', ...tasks, ...heads, ...given)).rejects.toThrow(/INPUT_FILE.*nowhere.*finished run/);
  });
});
