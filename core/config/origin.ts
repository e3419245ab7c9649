import path from 'node:path';
import type { ConfigFile, ConfigPath } from './config-file.js';
import type { Override } from './overrides.js';

/** Where the values of a config came from: what stands later in `extends`, in the file itself or on the command line wins. */
export class ConfigOrigin {
  private readonly main: ConfigFile;

  /** @param files in the order of merging, the config file itself last @param overrides of the command line */
  constructor(
    private readonly files: readonly ConfigFile[],
    private readonly overrides: readonly Override[] = [],
  ) {
    this.main = files[files.length - 1];
  }

  /** File and line (or command-line option) of a config path, or of the nearest thing around it, and the config path. */
  where(place: ConfigPath): string {
    const given = this.overrides.findLast(({ path: own }) => own.join('.') === place.join('.'));
    if (given) return given.name;
    return [this.nearest(place), place.join('.')].filter(Boolean).join(', ');
  }

  /** Absolute folder that a relative path written at this place is relative to: that of the file that it stands in. */
  folder(place: ConfigPath): string {
    const overridden = this.overrides.some((source) => source.locate(place));
    const file = overridden ? this.main : (this.files.findLast((source) => source.locate(place)) ?? this.main);
    return path.dirname(path.resolve(file.name));
  }

  private nearest(place: ConfigPath): string {
    const sources = [...this.files, ...this.overrides].reverse();
    for (let length = place.length; length > 0; length--) {
      for (const source of sources) {
        const found = source.locate(place.slice(0, length));
        if (found) return found;
      }
    }
    return this.main.name;
  }
}
