import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { describe } from 'vitest';
import { OPTUNA } from '../../core/sweep/suggester.js';
import { writeText } from '../config/write-config.js';

/** The Python whose Optuna the tests use. */
export const python = process.env.PALIMPSEST_PYTHON ?? 'python3';

const found = spawnSync(python, ['-c', 'import optuna']).status === 0;

/** Tests that need Optuna; where there is none they are skipped, with what to install in their name. */
export function describeWithOptuna(name: string, tests: () => void): void {
  const missing = `${name}: skipped, ${python} has no Optuna (pip install optuna==${OPTUNA}, or set PALIMPSEST_PYTHON)`;
  describe.skipIf(!found)(found ? name : missing, { timeout: 120_000 }, tests);
}

/** Writes a Python that has no packages; gives its path. */
export function writeBarePython(folder: string): string {
  const file = writeText(folder, 'bare-python', '#!/bin/sh\nexec env -u PYTHONPATH python3 -S "$@"\n');
  chmodSync(file, 0o755);
  return file;
}
