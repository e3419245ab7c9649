import { existsSync, readFileSync } from 'node:fs';
import { problem } from '../errors.js';

/**
 * The lines of a file of JSON lines; none where it is not there. A last line that was cut off is left out.
 * @throws PalimpsestError CHECKPOINT_INVALID for another line that is not JSON
 */
export function jsonLinesOf<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map((line, i) => {
    try {
      return JSON.parse(line) as T;
    } catch (error) {
      const where = `${file}, line ${i + 1}`;
      throw problem('CHECKPOINT_INVALID', { where, expected: 'JSON', got: (error as Error).message });
    }
  });
}
