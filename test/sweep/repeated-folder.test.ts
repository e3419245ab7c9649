import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beginAnew } from '../../core/sweep/repeated-folder.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const [older, newer] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];

describe('the folder of repeated cells', () => {
  it('is emptied for another repetition, locks aside, and left to the same one', () => {
    const repeated = join(folder, 'one', 'repeated');
    beginAnew(repeated, older);
    writeText(repeated, 'B/A/seed-1/summary.json', '{}');
    writeText(repeated, 'sweep.lock', '{}');
    beginAnew(repeated, older);
    expect(existsSync(join(repeated, 'B/A/seed-1/summary.json'))).toBe(true);
    beginAnew(repeated, newer);
    expect(readdirSync(repeated).sort()).toEqual(['repetition', 'sweep.lock']);
  });

  it('is not emptied for an older repetition, nor where it is of something else', () => {
    const repeated = join(folder, 'two', 'repeated');
    beginAnew(repeated, newer);
    writeText(repeated, 'B/summary.json', '{}');
    expect(() => beginAnew(repeated, older)).toThrow(/QUEUE_JOB.*expected the repetition of 2026-01-02/);
    expect(() => beginAnew(join(folder, 'two'), newer)).toThrow(/QUEUE_JOB.*a folder called repeated/);
    const own = join(folder, 'three', 'repeated');
    writeText(own, 'notes.txt', 'mine');
    expect(() => beginAnew(own, newer)).toThrow(/QUEUE_JOB.*one of something else/);
    expect([existsSync(join(repeated, 'B/summary.json')), existsSync(join(own, 'notes.txt'))]).toEqual([true, true]);
  });
});
