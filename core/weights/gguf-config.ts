import { problem } from '../errors.js';
import type { ModelConfig, TensorInfo } from './source.js';
import { damaged } from './tensor-file.js';

type Tensors = ReadonlyMap<string, TensorInfo>;

/** Hugging Face's architecture names of those whose sizes have to be complete here. */
const architectures: Readonly<Record<string, string>> = { llama: 'LlamaForCausalLM', qwen2: 'Qwen2ForCausalLM' };

/**
 * What config.json would say, from a GGUF file's metadata. Mistral is stored as `llama`; rope scaling `llama3` is not in
 * the metadata but in a tensor `rope_freqs.weight`. Of an unknown architecture only its name can be relied upon.
 * @throws PalimpsestError MODEL_FILE, ARCHITECTURE_UNSUPPORTED
 */
export function ggufConfig(path: string, metadata: Record<string, unknown>, tensors: Tensors): ModelConfig {
  const architecture = String(metadata['general.architecture'] ?? 'none');
  const known = architectures[architecture];
  const optional = (key: string) => numberAt(path, metadata, `${architecture}.${key}`);
  const required = (key: string) => optional(key) ?? missing(path, `${architecture}.${key}`, known !== undefined);
  refuseExperts(path, architecture, optional('expert_count') ?? 0);
  const hidden_size = required('embedding_length');
  const heads = required('attention.head_count');
  const token = (key: string) => numberAt(path, metadata, `tokenizer.ggml.${key}_token_id`);
  return {
    architectures: [known ?? architecture],
    model_type: architecture,
    hidden_size,
    intermediate_size: required('feed_forward_length'),
    num_hidden_layers: required('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: optional('attention.head_count_kv') ?? heads,
    head_dim: optional('attention.key_length') ?? optional('rope.dimension_count') ?? hidden_size / heads,
    vocab_size: tensors.get('model.embed_tokens.weight')?.shape[0] ?? optional('vocab_size') ?? 0,
    max_position_embeddings: required('context_length'),
    rms_norm_eps: optional('attention.layer_norm_rms_epsilon') ?? 1e-5,
    rope_theta: optional('rope.freq_base') ?? 10000,
    rope_scaling: ropeScaling(metadata, architecture),
    tie_word_embeddings: !tensors.has('lm_head.weight'),
    attention_bias: tensors.has('model.layers.0.self_attn.q_proj.bias'),
    mlp_bias: tensors.has('model.layers.0.mlp.gate_proj.bias'),
    hidden_act: 'silu',
    sliding_window: optional('attention.sliding_window') ?? null,
    bos_token_id: token('bos'),
    eos_token_id: token('eos'),
    pad_token_id: token('padding'),
  };
}

/** Mixtral and its like are stored as `llama` too. */
function refuseExperts(path: string, architecture: string, experts: number): void {
  if (experts === 0 || !architectures[architecture]) return;
  const got = `${architecture} with ${experts} experts`;
  throw problem('ARCHITECTURE_UNSUPPORTED', { where: path, expected: `${architecture} without experts`, got });
}

function numberAt(path: string, metadata: Record<string, unknown>, key: string): number | undefined {
  const value = metadata[key];
  if (value === undefined || typeof value === 'number') return value;
  if (Array.isArray(value) && value.length > 0 && value.every((item) => item === value[0])) return Number(value[0]);
  const got = Array.isArray(value) ? 'one that differs by layer' : JSON.stringify(value);
  throw problem('ARCHITECTURE_UNSUPPORTED', { where: path, expected: `one number as ${key}`, got });
}

function missing(path: string, key: string, matters: boolean): number {
  if (matters) throw damaged(path, `metadata ${key}`, 'none');
  return 0;
}

function ropeScaling(metadata: Record<string, unknown>, architecture: string): ModelConfig['rope_scaling'] {
  const type = metadata[`${architecture}.rope.scaling.type`];
  if (type === undefined || type === 'none') return null;
  return {
    rope_type: type,
    factor: metadata[`${architecture}.rope.scaling.factor`],
    original_max_position_embeddings: metadata[`${architecture}.rope.scaling.original_context_length`],
  };
}
