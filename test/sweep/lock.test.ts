import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

  it('is waited for, and taken over when the patience is at an end', async () => {
    const file = writeText(folder, 'late', lockOf(DEAD, 'another-machine'));
    const release = await waitForLock(file, 0.1);
    expect(JSON.parse(readFileSync(file, 'utf8')).pid).toBe(process.pid);
    release();
    expect(existsSync(file)).toBe(false);
  });
});
