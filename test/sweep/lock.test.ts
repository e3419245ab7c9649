import { existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeLock, waitForLock } from '../../core/sweep/lock.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const DEAD = 2 ** 30;
const lockOf = (pid: number, host = hostname()) => JSON.stringify({ pid, host });

describe('a lock', () => {
  it('is held by one until it is given back, and leaves nothing behind', () => {
    const file = join(folder, 'one');
    const first = takeLock(file);
    expect(takeLock(file)).toEqual({ holder: { pid: process.pid, host: hostname() } });
    if ('release' in first) first.release();
    const second = takeLock(file);
    expect('release' in second).toBe(true);
    if ('release' in second) second.release();
    expect(readdirSync(folder).filter((name) => name.startsWith('one'))).toEqual([]);
  });

  it('of a dead process is taken over, of another machine it is not', () => {
    const dead = writeText(folder, 'dead', lockOf(DEAD));
    expect('release' in takeLock(dead)).toBe(true);
    expect(JSON.parse(readFileSync(dead, 'utf8')).pid).toBe(process.pid);
    const elsewhere = writeText(folder, 'elsewhere', lockOf(DEAD, 'another-machine'));
    expect(takeLock(elsewhere)).toEqual({ holder: { pid: DEAD, host: 'another-machine' } });
  });

  it('that another has taken over is not given back by its first holder', () => {
    const file = join(folder, 'taken');
    const first = takeLock(file);
    writeText(folder, 'taken', lockOf(DEAD, 'another-machine'));
    if ('release' in first) first.release();
    expect(existsSync(file)).toBe(true);
  });

  it('of a process that lives here is waited for without end', async () => {
    const file = join(folder, 'alive');
    const first = takeLock(file);
    let got: (() => void) | undefined;
    const waiting = waitForLock(file, 0).then((release) => {
      got = release;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(got).toBeUndefined();
    if ('release' in first) first.release();
    await waiting;
    expect(got).toBeDefined();
    got?.();
  });

  it('of another machine is waited for, and taken over when the patience is at an end', async () => {
    const file = writeText(folder, 'late', lockOf(DEAD, 'another-machine'));
    const release = await waitForLock(file, 0.1);
    expect(JSON.parse(readFileSync(file, 'utf8')).pid).toBe(process.pid);
    release();
    expect(existsSync(file)).toBe(false);
  });

  it('of another machine stays its own for as long as that touches it', async () => {
    const file = writeText(folder, 'touched', lockOf(DEAD, 'another-machine'));
    let got: (() => void) | undefined;
    const waiting = waitForLock(file, 0.6).then((release) => {
      got = release;
    });
    for (let times = 0; times < 10; times++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      utimesSync(file, new Date(), new Date());
    }
    expect(got).toBeUndefined();
    await waiting;
    got?.();
  });
});
