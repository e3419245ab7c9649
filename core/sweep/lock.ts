import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
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
  for (;;) {
    try {
      const descriptor = openSync(file, 'wx');
      writeSync(descriptor, JSON.stringify(own));
      closeSync(descriptor);
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = holderOf(file);
    if (holder && (holder.host !== own.host || isAlive(holder.pid))) return { holder };
    rmSync(file, { force: true });
  }
}

/** Waits until the lock's holder is gone, for at most `patience` seconds; then it is taken over. */
export async function waitForLock(file: string, patience: number): Promise<() => void> {
  const end = performance.now() + 1000 * patience;
  for (;;) {
    const taken = takeLock(file);
    if ('release' in taken) return taken.release;
    if (performance.now() > end) rmSync(file, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Undefined where there is no lock, or one that its maker had not written yet when it died. */
function holderOf(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
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
