import { existsSync, readFileSync } from 'node:fs';

/** The lines of a file of JSON lines; none where it is not there. A last line that was cut off is left out. */
export function jsonLinesOf<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
}
