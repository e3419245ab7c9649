import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { knownModels } from './known-models.js';
import { modelsFolder } from './model-cache.js';
import { cachedModel, type ModelFiles } from './model-files.js';

export interface ListedModel {
  /** What findModel takes: a known name or a hub id. */
  readonly reference: string;
  /** Known names only. */
  readonly summary?: string;
  /** Undefined where it has yet to be fetched. */
  readonly files?: ModelFiles;
}

/** The known names, then what the cache holds of the hub. */
export function listModels(): ListedModel[] {
  const known = knownModels.map(({ name, summary }) => ({ reference: name, summary, files: cachedModel(name) }));
  const fetched = hubFolders().map((folder) => {
    const [owner, name, file] = folder.split('--');
    const reference = `${owner}/${name}${file ? `:${file}` : ''}`;
    return { reference, files: cachedModel(reference) };
  });
  return [...known, ...fetched.filter(({ files }) => files)];
}

function hubFolders(): string[] {
  try {
    return readdirSync(join(modelsFolder(), 'hub')).sort();
  } catch {
    return [];
  }
}
