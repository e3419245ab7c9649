import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the benchmarks' own files lie, if they are there: a folder beside the repository, seen from its root. */
const PLACE = '../shared/data';
const folder = fileURLToPath(new URL(`../${PLACE}`, import.meta.url));

/** Why tests on the benchmarks' own files are left out; undefined where they are there. */
export const noData = existsSync(folder) ? undefined : `needs the benchmarks' files in ${PLACE}`;

/** A title that says why its tests are left out, if they are. */
export function titled(title: string): string {
  return noData ? `${title} (skipped: ${noData})` : title;
}

/** A folder of the benchmarks' own files. */
export const realData = (...names: string[]): string => join(folder, ...names);
