import { existsSync, readdirSync, statSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { version_core } from '@tensorflow/tfjs-core';
import type { RunConfig } from '../config/schema.js';
import type { Composition } from '../container/compose.js';
import type { DataFile } from '../contracts/benchmark.js';
import type { EngineInfo } from '../engine/engine.js';
import { packageVersion } from '../version.js';
import { sha256Of } from '../weights/checksum.js';
import type { ModelFiles } from '../weights/model-files.js';
import { namedFiles } from './named-files.js';

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

/** What a run begins with: files of its directory. */
export interface RunHead {
  readonly config: RunConfig;
  readonly environment: object;
  readonly inputs: { readonly seed: number; readonly model: object; readonly data: object; readonly files: object };
}

/** What a run read. */
export interface RunInputs {
  readonly seed: number;
  readonly model: ModelFiles;
  readonly data: readonly DataFile[];
  readonly plugins: Composition;
}

/** inputs.json: the seed, and SHA-256 of everything that was read. */
export async function inputs({ seed, model, data, plugins }: RunInputs): Promise<RunHead['inputs']> {
  const { reference, path: place } = model;
  return {
    seed,
    model: { reference, path: place, sha256: await modelHashes(model) },
    data,
    files: await filesOf(plugins),
  };
}

/** SHA-256 of a model's files, by file name. */
export async function modelHashes({ kind, path: place, sha256 }: ModelFiles): Promise<Record<string, string>> {
  return kind === 'gguf' && sha256 ? { [path.basename(place)]: sha256 } : hashesOf(place);
}

/** SHA-256 of files and folders that options of adapters and methods name, by the option's place in the config. */
async function filesOf(plugins: Composition): Promise<Record<string, object>> {
  const files: Record<string, object> = {};
  for (const { place, file } of namedFiles(plugins)) {
    if (existsSync(file)) files[place.join('.')] = { path: file, sha256: await hashesOf(file) };
  }
  return files;
}

/** By file name, of a file or of the files of a folder that hold numbers and settings. */
export async function hashesOf(place: string): Promise<Record<string, string>> {
  if (!statSync(place).isDirectory()) return { [path.basename(place)]: await sha256Of(place) };
  const names = readdirSync(place).filter((name) => /\.(safetensors|json)$/.test(name));
  const hashes: Record<string, string> = {};
  for (const name of names.sort()) hashes[name] = await sha256Of(path.join(place, name));
  return hashes;
}
