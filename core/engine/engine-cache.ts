import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../weights/model-cache.js';

/** The two builds of the TensorFlow library. */
export type Flavour = 'cpu' | 'cuda';

/** What an installation wrote down once its test product had passed. */
export interface InstallationRecord {
  readonly flavour: Flavour;
  /** Version of the TensorFlow library. */
  readonly tensorflow: string;
  /** Version of the npm package whose sources were compiled. */
  readonly tfjs: string;
  /** Node-API level that they were compiled for. */
  readonly nodeApi: number;
}

/** A finished installation in the cache. */
export interface InstalledEngine extends InstallationRecord {
  /** The cache entry: libraries, headers and addon. */
  readonly folder: string;
  /** The compiled addon. */
  readonly addon: string;
}

/** Start of every cache entry's name. */
const ENTRY = 'tensorflow-';
/** The record lies beside the addon and is written last. */
const RECORD = 'installed.json';
const ADDON = 'tfjs_binding.node';

/** Folder of the installed native engines. */
export function enginesFolder(): string {
  return path.join(cacheFolder(), 'engines');
}

/** The cache entry of one build of the library on this kind of machine. */
export function entryFolder(flavour: Flavour, tensorflow: string): string {
  return path.join(enginesFolder(), `${ENTRY}${flavour}-${tensorflow}-${process.platform}-${process.arch}`);
}

/** Every entry there is, finished or not. */
export function entryFolders(): string[] {
  const root = enginesFolder();
  if (!existsSync(root)) return [];
  const names = readdirSync(root).filter((name) => name.startsWith(ENTRY));
  return names.map((name) => path.join(root, name)).filter((entry) => statSync(entry).isDirectory());
}

/** Where an entry keeps the addon compiled from a version of the npm package, and its record. */
export function addonPlace(entry: string, tfjs: string, nodeApi: number) {
  const folder = path.join(entry, `addon-${tfjs}-napi-v${nodeApi}`);
  return { folder, addon: path.join(folder, ADDON), record: path.join(folder, RECORD) };
}

/** Every finished installation, the latest first. */
export function installedEngines(): InstalledEngine[] {
  return entryFolders()
    .flatMap((entry) => readdirSync(entry).map((name) => path.join(entry, name, RECORD)))
    .filter((record) => existsSync(record) && existsSync(path.join(path.dirname(record), ADDON)))
    .map((record) => ({ record, time: statSync(record).mtimeMs }))
    .sort((a, b) => b.time - a.time)
    .map(({ record }) => readRecord(record));
}

function readRecord(record: string): InstalledEngine {
  const folder = path.dirname(record);
  const written = JSON.parse(readFileSync(record, 'utf8')) as InstallationRecord;
  return { ...written, folder: path.dirname(folder), addon: path.join(folder, ADDON) };
}
