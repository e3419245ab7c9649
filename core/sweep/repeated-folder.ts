import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { problem } from '../errors.js';

/** The folder in a sweep's own in which cells are run again. */
export const REPEATED = 'repeated';

/** Holds the name of the repetition that the folder is of. */
const NAME = 'repetition';

/**
 * Empties the folder of an earlier repetition, locks aside; what this one has begun there stays. @param folder called REPEATED
 * @throws PalimpsestError QUEUE_JOB for any other, so that nothing else is ever removed
 */
export function beginAnew(folder: string, repetition: string): void {
  if (path.basename(folder) !== REPEATED) {
    throw problem('QUEUE_JOB', { where: folder, expected: `a folder called ${REPEATED}`, got: path.basename(folder) });
  }
  const name = path.join(folder, NAME);
  if (existsSync(name) && readFileSync(name, 'utf8') === repetition) return;
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder)) {
    if (!entry.endsWith('.lock')) rmSync(path.join(folder, entry), { recursive: true, force: true });
  }
  writeFileSync(name, repetition);
}
