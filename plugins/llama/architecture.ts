import { type ModelConfig, type ModelSizes, problem, type TensorInfo, type WeightSource } from '../../core/index.js';

const RUNNABLE = ['llama', 'mistral', 'qwen2'];

/** Refuses by name what this backbone would compute wrongly. @throws PalimpsestError ARCHITECTURE_UNSUPPORTED */
export function checkArchitecture({ path, config }: WeightSource): void {
  const refuse = (expected: string, got: string) => problem('ARCHITECTURE_UNSUPPORTED', { where: path, expected, got });
  if (!RUNNABLE.includes(config.model_type)) {
    const named = config.architectures[0] ?? config.model_type;
    throw refuse(`model_type ${RUNNABLE.join(', ')}`, `${config.model_type} (${named})`);
  }
  if ((config.hidden_act ?? 'silu') !== 'silu') throw refuse('hidden_act silu', String(config.hidden_act));
  const windowed = windowedLayers(config);
  if (windowed > 0 && windowed < config.num_hidden_layers) {
    throw refuse('a sliding window in every layer or in none', `one in the last ${windowed} layers`);
  }
  if (config.num_attention_heads % config.num_key_value_heads !== 0) {
    const got = `${config.num_attention_heads} and ${config.num_key_value_heads}`;
    throw refuse('a number of query heads divisible by that of key/value heads', got);
  }
}

/** Sizes as the contract names them. */
export function sizesOf(config: ModelConfig, tensors: Iterable<TensorInfo>): ModelSizes {
  let parameters = 0;
  for (const { shape } of tensors) parameters += shape.reduce((product, n) => product * n, 1);
  return {
    vocabulary: config.vocab_size,
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    headWidth: config.head_dim,
    feedForward: config.intermediate_size,
    maxPositions: config.max_position_embeddings,
    parameters,
  };
}

/** How far back a token sees, in tokens, in every layer; undefined: everything. */
export function slidingWindow(config: ModelConfig): number | undefined {
  const inUse = config.model_type === 'mistral' || windowedLayers(config) > 0;
  return inUse ? (config.sliding_window ?? undefined) : undefined;
}

/** Number of layers with a window, which are the last ones (Qwen2; 28 is the default of transformers). */
function windowedLayers({ use_sliding_window, max_window_layers = 28, num_hidden_layers }: ModelConfig): number {
  return use_sliding_window ? Math.max(0, num_hidden_layers - max_window_layers) : 0;
}
