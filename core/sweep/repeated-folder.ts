import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { problem } from '../errors.js';

/** The folder in a sweep's own in which cells are run again. */
export const REPEATED = 'repeated';

/** Holds the name of the repetition that the folder is of. */
const NAME = 'repetition';

/**
 * Empties the folder of an earlier repetition, locks and logs aside; what this one has begun there stays. Repetitions are named by when they
 * began. @param folder called REPEATED @throws PalimpsestError QUEUE_JOB for any other folder, one of something else, and one of a later
 * repetition: nothing of those is removed
 */
export function beginAnew(folder: string, repetition: string): void {
  const name = path.join(folder, NAME);
  const last = existsSync(name) ? readFileSync(name, 'utf8') : undefined;
  if (last === repetition) return;
  mkdirSync(folder, { recursive: true });
  const old = readdirSync(folder).filter((entry) => entry !== 'logs' && !entry.endsWith('.lock'));
  const refuse = (expected: string, got: string) =>
    problem('QUEUE_JOB', { where: folder, expected, got, remedy: 'Remove the folder, or repeat the cells anew.' });
  if (path.basename(folder) !== REPEATED) throw refuse(`a folder called ${REPEATED}`, path.basename(folder));
  if (last === undefined && old.length > 0) throw refuse('a folder of repetitions', 'one of something else');
  if (last !== undefined && last > repetition) throw refuse(`the repetition of ${last}`, `that of ${repetition}`);
  for (const entry of old) rmSync(path.join(folder, entry), { recursive: true, force: true });
  writeFileSync(name, repetition);
}
