import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type ErrorCode, PalimpsestError } from '../../core/errors.js';

/** A folder of the calling test file's own, removed after its tests. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-weights-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Expects a PalimpsestError of a code whose line holds every one of the words. */
export async function expectProblem(work: Promise<unknown>, code: ErrorCode, ...words: string[]): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, `expected ${code}, nothing was thrown`).toBeInstanceOf(PalimpsestError);
  const { message } = error as PalimpsestError;
  expect(message).toContain(`[${code}]`);
  for (const word of words) expect(message).toContain(word);
  expect(message).not.toContain('\n');
}
