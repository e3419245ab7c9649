import { z } from 'zod';
import type { LowRankPair } from '../contracts/adapter.js';
import { problem } from '../errors.js';
import { readJson } from './json-file.js';

/** Absent, false, or empty. */
const off = z
  .unknown()
  .refine((value) => !value || (typeof value === 'object' && Object.keys(value).length === 0), 'must be off')
  .optional();

/** A pattern's keys are taken as module paths or their ends, not as regular expressions. */
const pattern = z.record(z.string().regex(/^[\w.]+$/, 'must be a module path'), z.number().positive()).nullish();

/** adapter_config.json of the LoRA adapters that can be read; a variant that computes something else is refused. */
const configSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.union([z.array(z.string()), z.string()]),
  use_rslora: z.boolean().nullish(),
  rank_pattern: pattern,
  alpha_pattern: pattern,
  bias: z.literal('none').nullish(),
  init_lora_weights: z.union([z.boolean(), z.enum(['gaussian', 'orthogonal', 'eva'])]).nullish(),
  alora_invocation_tokens: off,
  arrow_config: off,
  fan_in_fan_out: off,
  layer_replication: off,
  lora_bias: off,
  modules_to_save: off,
  target_parameters: off,
  trainable_token_indices: off,
  use_bdlora: off,
  use_dora: off,
  use_qalora: off,
});

export type PeftConfig = z.infer<typeof configSchema>;

/** @throws PalimpsestError ADAPTER_INVALID */
export function readPeftConfig(path: string): Promise<PeftConfig> {
  return readJson(path, configSchema, 'ADAPTER_INVALID');
}

/** Rank that the config gives a site. */
export function rankAt(config: PeftConfig, site: string): number {
  return patternAt(config.rank_pattern, site) ?? config.r;
}

/** alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (Kalajdzievski 2023, arXiv 2312.03732). */
export function scaleAt(config: PeftConfig, site: string): number {
  const rank = rankAt(config, site);
  const alpha = patternAt(config.alpha_pattern, site) ?? config.lora_alpha;
  return alpha / (config.use_rslora ? Math.sqrt(rank) : rank);
}

function patternAt(values: Readonly<Record<string, number>> | null | undefined, site: string): number | undefined {
  return Object.entries(values ?? {}).find(([key]) => site === key || site.endsWith(`.${key}`))?.[1];
}

export interface PeftDescription {
  readonly pairs: readonly LowRankPair[];
  /** What PEFT records as the base model: a path, hub id or name. */
  readonly baseModel?: string;
}

/** adapter_config.json for these pairs: ranks and scales that differ from the first pair's go into the patterns. */
export function peftConfig({ pairs, baseModel }: PeftDescription): Record<string, unknown> {
  if (pairs.length === 0) throw problem('ADAPTER_INVALID', { expected: 'at least one low-rank pair', got: 'none' });
  const r = pairs[0].rank;
  const lora_alpha = pairs[0].scale * r;
  const alphaOf = (pair: LowRankPair) => pair.scale * pair.rank;
  const otherRanks = pairs.filter((pair) => pair.rank !== r);
  const otherAlphas = pairs.filter((pair) => Math.abs(alphaOf(pair) - lora_alpha) > 1e-9 * lora_alpha);
  return {
    alpha_pattern: Object.fromEntries(otherAlphas.map((pair) => [pair.site, alphaOf(pair)])),
    base_model_name_or_path: baseModel ?? null,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r,
    rank_pattern: Object.fromEntries(otherRanks.map((pair) => [pair.site, pair.rank])),
    target_modules: targetModules(pairs.map((pair) => pair.site)),
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
}

/** The sites' last parts if each of them is there in layers 0 to the last, else the sites themselves. */
function targetModules(sites: readonly string[]): string[] {
  const kinds = [...new Set(sites.map(kindOf))].sort();
  const layers = Math.max(...sites.map((site) => Number(/\.layers\.(\d+)\./.exec(site)?.[1] ?? -1))) + 1;
  return new Set(sites).size === kinds.length * layers ? kinds : [...sites];
}

/** The last part of a module path, for example `q_proj`. */
export function kindOf(site: string): string {
  return site.slice(site.lastIndexOf('.') + 1);
}
