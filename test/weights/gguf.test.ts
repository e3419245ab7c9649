import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGguf, readGgufMetadata } from '../../core/weights/gguf.js';
import { toHalfSplitRows } from '../../core/weights/rope-order.js';
import { f32, type GgufTensor, type GgufValue, ggufFile } from './gguf-file.js';
import { expectProblem, scratchFolder } from './scratch.js';

const folder = scratchFolder();
let files = 0;

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, `case-${files++}.gguf`);
  writeFileSync(path, bytes);
  return path;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** One layer, width 8, 2 heads of 4, one key/value head. */
function sizes(architecture: string): Record<string, GgufValue> {
  return {
    'general.architecture': { text: architecture },
    [`${architecture}.block_count`]: { u32: 1 },
    [`${architecture}.embedding_length`]: { u32: 8 },
    [`${architecture}.feed_forward_length`]: { u32: 16 },
    [`${architecture}.attention.head_count`]: { u32: 2 },
    [`${architecture}.attention.head_count_kv`]: { u64: 1 },
    [`${architecture}.context_length`]: { u32: 64 },
    [`${architecture}.rope.freq_base`]: { f32: 500000 },
    'tokenizer.ggml.eos_token_id': { u32: 2 },
    'tokenizer.ggml.tokens': { texts: ['a', 'b', 'ü'] },
  };
}

const tensors: readonly GgufTensor[] = [
  f32('token_embd.weight', [3, 8], range(24)),
  f32('blk.0.attn_q.weight', [8, 1], range(8)),
  f32('blk.0.attn_q.bias', [8], range(8)),
  f32('blk.0.attn_k.weight', [4, 2], range(8)),
  f32('blk.0.attn_v.weight', [4, 2], range(8)),
  f32('output_norm.weight', [8], range(8)),
];

describe('a llama file', () => {
  it('has the config that its metadata says', async () => {
    const source = await openGguf(fileOf(ggufFile(sizes('llama'), tensors)));
    expect(source.config).toMatchObject({
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_size: 8,
      num_key_value_heads: 1,
      head_dim: 4,
      vocab_size: 3,
      rope_theta: 500000,
      tie_word_embeddings: true,
      eos_token_id: 2,
      rope_scaling: null,
    });
    await source.close();
  });

  it('is named and shaped as Hugging Face does, q and k rows in half-split order', async () => {
    const source = await openGguf(fileOf(ggufFile(sizes('llama'), tensors)));
    expect(source.tensors.get('model.embed_tokens.weight')?.shape).toEqual([3, 8]);
    expect([...(await source.read('model.layers.0.self_attn.q_proj.weight'))]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect([...(await source.read('model.layers.0.self_attn.q_proj.bias'))]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect([...(await source.read('model.layers.0.self_attn.k_proj.weight'))]).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
    expect([...(await source.read('model.layers.0.self_attn.v_proj.weight'))]).toEqual(range(8));
    await expectProblem(source.read('lm_head.weight'), 'TENSOR_INVALID', source.path, 'lm_head.weight');
    await source.close();
  });

  it('lists rope_freqs, an own output matrix and key_length where they are there', async () => {
    const metadata = { ...sizes('llama'), 'llama.attention.key_length': { u32: 2 } };
    const more = [...tensors, f32('output.weight', [3, 8], range(24)), f32('rope_freqs.weight', [2], [1, 8])];
    const source = await openGguf(fileOf(ggufFile(metadata, more)));
    expect(source.config).toMatchObject({ head_dim: 2, tie_word_embeddings: false });
    expect([...(await source.read('rope_freqs.weight'))]).toEqual([1, 8]);
    await source.close();
  });

  it('gives its metadata, the tokenizer included', async () => {
    const metadata = await readGgufMetadata(fileOf(ggufFile(sizes('llama'), tensors)));
    expect(metadata['tokenizer.ggml.tokens']).toEqual(['a', 'b', 'ü']);
    expect(metadata['llama.attention.head_count_kv']).toBe(1);
  });
});

describe('other architectures', () => {
  it('keeps q rows of qwen2 as they are', async () => {
    const source = await openGguf(fileOf(ggufFile(sizes('qwen2'), tensors)));
    expect(source.config.architectures).toEqual(['Qwen2ForCausalLM']);
    expect([...(await source.read('model.layers.0.self_attn.q_proj.weight'))]).toEqual(range(8));
    await source.close();
  });

  it('refuses a mixture of experts, which says llama as well', async () => {
    const path = fileOf(ggufFile({ ...sizes('llama'), 'llama.expert_count': { u32: 8 } }, tensors));
    await expectProblem(openGguf(path), 'ARCHITECTURE_UNSUPPORTED', path, 'llama with 8 experts');
  });

  it('passes an unknown one through by name, without asking for its sizes', async () => {
    const source = await openGguf(fileOf(ggufFile({ 'general.architecture': { text: 'mamba' } }, tensors)));
    expect(source.config).toMatchObject({ architectures: ['mamba'], model_type: 'mamba' });
    await source.close();
  });
});

describe('damaged files', () => {
  const whole = ggufFile(sizes('llama'), tensors);

  it('refuses a file cut off inside the tensors and names the first tensor that is incomplete', async () => {
    const path = fileOf(whole.subarray(0, whole.length - 40));
    await expectProblem(openGguf(path), 'MODEL_FILE', path, 'truncated');
  });

  it.each([0, 3, 10, 40, 200, 500])('refuses a file cut off inside the header, at byte %i', async (length) => {
    const path = fileOf(whole.subarray(0, length));
    await expectProblem(openGguf(path), 'MODEL_FILE', path);
  });

  it('refuses another format', async () => {
    const path = fileOf(Buffer.alloc(100, 'PK'));
    await expectProblem(openGguf(path), 'MODEL_FILE', path, 'magic');
  });

  it('refuses rows that no block fits', async () => {
    const odd = { name: 'blk.0.attn_q.weight', shape: [1, 33], type: 3, data: new Uint8Array(40) };
    await expectProblem(openGguf(fileOf(ggufFile(sizes('llama'), [odd]))), 'MODEL_FILE', 'q_proj', '[1, 33]');
  });

  it('names a missing size', async () => {
    const { 'llama.block_count': _, ...rest } = sizes('llama');
    await expectProblem(openGguf(fileOf(ggufFile(rest, tensors))), 'MODEL_FILE', 'llama.block_count');
  });

  it('lists a tensor of a type that it cannot read, and refuses to read it', async () => {
    const q2 = { name: 'blk.0.attn_v.weight', shape: [1, 256], type: 10, data: new Uint8Array(84) };
    const source = await openGguf(fileOf(ggufFile(sizes('llama'), [q2])));
    await expectProblem(source.read('model.layers.0.self_attn.v_proj.weight'), 'TENSOR_INVALID', 'Q2_K', 'Q4_K');
    await source.close();
  });
});

it('puts interleaved rows into half-split order within each head', () => {
  expect([...toHalfSplitRows(Float32Array.from(range(12)), 12, 2)]).toEqual([0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
});
