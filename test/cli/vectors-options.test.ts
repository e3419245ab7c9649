import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writePeft } from '../../core/weights/peft.js';
import { concatenated } from '../../plugins/inc-lora/pair.js';
import { file, heads, json, tasks, vectors, warnings } from './vectors-command.js';

interface Scores {
  readonly accuracy: number;
  readonly logProbability: number;
}

/** What `apply` gives for the first task, zero-shot: by itself, and with the vector. */
async function applied(...given: string[]): Promise<{ plain: Scores; vector: Scores }> {
  return JSON.parse(await vectors('apply', ...tasks, ...heads, ...given)).tasks.same.zeroShot;
}

const pair = (seed: number) => ({
  ...{ site: 'model.layers.1.self_attn.q_proj', rank: 1, scale: 1, inFeatures: 16, outFeatures: 16 },
  a: Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + seed)),
  b: Float32Array.from({ length: 16 }, (_, i) => Math.cos(i * seed)),
});

describe('options of palimpsest vectors', () => {
  it('take several adapters, which add up', async () => {
    const folder = (name: string) => file(`adapter-${name}`);
    mkdirSync(folder('both'), { recursive: true });
    for (const seed of [1, 2]) await writePeft(folder(`${seed}`), { pairs: [pair(seed)], baseModel: 'toy' });
    await writePeft(folder('both'), { pairs: [concatenated([pair(1), pair(2)])], baseModel: 'toy' });
    const [sum, both, one] = [
      await applied('--adapter', folder('1'), folder('2')),
      await applied('--adapter', folder('both')),
      await applied('--adapter', folder('1')),
    ];
    expect(sum.plain.logProbability).toBeCloseTo(both.plain.logProbability, 5);
    expect(sum.plain.logProbability).not.toBeCloseTo(one.plain.logProbability, 3);
  });

  it('take a vector out again: below strength 0 it moves the answers the other way', async () => {
    const [plus, minus] = [await applied('--strength', '0.1'), await applied('--strength', '-0.1')];
    const moved = ({ plain, vector }: { plain: Scores; vector: Scores }) =>
      vector.logProbability - plain.logProbability;
    expect(moved(plus) * moved(minus)).toBeLessThan(0);
  });

  it('edit heads in three modes, and theta at two sites', async () => {
    const ways = ['--mode add', '--mode replace', '--mode mix --strength 0.5', '--at residual:1', '--at attention:1'];
    const found: string[] = [];
    for (const way of ways) found.push((await applied(...way.split(' '))).vector.logProbability.toFixed(6));
    expect(new Set(found).size).toBe(ways.length);
  });

  it('trace log-probabilities, of whole answers too', async () => {
    const effectsOf = async (...given: string[]) => {
      await vectors('trace', ...tasks, '--trials', '2', '--out', file('out.json'), ...given);
      return json().effects.flat() as number[];
    };
    const [probability, logarithm, whole] = [
      await effectsOf(),
      await effectsOf('--effect', 'log-probability'),
      await effectsOf('--effect', 'log-probability', '--answer', 'whole'),
    ];
    expect(logarithm.map(Math.sign)).not.toEqual(logarithm.map(() => 0));
    expect(logarithm).not.toEqual(probability);
    expect(whole.length).toBe(8);
  });

  it('ask for as many queries as they say, and draw by the seed', async () => {
    const one = JSON.parse(await vectors('apply', ...tasks, ...heads, '--queries', '1')).tasks.same.zeroShot.plain;
    expect(one.prompts).toBe(1);
    expect(await applied('--seed', '2')).not.toEqual(await applied());
    expect(await applied('--seed', '2')).toEqual(await applied('--seed', '2'));
  });

  it.each([
    [['--shots', '1'], /from 2 on/],
    [['--prompt-tokens', '2'], /DATA_EMPTY.*at most 2 tokens/],
    [['--activations', 'nowhere.safetensors'], /MODEL_FILE.*nowhere/],
    [['--heads', 'nobody'], /CONFIG_VALUE.*--heads.*nobody/],
    [['--data', 'nothing.json'], /INPUT_FILE.*nothing.json.*--data/],
    [['--at', 'residual:9'], /SITE_UNKNOWN.*a layer from 0 to 1/],
    [['--data', '.hidden.json'], /USAGE.*cannot be the name of a task/],
  ])('refuse %j', async (given, message) => {
    const data = given[0] === '--data' ? [] : tasks;
    await expect(vectors('apply', ...data, ...heads, ...given)).rejects.toThrow(message);
  });

  it('trace either tasks or explicit prompts', async () => {
    writeFileSync(file('p.json'), '{"clean": [{"tokens": [1]}], "trials": [{"tokens": [1], "target": 2}]}');
    await expect(vectors('trace', ...tasks, '--prompts', file('p.json'))).rejects.toThrow(/USAGE.*both/);
    writeFileSync(file('q.json'), '{"clean": [{"tokens": [1]}], "trials": [{"tokens": [1], "target": 99}]}');
    await expect(vectors('trace', '--prompts', file('q.json'))).rejects.toThrow(/TOKEN_OUT_OF_RANGE.*0 to 31.*99/);
  });

  it.each([
    ['its data', ['--out', file('same.jsonl')]],
    ['its heads', ['--out', file('heads.json')]],
  ])('never write over %s', async (_, given) => {
    await expect(vectors('apply', ...tasks, ...heads, ...given)).rejects.toThrow(/USAGE.*outputs that are no inputs/);
  });

  it('write each output into a file of its own', async () => {
    const both = ['--out', file('one.json'), '--picture', file('one.json')];
    await expect(vectors('sweep', ...tasks, ...heads, ...both)).rejects.toThrow(/USAGE.*each another file/);
  });

  it('warn of heads and activations that were made with another model', async () => {
    const provenance = { model: { reference: 'other', sha256: { 'model.safetensors': 'f'.repeat(64) } } };
    writeFileSync(file('foreign.json'), JSON.stringify({ top: [[0, 1, 0.5]], provenance }));
    expect(await warnings('apply', ...tasks, '--heads', file('foreign.json'))).toContain(
      'foreign.json was made with other',
    );
    await vectors('activations', ...tasks, '--out', file('means.safetensors'));
    const given = [...heads, '--activations', file('means.safetensors')];
    expect(await warnings('apply', ...tasks, ...given)).not.toContain('was made with');
    writeFileSync(file('means.safetensors.json'), JSON.stringify(provenance));
    expect(await warnings('apply', ...tasks, ...given)).toContain('means.safetensors was made with other');
  });

  it('warn where there are too few samples for the shots', async () => {
    expect(await warnings('apply', ...tasks, ...heads, '--shots', '20')).toContain('at most 7 demonstrations');
  });

  it('name the random heads of a control, and the effects of traced ones', async () => {
    const { controlHeads, heads: own } = JSON.parse(await vectors('apply', ...tasks, ...heads, '--control', 'random'));
    expect(controlHeads).toHaveLength(2);
    expect(controlHeads.map(String)).not.toEqual(own.map(String));
    const traced = ['--heads', 'traced', '--trials', '1', '--top', '2'];
    const result = JSON.parse(await vectors('apply', ...tasks, ...traced));
    expect(result.traced.map(([layer, head]: number[]) => [layer, head])).toEqual(result.heads);
  });

  it('write nothing beside standard output', async () => {
    const { meanActivations } = JSON.parse(await vectors('trace', ...tasks, '--trials', '1'));
    expect(meanActivations).toBeUndefined();
  });
});
