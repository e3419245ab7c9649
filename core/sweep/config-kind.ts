import { readConfigFile } from '../config/config-file.js';
import { problem } from '../errors.js';

/** What a config file may be of, and the command that takes it. */
const commands = { run: 'run', grid: 'sweep', search: 'search' } as const;

export type ConfigKind = keyof typeof commands;

/** What a config file is of. @throws PalimpsestError CONFIG_FILE */
export function kindOf(file: string): ConfigKind {
  const { value } = readConfigFile(file);
  if (!('base' in value)) return 'run';
  return 'search' in value ? 'search' : 'grid';
}

/**
 * Refuses a grid or a search that is for another command, naming that. What looks like a run's config may be a grid with a misspelt key:
 * its own check tells more. @throws PalimpsestError USAGE, CONFIG_FILE
 */
export function assertKind(file: string, expected: ConfigKind): void {
  const got = kindOf(file);
  if (got === expected || got === 'run') return;
  throw problem('USAGE', {
    ...{ where: file, expected: `the config of a ${expected}`, got: `that of a ${got}` },
    remedy: `Run \`palimpsest ${commands[got]} ${file}\`.`,
  });
}
