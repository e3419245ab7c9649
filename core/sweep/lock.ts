import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';

/** Who holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
}

/**
 * Makes a lock file, or tells who holds it: a process that lives, or one of another machine, of which that cannot be told. What a
 * dead process left is taken over.
 */
export function takeLock(file: string): { readonly release: () => void } | { readonly holder: Holder } {
  const own: Holder = { pid: process.pid, host: os.hostname() };
  const ownText = JSON.stringify(own);
  for (;;) {
    if (madeWhole(file, ownText)) return { release: kept(file, ownText) };
    const text = textOf(file);
    if (text === undefined) continue;
    const holder = JSON.parse(text) as Holder;
    if (holder.host !== own.host || isAlive(holder.pid)) return { holder };
    removeStale(file, text);
  }
}

/** Seconds after which a holder touches its lock again. */
const BEAT = 30;

/** Keeps a lock's time of change young; gives what ends that and lets others in. */
function kept(file: string, ownText: string): () => void {
  const beat = setInterval(() => {
    if (textOf(file) === ownText) touch(file);
  }, 1000 * BEAT);
  beat.unref();
  return () => {
    clearInterval(beat);
    removeOwn(file, ownText);
  };
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Gone: whoever took it over knows.
  }
}

/** Makes a file with its text at once; false where there is one of the name. */
function madeWhole(file: string, text: string): boolean {
  const scratch = `${file}.${process.pid}`;
  writeFileSync(scratch, text);
  try {
    linkSync(scratch, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(scratch, { force: true });
  }
}

/** Removes a dead process's lock, and puts back what turns out to be another's who was quicker. */
function removeStale(file: string, text: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const taken = textOf(aside);
  if (taken !== undefined && taken !== text) madeWhole(file, taken);
  rmSync(aside, { force: true });
}

/** Another may have taken the lock over. */
function removeOwn(file: string, ownText: string): void {
  if (textOf(file) === ownText) rmSync(file, { force: true });
}

/**
 * Waits until the lock's holder is gone. One on another machine is taken for gone when it has not touched its lock for `patience` seconds.
 */
export async function waitForLock(file: string, patience: number): Promise<() => void> {
  for (;;) {
    const taken = takeLock(file);
    if ('release' in taken) return taken.release;
    if (taken.holder.host !== os.hostname() && untouchedFor(file) > patience) rmSync(file, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** In seconds; 0 where there is no such file any more. */
function untouchedFor(file: string): number {
  try {
    return (Date.now() - statSync(file).mtimeMs) / 1000;
  } catch {
    return 0;
  }
}

/** Undefined where there is no such file any more. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
