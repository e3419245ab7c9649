import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LowRankPair } from '../contracts/adapter.js';
import { PalimpsestError, problem } from '../errors.js';
import {
  kindOf,
  type PeftConfig,
  type PeftDescription,
  peftConfig,
  rankAt,
  readPeftConfig,
  scaleAt,
} from './peft-config.js';
import { type NamedArray, readSafetensors } from './safetensors.js';
import { writeSafetensors } from './safetensors-write.js';
import { writeFolder } from './write-folder.js';

/** A LoRA adapter as PEFT stores it. */
export interface PeftAdapter {
  /** r of the config; a pair may differ from it. */
  readonly rank: number;
  /** lora_alpha of the config. */
  readonly alpha: number;
  /** Last parts of the sites' paths, for example q_proj; sorted. */
  readonly targets: readonly string[];
  /** One for each site, in the order of the file. */
  readonly pairs: readonly LowRankPair[];
}

const configFile = 'adapter_config.json';
const weightsFile = 'adapter_model.safetensors';

/** PEFT wraps the model twice: `base_model` (the adapter) and `model` (the tuner). */
const prefix = 'base_model.model.';

/** Reads a PEFT LoRA directory. @throws PalimpsestError ADAPTER_INVALID */
export async function readPeft(folder: string): Promise<PeftAdapter> {
  const config = await readPeftConfig(join(folder, configFile));
  const path = join(folder, weightsFile);
  const { tensors } = await readSafetensors(path).catch((error: unknown) => {
    if (!(error instanceof PalimpsestError)) throw error;
    throw problem('ADAPTER_INVALID', { ...error.details, remedy: undefined });
  });
  const sites = new Set([...tensors.keys()].map((key) => siteOf(path, key)));
  if (sites.size === 0) throw problem('ADAPTER_INVALID', { where: path, expected: 'low-rank pairs', got: 'none' });
  const pairs = [...sites].map((site) => readPair(path, config, tensors, site));
  const targets = [...new Set(pairs.map((pair) => kindOf(pair.site)))].sort();
  return { rank: config.r, alpha: config.lora_alpha, targets, pairs };
}

/** The pairs of several PEFT LoRA directories, one after another. @throws PalimpsestError ADAPTER_INVALID */
export async function readPeftPairs(folders: readonly string[]): Promise<LowRankPair[]> {
  return (await Promise.all(folders.map(readPeft))).flatMap(({ pairs }) => pairs);
}

/**
 * Writes a PEFT LoRA directory, whole or not at all; one that is there is replaced.
 * @throws PalimpsestError ADAPTER_INVALID for no pairs, OUTPUT_WRITE
 */
export async function writePeft(folder: string, adapter: PeftDescription): Promise<void> {
  const config = peftConfig(adapter);
  const tensors = adapter.pairs.flatMap(({ site, a, b, rank, inFeatures, outFeatures }): NamedArray[] => [
    { name: keyOf(site, 'A'), shape: [rank, inFeatures], values: a },
    { name: keyOf(site, 'B'), shape: [outFeatures, rank], values: b },
  ]);
  await writeFolder(folder, async (temporary) => {
    await writeFile(join(temporary, configFile), `${JSON.stringify(config, null, 2)}\n`);
    await writeSafetensors(join(temporary, weightsFile), tensors, { format: 'pt' });
  });
}

function keyOf(site: string, side: 'A' | 'B'): string {
  return `${prefix}${site}.lora_${side}.weight`;
}

function siteOf(path: string, key: string): string {
  const site = /^base_model\.model\.(.+)\.lora_[AB]\.weight$/.exec(key)?.[1];
  if (site) return site;
  throw problem('ADAPTER_INVALID', { where: path, expected: `tensors ${keyOf('<site>', 'A')} and B`, got: key });
}

function readPair(
  path: string,
  config: PeftConfig,
  tensors: ReadonlyMap<string, NamedArray>,
  site: string,
): LowRankPair {
  const [a, b] = [tensors.get(keyOf(site, 'A')), tensors.get(keyOf(site, 'B'))];
  const where = `${path}: ${site}`;
  if (!a || !b) throw problem('ADAPTER_INVALID', { where, expected: 'lora_A and lora_B', got: 'one of them' });
  const rank = rankAt(config, site);
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[0] !== rank || b.shape[1] !== rank) {
    const got = `[${a.shape.join(', ')}] and [${b.shape.join(', ')}]`;
    throw problem('ADAPTER_INVALID', { where, expected: `lora_A [${rank}, in] and lora_B [out, ${rank}]`, got });
  }
  const [inFeatures, outFeatures] = [a.shape[1], b.shape[0]];
  return { site, a: a.values, b: b.values, rank, inFeatures, outFeatures, scale: scaleAt(config, site) };
}
