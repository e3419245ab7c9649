import { seededRandom } from '../training/random.js';
import type { ModelConfig, TensorInfo, WeightSource } from '../weights/source.js';

/** A two-layer Llama with 4 query and 2 key/value heads that runs in milliseconds: D = 16, V = 32. */
export const toyConfig: ModelConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 4,
  vocab_size: 32,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  rope_scaling: null,
  tie_word_embeddings: true,
  attention_bias: false,
};

/** Random weights of a toy model, all drawn from `seed`; nothing is read from disk. */
export function toyWeights(overrides: Partial<ModelConfig> = {}, seed = 7): WeightSource {
  const config = { ...toyConfig, ...overrides };
  const tensors = new Map(tensorInfos(config).map((info) => [info.name, info]));
  const random = seededRandom(seed);
  return {
    path: 'toy model',
    config,
    tensors,
    async read(name) {
      const { shape } = tensors.get(name) as TensorInfo;
      const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
      if (name.includes('norm')) return random.stream(name).fillUniform(values, 0.5, 1.5);
      const spread = shape.length === 2 && !name.includes('embed') ? Math.sqrt(3 / shape[1]) : 1;
      return random.stream(name).fillUniform(values, -spread, spread);
    },
    async close() {},
  };
}

function tensorInfos(config: ModelConfig): TensorInfo[] {
  const { hidden_size: width, intermediate_size: inner, head_dim: head } = config;
  const queries = config.num_attention_heads * head;
  const keys = config.num_key_value_heads * head;
  const info = (name: string, ...shape: number[]): TensorInfo => ({ name, shape, type: 'F32' });
  const biases = (at: string) =>
    config.attention_bias
      ? [info(`${at}.q_proj.bias`, queries), info(`${at}.k_proj.bias`, keys), info(`${at}.v_proj.bias`, keys)]
      : [];
  const layer = (at: string): TensorInfo[] => [
    info(`${at}.input_layernorm.weight`, width),
    info(`${at}.post_attention_layernorm.weight`, width),
    info(`${at}.self_attn.q_proj.weight`, queries, width),
    info(`${at}.self_attn.k_proj.weight`, keys, width),
    info(`${at}.self_attn.v_proj.weight`, keys, width),
    info(`${at}.self_attn.o_proj.weight`, width, queries),
    ...biases(`${at}.self_attn`),
    info(`${at}.mlp.gate_proj.weight`, inner, width),
    info(`${at}.mlp.up_proj.weight`, inner, width),
    info(`${at}.mlp.down_proj.weight`, width, inner),
  ];
  const layers = Array.from({ length: config.num_hidden_layers }, (_, i) => layer(`model.layers.${i}`)).flat();
  const untied = config.tie_word_embeddings ? [] : [info('lm_head.weight', config.vocab_size, width)];
  return [
    info('model.embed_tokens.weight', config.vocab_size, width),
    ...layers,
    info('model.norm.weight', width),
    ...untied,
  ];
}
