import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { problem } from '../errors.js';
import { readHuggingFaceConfig } from './huggingface-config.js';
import { readJson } from './json-file.js';
import { openSafetensors, type SafetensorsFile } from './safetensors.js';
import type { TensorInfo, WeightSource } from './source.js';
import { damaged } from './tensor-file.js';

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens a Hugging Face folder: config.json and model.safetensors, or the shards of model.safetensors.index.json.
 * @throws PalimpsestError MODEL_FILE
 */
export async function openHuggingFace(folder: string): Promise<WeightSource> {
  const config = await readHuggingFaceConfig(join(folder, 'config.json'));
  const index = join(folder, 'model.safetensors.index.json');
  const places = existsSync(index) ? await shardedTensors(folder, index) : await oneFile(folder);
  const tensors = new Map([...places].map(([name, { info }]) => [name, info]));
  const files = new Set([...places.values()].map(({ file }) => file));
  return {
    path: folder,
    config,
    tensors,
    read: async (name) => {
      const place = places.get(name);
      if (!place) throw problem('TENSOR_INVALID', { where: folder, expected: `tensor ${name}`, got: 'none' });
      return place.file.read(name);
    },
    close: async () => {
      await Promise.all([...files].map((file) => file.close()));
    },
  };
}

/** Where each tensor is. */
type Places = ReadonlyMap<string, { readonly file: SafetensorsFile; readonly info: TensorInfo }>;

async function oneFile(folder: string): Promise<Places> {
  const path = join(folder, 'model.safetensors');
  if (!existsSync(path)) throw damaged(folder, 'model.safetensors or model.safetensors.index.json', 'neither');
  const file = await openSafetensors(path);
  return new Map([...file.tensors].map(([name, info]) => [name, { file, info }]));
}

async function shardedTensors(folder: string, index: string): Promise<Places> {
  const { weight_map } = await readJson(index, indexSchema, 'MODEL_FILE');
  const shards = new Map<string, SafetensorsFile>();
  try {
    for (const name of new Set(Object.values(weight_map))) shards.set(name, await openShard(folder, index, name));
    const entries = Object.entries(weight_map).map(([name, shard]) => {
      const file = shards.get(shard)!;
      const info = file.tensors.get(name);
      if (!info) throw damaged(`${index}: ${name}`, `the tensor in ${shard}`, 'none');
      return [name, { file, info }] as const;
    });
    return new Map(entries);
  } catch (error) {
    await Promise.all([...shards.values()].map((file) => file.close()));
    throw error;
  }
}

function openShard(folder: string, index: string, name: string): Promise<SafetensorsFile> {
  if (basename(name) !== name || name.includes('\\') || !name.endsWith('.safetensors')) {
    throw damaged(index, 'plain names of .safetensors files as shards', JSON.stringify(name));
  }
  return openSafetensors(join(folder, name));
}
