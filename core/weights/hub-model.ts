import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListFileEntry } from '@huggingface/hub';
import { problem } from '../errors.js';
import { gitIdOf, sha256Of } from './checksum.js';
import { appendBlob } from './download.js';
import { listRepository, openRemoteFile, reason } from './hub.js';
import { type HubId, hubFolder } from './hub-id.js';
import { markVerified } from './model-cache.js';
import type { Progress } from './progress.js';

/** What is fetched of a repository beside its weights. */
const sideFiles = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
];

/**
 * Fetches a model of the hub into the cache: config, tokenizer and safetensors, or one GGUF file. Goes on where an
 * interrupted call stopped; every file is verified by the checksum that the hub lists.
 * @throws PalimpsestError MODEL_NOT_FOUND, MODEL_DOWNLOAD
 */
export async function fetchHubModel(id: HubId, progress: Progress = () => {}): Promise<void> {
  const entries = wanted(id, await listRepository(id.repository));
  const folder = hubFolder(id);
  await mkdir(folder, { recursive: true });
  const sums: Record<string, string | undefined> = {};
  for (const entry of entries) {
    await fetchFile(id.repository, entry, folder, progress);
    sums[entry.path] = entry.lfs?.oid;
  }
  await markVerified(folder, sums);
}

/** The files to fetch: the one named, else config, tokenizer and safetensors, else the only GGUF file. */
function wanted({ repository, file }: HubId, entries: readonly ListFileEntry[]): ListFileEntry[] {
  const plain = entries.filter(({ path }) => /^\w[\w.-]*$/.test(path));
  const names = plain.map(({ path }) => path);
  if (!file && names.includes('config.json')) {
    const weights = names.filter((name) => weightsPattern(names).test(name));
    if (weights.length > 0) return plain.filter(({ path }) => sideFiles.includes(path) || weights.includes(path));
  }
  const ggufs = names.filter((name) => name.endsWith('.gguf'));
  const chosen = plain.find(({ path }) => path === (file ?? (ggufs.length === 1 ? ggufs[0] : undefined)));
  if (chosen) return [chosen];
  const expected = file ?? 'config.json with model.safetensors or its shards, or one GGUF file';
  const got = ggufs.length > 0 ? `GGUF files ${ggufs.join(', ')}` : 'neither';
  const remedy = ggufs.length > 0 ? `Name one of them, for example ${repository}:${ggufs[0]}` : undefined;
  throw problem('MODEL_NOT_FOUND', { where: repository, expected, got, remedy });
}

function weightsPattern(names: readonly string[]): RegExp {
  const sharded = names.includes('model.safetensors.index.json');
  return sharded ? /^model(-\d+-of-\d+\.safetensors|\.safetensors\.index\.json)$/ : /^model\.safetensors$/;
}

async function fetchFile(repository: string, entry: ListFileEntry, folder: string, progress: Progress): Promise<void> {
  const target = join(folder, entry.path);
  if (await hasSum(target, entry)) return;
  const part = `${target}.${(entry.lfs?.oid ?? entry.oid ?? '').slice(0, 16)}.part`;
  const blob = await openRemoteFile(repository, entry.path);
  const where = `${repository}: ${entry.path}`;
  await appendBlob(blob, part, (done) => progress(entry.path, done, blob.size)).catch((error: unknown) => {
    throw problem('MODEL_DOWNLOAD', { where, got: reason(error) });
  });
  if (!(await hasSum(part, entry))) {
    await rm(part, { force: true });
    const expected = `checksum ${entry.lfs?.oid ?? entry.oid}`;
    throw problem('MODEL_DOWNLOAD', { where, expected, got: 'another one; the file was removed' });
  }
  await rename(part, target);
}

/** Whether a file is there with the size and checksum that the hub lists: SHA-256 for large files, git's id for small. */
async function hasSum(path: string, { size, lfs, oid }: ListFileEntry): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  if (there?.size !== size) return false;
  return lfs ? (await sha256Of(path)) === lfs.oid : (await gitIdOf(path)) === oid;
}
