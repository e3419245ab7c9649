import { mkdir, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PalimpsestError, problem } from '../errors.js';

/**
 * Fills a temporary folder and gives it the name wanted once it is complete, replacing what had that name.
 * @throws PalimpsestError OUTPUT_WRITE
 */
export async function writeFolder(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const target = resolve(folder);
  const temporary = `${target}.${process.pid}.tmp`;
  const old = `${target}.${process.pid}.old`;
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    const replaced = await moveAside(target, old);
    await rename(temporary, target);
    if (replaced) await rm(old, { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (error instanceof PalimpsestError) throw error;
    throw problem('OUTPUT_WRITE', { where: folder, got: error instanceof Error ? error.message : String(error) });
  }
}

async function moveAside(folder: string, old: string): Promise<boolean> {
  return rename(folder, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
