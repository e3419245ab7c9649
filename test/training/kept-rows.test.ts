import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeptRows } from '../../core/training/kept-rows.js';

const values = (first: number) => Float32Array.of(first, first + 1);
const ROW = values(0).byteLength;

let folder: string;
let file: string;
let rows: KeptRows;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kept-rows-'));
  file = join(folder, 'kept', 'task-1.f32');
});
afterEach(() => {
  rows.dispose();
  rmSync(folder, { recursive: true });
});

/** Puts rows `a`, `b`, `c`, ...; room for this many in memory and in the file. */
function put(count: number, memory: number, disk: number, path: string | undefined = file): void {
  rows = new KeptRows({ memory: memory * ROW, disk: disk * ROW }, path);
  for (let i = 0; i < count; i++) rows.put('abcdef'[i], values(10 * i));
}

const kept = () => [...'abcdef'].filter((key) => rows.has(key)).join('');

describe('rows that are kept', () => {
  it('stay in memory up to its bound, and no file is made', () => {
    put(3, 3, 3);
    expect(kept()).toBe('abc');
    expect(rows.get('b')).toEqual(values(10));
    expect(existsSync(file)).toBe(false);
  });

  it('go into the file beyond it, and nowhere beyond the bound of the file', () => {
    put(6, 2, 3);
    expect(kept()).toBe('abcde');
    expect(statSync(file).size).toBe(3 * ROW);
    for (const [i, key] of [...'abcde'].entries()) expect(rows.get(key)).toEqual(values(10 * i));
    expect(rows.get('f')).toBeUndefined();
  });

  it('are not kept beyond the memory where there is no file', () => {
    rows = new KeptRows({ memory: ROW, disk: 9 * ROW });
    for (const key of 'abc') rows.put(key, values(1));
    expect(kept()).toBe('a');
    expect(rows.flush()).toEqual([]);
  });

  it('are copies, and the first of their key stays', () => {
    put(0, 2, 0);
    const given = values(5);
    rows.put('a', given);
    given.fill(0);
    rows.put('a', values(7));
    expect(rows.get('a')).toEqual(values(5));
  });

  it('leave no file behind', () => {
    put(4, 1, 9);
    rows.dispose();
    expect(existsSync(file)).toBe(false);
  });
});

describe('kept rows that a checkpoint relies on', () => {
  it('are all in the file, which stays, and are there again for who goes on', () => {
    put(4, 2, 9);
    const entries = rows.flush();
    expect(entries.map(([key]) => key).join('')).toBe('abcd');
    rows.put('e', values(40));
    rows.dispose();
    expect(statSync(file).size).toBe(5 * ROW);
    rows = new KeptRows({ memory: ROW, disk: 9 * ROW }, file);
    rows.restore(JSON.parse(JSON.stringify(entries)));
    expect(statSync(file).size).toBe(4 * ROW);
    expect(kept()).toBe('abcd');
    for (const [i, key] of [...'abcd'].entries()) expect(rows.get(key)).toEqual(values(10 * i));
    rows.put('e', values(90));
    expect(rows.get('e')).toEqual(values(90));
    expect(rows.get('d')).toEqual(values(30));
  });

  it.each([0, 9])('are refused where the file is gone, with room for %d in memory', (memory) => {
    put(2, 1, 9);
    const entries = rows.flush();
    rows.dispose();
    rmSync(file);
    rows = new KeptRows({ memory: memory * ROW, disk: 9 * ROW }, file);
    expect(() => rows.restore(entries)).toThrow(/CHECKPOINT_INVALID.*task-1.f32.*16 bytes of kept passes.*got 0/);
  });

  it('are refused where the file is too short', () => {
    put(2, 0, 9);
    const entries = rows.flush();
    rows.dispose();
    truncateSync(file, ROW);
    rows = new KeptRows({ memory: 9 * ROW, disk: 0 }, file);
    expect(() => rows.restore(entries)).toThrow(/CHECKPOINT_INVALID.*task-1.f32.*16 bytes of kept passes/);
  });
});
