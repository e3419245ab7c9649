import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWeights } from '../../core/weights/open.js';
import { writeSafetensors } from '../../core/weights/safetensors-write.js';
import { expectProblem, scratchFolder } from './scratch.js';

const scratch = scratchFolder();
let folders = 0;

const minimal = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  vocab_size: 3,
};

async function folderOf(config: unknown, tensors: Record<string, number[]> | null = { a: [1] }): Promise<string> {
  const folder = join(scratch, `model-${folders++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  if (tensors) await writeTensors(join(folder, 'model.safetensors'), tensors);
  return folder;
}

function writeTensors(path: string, tensors: Record<string, number[]>): Promise<void> {
  const arrays = Object.entries(tensors).map(([name, values]) => ({
    name,
    shape: [values.length],
    values: Float32Array.from(values),
  }));
  return writeSafetensors(path, arrays);
}

const open = (path: string) => openWeights({ kind: 'huggingface', path, reference: path });

async function configOf(config: Record<string, unknown>) {
  const source = await open(await folderOf(config));
  await source.close();
  return source.config;
}

describe('config.json', () => {
  it('gets the usual defaults for what is absent', async () => {
    expect(await configOf(minimal)).toMatchObject({
      num_key_value_heads: 2,
      head_dim: 4,
      rope_theta: 10000,
      rope_scaling: null,
      rms_norm_eps: 1e-6,
      tie_word_embeddings: false,
      max_position_embeddings: 2048,
    });
  });

  it('reads rope_parameters of newer files', async () => {
    const plain = await configOf({ ...minimal, rope_parameters: { rope_theta: 1e5, rope_type: 'default' } });
    expect(plain).toMatchObject({ rope_theta: 1e5, rope_scaling: null });
    const scaled = await configOf({ ...minimal, rope_parameters: { rope_theta: 5e5, rope_type: 'llama3', factor: 8 } });
    expect(scaled).toMatchObject({ rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', factor: 8 } });
  });

  it('reads rope_scaling of older files, whose kind is called type', async () => {
    const config = await configOf({ ...minimal, rope_theta: 2e4, rope_scaling: { type: 'linear', factor: 2 } });
    expect(config).toMatchObject({ rope_theta: 2e4, rope_scaling: { rope_type: 'linear', factor: 2 } });
  });

  it('keeps explicit head widths and lists of end tokens', async () => {
    const config = await configOf({ ...minimal, head_dim: 6, num_key_value_heads: 1, eos_token_id: [2, 5] });
    expect(config).toMatchObject({ head_dim: 6, num_key_value_heads: 1, eos_token_id: [2, 5] });
  });

  it('passes an unknown architecture through by name', async () => {
    const config = await configOf({ model_type: 'mamba', architectures: ['MambaForCausalLM'], hidden_size: 'x' });
    expect(config).toMatchObject({ model_type: 'mamba', architectures: ['MambaForCausalLM'] });
  });

  it('names the file and key that do not fit', async () => {
    await expectProblem(open(await folderOf('{')), 'MODEL_FILE', 'config.json', 'JSON');
    const wrong = await folderOf({ ...minimal, hidden_size: 'wide' });
    await expectProblem(open(wrong), 'MODEL_FILE', 'config.json: hidden_size');
    const uneven = await folderOf({ ...minimal, num_attention_heads: 3 });
    await expectProblem(open(uneven), 'MODEL_FILE', 'hidden_size', 'multiple of 3');
  });
});

describe('weights of a folder', () => {
  it('come from model.safetensors', async () => {
    const source = await open(await folderOf(minimal, { 'model.norm.weight': [1, 2] }));
    expect([...(await source.read('model.norm.weight'))]).toEqual([1, 2]);
    expect(source.tensors.get('model.norm.weight')).toMatchObject({ shape: [2], type: 'F32' });
    await expectProblem(source.read('other'), 'TENSOR_INVALID', 'other');
    await source.close();
  });

  it('come from the shards that the index names', async () => {
    const source = await open(await sharded({ a: 'one.safetensors', b: 'two.safetensors' }));
    expect([...(await source.read('a'))]).toEqual([1]);
    expect([...(await source.read('b'))]).toEqual([2, 3]);
    await source.close();
  });

  it('are refused where the index does not hold', async () => {
    const lacking = await sharded({ a: 'two.safetensors' });
    await expectProblem(open(lacking), 'MODEL_FILE', 'index.json: a', 'two.safetensors');
    const missing = await sharded({ a: 'three.safetensors' });
    await expectProblem(open(missing), 'MODEL_FILE', 'three.safetensors', 'ENOENT');
  });

  it.each(['../one.safetensors', '/etc/one.safetensors', 'a/one.safetensors', 'one.bin', '..\\one.safetensors'])(
    'never come from a shard called %s',
    async (name) => {
      await expectProblem(open(await sharded({ a: name })), 'MODEL_FILE', 'plain names');
    },
  );

  it('are asked for by name where there are none', async () => {
    await expectProblem(open(await folderOf(minimal, null)), 'MODEL_FILE', 'model.safetensors');
  });
});

async function sharded(weight_map: Record<string, string>): Promise<string> {
  const folder = await folderOf(minimal, null);
  await writeTensors(join(folder, 'one.safetensors'), { a: [1] });
  await writeTensors(join(folder, 'two.safetensors'), { b: [2, 3] });
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }));
  return folder;
}
