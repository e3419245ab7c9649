import { existsSync } from 'node:fs';
import path from 'node:path';
import { problem } from '../errors.js';

/** Files that a benchmark is about to read. */
export interface DataSource {
  /** What the names are relative to, itself relative to the reader's folder; left out: that folder. */
  readonly folder?: string;
  readonly files: readonly string[];
  /** Where they are published, in words; left out for a user's own files. */
  readonly from?: string;
}

interface MissingFile {
  /** Absolute. */
  readonly file: string;
  /** Absolute, of its source. */
  readonly folder?: string;
  readonly from?: string;
}

/**
 * Refuses sources of which files are not there, naming all of them at once and where they come from.
 * @param base what folders and names are relative to
 * @throws PalimpsestError DATA_FILE
 */
export function assertThere(base: string, sources: readonly DataSource[]): void {
  const missing = sources.flatMap((source) => missingOf(base, source));
  if (missing.length === 0) return;
  const origins = [...new Set(missing.flatMap(({ from }) => from ?? []))].join(', and from ');
  const remedy = origins ? `They come from ${origins}; docs/data.md tells how to get them.` : undefined;
  throw problem('DATA_FILE', { ...named(missing), remedy });
}

function missingOf(base: string, { folder, files, from }: DataSource): MissingFile[] {
  const absolute = folder === undefined ? undefined : path.resolve(base, folder);
  return [...new Set(files.map((file) => path.resolve(absolute ?? base, file)))]
    .filter((file) => !existsSync(file))
    .map((file) => ({ file, folder: absolute, from }));
}

/** One file by itself; several by the folder of the first one, and their places in it. */
function named(missing: readonly MissingFile[]): { where: string; expected: string; got: string } {
  const [{ file, folder }] = missing;
  if (missing.length === 1) return { where: file, expected: 'a file that can be read', got: 'none' };
  const files = missing.map((one) =>
    folder !== undefined && one.file.startsWith(folder + path.sep) ? path.relative(folder, one.file) : one.file,
  );
  return { where: folder ?? file, expected: `${missing.length} files`, got: `none of ${byFolder(files).join(', ')}` };
}

/** Paths, those of one folder and one ending as `folder/{one,other}.json`. */
function byFolder(files: readonly string[]): string[] {
  const groups = new Map<string, path.ParsedPath[]>();
  for (const parsed of files.map((file) => path.parse(file))) {
    const key = JSON.stringify([parsed.dir, parsed.ext]);
    groups.set(key, [...(groups.get(key) ?? []), parsed]);
  }
  return Array.from(groups.values(), (group) => {
    const [{ dir, ext, base }] = group;
    const names = group.map(({ name }) => name).join(',');
    return path.join(dir, group.length === 1 ? base : `{${names}}${ext}`);
  });
}
