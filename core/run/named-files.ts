import { existsSync } from 'node:fs';
import type { ConfigPath } from '../config/config-file.js';
import type { LoadedConfig } from '../config/load.js';
import { pathsIn } from '../config/paths.js';
import type { Composition } from '../container/compose.js';
import { problem } from '../errors.js';

/** A file or folder that an option of an adapter or a method names. */
export interface NamedFile {
  /** The option's place in the config. */
  readonly place: ConfigPath;
  /** Absolute. */
  readonly file: string;
}

/** Files and folders that options of adapters and methods name, whether or not they are there. */
export function namedFiles({ adapters, regularizers, interventions }: Composition): NamedFile[] {
  return [...adapters, ...regularizers, ...interventions].flatMap(({ manifest, options, path: outer }) =>
    Array.from(pathsIn(manifest.options, options), ([option, file]) => ({
      place: [...outer, ...option.split('.')],
      file,
    })),
  );
}

/** @throws PalimpsestError CONFIG_VALUE with file and line for a file or folder that is named and not there */
export function assertFilesThere(plugins: Composition, { origin }: LoadedConfig): void {
  for (const { place, file } of namedFiles(plugins)) {
    if (existsSync(file)) continue;
    throw problem('CONFIG_VALUE', {
      where: origin.where(place),
      expected: 'a file or folder',
      got: `nothing at ${file}`,
    });
  }
}
