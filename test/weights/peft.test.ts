import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { LowRankPair } from '../../core/contracts/adapter.js';
import { readPeft, writePeft } from '../../core/weights/peft.js';
import { writeSafetensors } from '../../core/weights/safetensors-write.js';
import { expectProblem, scratchFolder } from './scratch.js';

const scratch = scratchFolder();
const reference = fileURLToPath(new URL('../reference/adapters/final_main', import.meta.url));
let folders = 0;

function pair(site: string, rank: number, scale: number): LowRankPair {
  const [inFeatures, outFeatures] = [3, 2];
  const a = Float32Array.from({ length: rank * inFeatures }, (_, i) => i + 1);
  const b = Float32Array.from({ length: outFeatures * rank }, (_, i) => -i);
  return { site, a, b, rank, inFeatures, outFeatures, scale };
}

const q = 'model.layers.0.self_attn.q_proj';
const v = 'model.layers.0.self_attn.v_proj';
const key = (site: string, side: string) => `base_model.model.${site}.lora_${side}.weight`;

const newFolder = () => join(scratch, `adapter-${folders++}`);

const configAt = (folder: string) => JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'));

async function folderOf(config: Record<string, unknown>, shapes: Record<string, number[]>): Promise<string> {
  const folder = newFolder();
  mkdirSync(folder);
  const whole = { peft_type: 'LORA', r: 2, lora_alpha: 4, target_modules: ['q_proj'], ...config };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(whole));
  const tensors = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    values: new Float32Array(shape[0] * shape[1]).fill(1),
  }));
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  return folder;
}

const pairAt = (site: string, rank = 2) => ({ [key(site, 'A')]: [rank, 3], [key(site, 'B')]: [2, rank] });

describe('reading', () => {
  it("takes PEFT's own directory", async () => {
    const { rank, alpha, targets, pairs } = await readPeft(reference);
    expect({ rank, alpha, targets }).toEqual({ rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'] });
    expect(pairs).toHaveLength(60);
    const first = pairs.find(({ site }) => site === 'model.layers.0.self_attn.v_proj')!;
    expect(first).toMatchObject({ rank: 8, inFeatures: 576, outFeatures: 192, scale: 2 });
    expect([first.a.length, first.b.length]).toEqual([8 * 576, 192 * 8]);
    expect(pairs.reduce((sum, { a, b }) => sum + a.length + b.length, 0)).toBe(460_800);
  });

  it('takes alpha / r as the scale, alpha / sqrt(r) with use_rslora', async () => {
    const plain = await readPeft(await folderOf({ r: 4 }, pairAt(q, 4)));
    expect(plain.pairs[0].scale).toBe(1);
    const stabilised = await readPeft(await folderOf({ r: 4, use_rslora: true }, pairAt(q, 4)));
    expect(stabilised.pairs[0].scale).toBe(2);
  });

  it('follows rank_pattern and alpha_pattern that name modules', async () => {
    const config = { rank_pattern: { v_proj: 1 }, alpha_pattern: { 'self_attn.v_proj': 3 } };
    const { pairs } = await readPeft(await folderOf(config, { ...pairAt(q), ...pairAt(v, 1) }));
    expect(pairs.map(({ rank, scale }) => [rank, scale])).toEqual([
      [2, 2],
      [1, 3],
    ]);
  });
});

describe('what is not a LoRA adapter of this kind', () => {
  it.each([
    [{ peft_type: 'IA3' }, 'peft_type'],
    [{ use_dora: true }, 'use_dora'],
    [{ bias: 'all' }, 'bias'],
    [{ modules_to_save: ['lm_head'] }, 'modules_to_save'],
    [{ init_lora_weights: 'pissa' }, 'init_lora_weights'],
    [{ rank_pattern: { '^q.*': 4 } }, 'rank_pattern'],
    [{ r: 0 }, 'r'],
  ])('refuses %o and names the key', async (config, name) => {
    const folder = await folderOf(config, pairAt(q));
    await expectProblem(readPeft(folder), 'ADAPTER_INVALID', `adapter_config.json: ${name}`);
  });

  it('refuses tensors that do not fit', async () => {
    const alone = await folderOf({}, { [key(q, 'A')]: [2, 3] });
    await expectProblem(readPeft(alone), 'ADAPTER_INVALID', q, 'one of them');
    const rank = await folderOf({ r: 3 }, pairAt(q));
    await expectProblem(readPeft(rank), 'ADAPTER_INVALID', q, '[3, in]', '[2, 3]');
    const other = await folderOf({}, { 'base_model.model.lm_head.weight': [2, 3] });
    await expectProblem(readPeft(other), 'ADAPTER_INVALID', 'lm_head.weight');
    await expectProblem(readPeft(await folderOf({}, {})), 'ADAPTER_INVALID', 'none');
  });

  it('refuses a folder that is not there and a truncated file', async () => {
    await expectProblem(readPeft(newFolder()), 'ADAPTER_INVALID', 'adapter_config.json');
    const folder = newFolder();
    cpSync(reference, folder, { recursive: true });
    const weights = join(folder, 'adapter_model.safetensors');
    writeFileSync(weights, readFileSync(weights).subarray(0, 100_000));
    await expectProblem(readPeft(folder), 'ADAPTER_INVALID', weights, 'truncated');
  });
});

describe('writing', () => {
  it('gives back the same pairs', async () => {
    const folder = newFolder();
    const pairs = [pair(q, 2, 2), pair(v, 2, 2)];
    await writePeft(folder, { pairs, baseModel: 'smollm2-135m-instruct' });
    expect(await readPeft(folder)).toEqual({ rank: 2, alpha: 4, targets: ['q_proj', 'v_proj'], pairs });
    expect(configAt(folder)).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      r: 2,
      lora_alpha: 4,
      lora_dropout: 0,
      target_modules: ['q_proj', 'v_proj'],
      base_model_name_or_path: 'smollm2-135m-instruct',
      inference_mode: true,
      fan_in_fan_out: false,
      bias: 'none',
    });
  });

  it('keeps ranks and scales that differ', async () => {
    const folder = newFolder();
    const pairs = [pair(q, 2, 2), pair(v, 4, 0.5)];
    await writePeft(folder, { pairs });
    expect((await readPeft(folder)).pairs).toEqual(pairs);
    expect(configAt(folder)).toMatchObject({ rank_pattern: { [v]: 4 }, alpha_pattern: { [v]: 2 } });
  });

  it('names whole sites where not every layer has them', async () => {
    const folder = newFolder();
    const site = 'model.layers.3.mlp.up_proj';
    await writePeft(folder, { pairs: [pair(site, 2, 2)] });
    expect(configAt(folder).target_modules).toEqual([site]);
  });

  it('replaces a folder that is there and leaves nothing else', async () => {
    const folder = newFolder();
    await writePeft(folder, { pairs: [pair(q, 2, 2)] });
    writeFileSync(join(folder, 'left-over'), '');
    await writePeft(folder, { pairs: [pair(q, 4, 1)] });
    expect(readdirSync(folder).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect((await readPeft(folder)).rank).toBe(4);
    expect(readdirSync(scratch).filter((name) => /tmp|old/.test(name))).toEqual([]);
  });

  it('leaves nothing where it fails', async () => {
    const folder = newFolder();
    const broken = { ...pair(q, 2, 2), a: new Float32Array(1) };
    await expectProblem(writePeft(folder, { pairs: [broken] }), 'TENSOR_INVALID');
    await expectProblem(writePeft(folder, { pairs: [] }), 'ADAPTER_INVALID');
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(scratch).filter((name) => name.includes('tmp'))).toEqual([]);
  });
});
