import { basename, join } from 'node:path';
import { modelsFolder } from './model-cache.js';

/** A model of the hub: `owner/name`, or one GGUF file of it: `owner/name:file.gguf`. */
export interface HubId {
  readonly repository: string;
  readonly file?: string;
}

/** Undefined if the text does not have the form of a hub id. */
export function parseHubId(text: string): HubId | undefined {
  const [, repository, file] = /^(\w[\w.-]*\/\w[\w.-]*)(?::(\w[\w.-]*\.gguf))?$/.exec(text) ?? [];
  return repository ? { repository, file } : undefined;
}

/** The cache's folder for it. Hub names hold no `--`, so that no two ids share one. */
export function hubFolder({ repository, file }: HubId): string {
  return join(modelsFolder(), 'hub', basename([repository.replace('/', '--'), file].filter(Boolean).join('--')));
}
