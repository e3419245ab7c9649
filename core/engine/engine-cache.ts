import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Folder that keeps what Palimpsest downloads: PALIMPSEST_CACHE, else XDG_CACHE_HOME/palimpsest, else ~/.cache/palimpsest. */
export function cacheRoot(): string {
  const { PALIMPSEST_CACHE, XDG_CACHE_HOME } = process.env;
  if (PALIMPSEST_CACHE) return path.resolve(PALIMPSEST_CACHE);
  return path.join(XDG_CACHE_HOME ? path.resolve(XDG_CACHE_HOME) : path.join(homedir(), '.cache'), 'palimpsest');
}

/** Folder of the installed native engines. */
export function enginesFolder(): string {
  return path.join(cacheRoot(), 'engines');
}

/** What an installation wrote down once its test product had passed. */
export interface InstalledEngine {
  readonly flavour: 'cpu' | 'cuda';
  readonly tensorflow: string;
  readonly tfjs: string;
  readonly nodeApi: number;
  /** Absolute path of the compiled addon; follows the cache where that is moved. */
  readonly addon: string;
  /** The cache entry that holds libraries, headers and addon. */
  readonly folder: string;
}

/** File name of the record inside an addon's folder; it is written last. */
export const RECORD_FILE = 'installed.json';

/** Folder of an addon inside a cache entry. */
export function addonFolder(entry: string, tfjs: string, nodeApi: number): string {
  return path.join(entry, `addon-${tfjs}-napi-v${nodeApi}`);
}

/** Every finished installation in the cache, the newest first. */
export function installedEngines(): InstalledEngine[] {
  const root = enginesFolder();
  if (!existsSync(root)) return [];
  const records = readdirSync(root)
    .map((name) => path.join(root, name))
    .filter((entry) => statSync(entry).isDirectory())
    .flatMap((entry) => readdirSync(entry).map((name) => path.join(entry, name, RECORD_FILE)))
    .filter((record) => existsSync(record));
  return records
    .map((record) => ({ record, time: statSync(record).mtimeMs }))
    .sort((a, b) => b.time - a.time)
    .map(({ record }) => readRecord(record))
    .filter((engine) => existsSync(engine.addon));
}

function readRecord(record: string): InstalledEngine {
  const folder = path.dirname(record);
  const written = JSON.parse(readFileSync(record, 'utf8')) as Omit<InstalledEngine, 'addon' | 'folder'>;
  return { ...written, addon: path.join(folder, 'tfjs_binding.node'), folder: path.dirname(folder) };
}
