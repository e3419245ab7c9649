import { readFileSync, statSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** The folder of everything fetched: PALIMPSEST_CACHE, else palimpsest in XDG_CACHE_HOME or ~/.cache. */
export function cacheFolder(): string {
  const { PALIMPSEST_CACHE, XDG_CACHE_HOME } = process.env;
  if (PALIMPSEST_CACHE) return resolve(PALIMPSEST_CACHE);
  return join(XDG_CACHE_HOME ? resolve(XDG_CACHE_HOME) : join(homedir(), '.cache'), 'palimpsest');
}

/** Where models are kept. */
export function modelsFolder(): string {
  return join(cacheFolder(), 'models');
}

const markSchema = z.object({
  files: z.record(z.string(), z.object({ size: z.number(), modified: z.number(), sha256: z.string().optional() })),
});

/** What a folder of the cache holds, as written once everything in it was verified. */
export type VerifiedFiles = z.infer<typeof markSchema>['files'];

const markName = '.verified.json';

/** Notes that these files of a folder are complete, so that later starts need not read them through. */
export async function markVerified(
  folder: string,
  sums: Readonly<Record<string, string | undefined>>,
): Promise<VerifiedFiles> {
  const files = Object.fromEntries(
    Object.entries(sums).map(([name, sha256]) => [name, { ...stamp(join(folder, name)), sha256 }]),
  );
  const temporary = join(folder, `${markName}.${process.pid}`);
  await writeFile(temporary, JSON.stringify({ files }));
  await rename(temporary, join(folder, markName));
  return files;
}

/** The verified files of a folder; undefined if there is no mark or a file has changed since. */
export function verifiedFiles(folder: string): VerifiedFiles | undefined {
  try {
    const { files } = markSchema.parse(JSON.parse(readFileSync(join(folder, markName), 'utf8')));
    const unchanged = Object.entries(files).every(([name, { size, modified }]) => {
      const now = stamp(join(folder, name));
      return now.size === size && now.modified === modified;
    });
    return unchanged ? files : undefined;
  } catch {
    return undefined;
  }
}

function stamp(path: string): { size: number; modified: number } {
  const { size, mtimeMs } = statSync(path);
  return { size, modified: Math.round(mtimeMs) };
}
