import { readdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { version_core } from '@tensorflow/tfjs-core';
import type { DataFile } from '../contracts/benchmark.js';
import type { EngineInfo } from '../engine/engine.js';
import { packageVersion } from '../version.js';
import { sha256Of } from '../weights/checksum.js';
import type { ModelFiles } from '../weights/model-files.js';

/** environment.json: what a run ran on. */
export function environment(engine: EngineInfo): object {
  return {
    palimpsest: packageVersion(),
    node: process.versions.node,
    tfjs: version_core,
    engine: engine.name,
    tensorflow: engine.tensorflow ?? null,
    threads: engine.threads,
    gpu: engine.gpu ?? null,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
  };
}

/** What a run read. */
export interface RunInputs {
  readonly seed: number;
  readonly model: ModelFiles;
  readonly data: readonly DataFile[];
}

/** inputs.json: the seed, and SHA-256 of everything that was read. */
export async function inputs({ seed, model, data }: RunInputs): Promise<object> {
  return { seed, model: { reference: model.reference, path: model.path, sha256: await modelHashes(model) }, data };
}

/** By file name. */
async function modelHashes({ kind, path: place, sha256 }: ModelFiles): Promise<Record<string, string>> {
  if (kind === 'gguf') return { [path.basename(place)]: sha256 ?? (await sha256Of(place)) };
  const names = readdirSync(place).filter((name) => /\.(safetensors|json)$/.test(name));
  const hashes: Record<string, string> = {};
  for (const name of names.sort()) hashes[name] = await sha256Of(path.join(place, name));
  return hashes;
}
