import { z } from 'zod';
import { problem } from '../errors.js';
import { readJson } from './json-file.js';
import type { ModelConfig } from './source.js';

const count = z.number().int().positive();
const tokenId = z.number().int();
const looseObject = z.record(z.string(), z.unknown());

/** The architecture's name comes first: of one that cannot be run, nothing else is asked for. */
const nameSchema = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string(),
});

const configSchema = z.looseObject({
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  vocab_size: count,
  max_position_embeddings: count.default(2048),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: looseObject.nullish(),
  rope_parameters: looseObject.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().optional(),
  mlp_bias: z.boolean().optional(),
  hidden_act: z.string().default('silu'),
  sliding_window: count.nullish(),
  use_sliding_window: z.boolean().optional(),
  max_window_layers: z.number().int().min(0).optional(),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
  pad_token_id: tokenId.nullish(),
});

/** Of an architecture that nothing here knows: what is missing or of another kind counts as 0. */
const unknownSchema = configSchema.extend({
  hidden_size: count.catch(0),
  intermediate_size: count.catch(0),
  num_hidden_layers: count.catch(0),
  num_attention_heads: count.catch(0),
  vocab_size: count.catch(0),
});

const knownTypes: readonly string[] = ['llama', 'mistral', 'qwen2'];

/**
 * Reads config.json; what is absent gets transformers' default (`rope_parameters` of its version 5 included).
 * @throws PalimpsestError MODEL_FILE
 */
export async function readHuggingFaceConfig(path: string): Promise<ModelConfig> {
  const { architectures, model_type } = await readJson(path, nameSchema, 'MODEL_FILE');
  const schema = knownTypes.includes(model_type) ? configSchema : unknownSchema;
  const { rope_parameters, ...config } = await readJson(path, schema, 'MODEL_FILE');
  const heads = config.num_attention_heads;
  const head_dim = config.head_dim ?? (heads ? config.hidden_size / heads : 0);
  if (!Number.isInteger(head_dim) && knownTypes.includes(model_type)) {
    const expected = `hidden_size to be a multiple of ${heads} heads`;
    throw problem('MODEL_FILE', { where: `${path}: hidden_size`, expected, got: String(config.hidden_size) });
  }
  return {
    ...config,
    architectures: architectures ?? [model_type],
    model_type,
    num_key_value_heads: config.num_key_value_heads ?? heads,
    head_dim,
    rope_theta: ropeTheta(rope_parameters) ?? config.rope_theta ?? 10000,
    rope_scaling: ropeScaling(rope_parameters ?? config.rope_scaling),
    sliding_window: config.sliding_window ?? null,
    bos_token_id: config.bos_token_id ?? undefined,
    eos_token_id: config.eos_token_id ?? undefined,
    pad_token_id: config.pad_token_id ?? undefined,
  };
}

function ropeTheta(parameters: Record<string, unknown> | null | undefined): number | undefined {
  const theta = parameters?.rope_theta;
  return typeof theta === 'number' ? theta : undefined;
}

/** Rope scaling with its kind under `rope_type` (older files say `type`); null for none. */
function ropeScaling(parameters: Record<string, unknown> | null | undefined): ModelConfig['rope_scaling'] {
  if (!parameters) return null;
  const rope_type = parameters.rope_type ?? parameters.type ?? 'default';
  return rope_type === 'default' ? null : { ...parameters, rope_type };
}
