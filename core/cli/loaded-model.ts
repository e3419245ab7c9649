import { PluginRegistry } from '../container/plugin-registry.js';
import { RunContainer } from '../container/run-container.js';
import { useEngine } from '../engine/engine.js';
import type { Model } from '../evaluation/model.js';
import { openParts } from '../run/open-model.js';
import { findModel } from '../weights/model-files.js';
import { readPeftPairs } from '../weights/peft.js';
import { additionsOfPairs, type LoadedAdditions } from '../weights/peft-additions.js';
import { downloadProgress } from './download-progress.js';
import type { ModelOptions } from './model-options.js';

/** The backbone plugin that runs a model given without a config. */
const BACKBONE_PLUGIN = 'llama';

/** What to load. */
export interface ModelChoice extends Pick<ModelOptions, 'model' | 'engine'> {
  /** PEFT folders, whose additions add up. */
  readonly adapter?: string | readonly string[];
}

/**
 * Loads a model with its tokenizer and, on request, PEFT adapters; frees everything when `use` is done.
 * @throws PalimpsestError MODEL_NOT_FOUND, MODEL_FILE, ARCHITECTURE_UNSUPPORTED, ADAPTER_INVALID, ENGINE_MISSING and others
 */
export async function withModel(
  { model: reference, adapter = [], engine }: ModelChoice,
  use: (model: Model) => Promise<void>,
): Promise<void> {
  const engineInfo = await useEngine(engine);
  const folders = typeof adapter === 'string' ? [adapter] : adapter;
  const pairs = await readPeftPairs(folders);
  const files = await findModel(reference, { progress: downloadProgress() });
  const manifest = await new PluginRegistry().find(BACKBONE_PLUGIN);
  const options = manifest.options.parse({ model: reference });
  const plugin = { manifest, contract: 'backbone', use: BACKBONE_PLUGIN, options, path: ['backbone'] } as const;
  const container = new RunContainer();
  let loaded: LoadedAdditions | undefined;
  try {
    const { source, tokenizer, backbone } = await openParts(plugin, { container, files, engine: engineInfo });
    try {
      loaded = additionsOfPairs(pairs, backbone.linearSites, folders.join(' + '));
      await backbone.load();
    } finally {
      await source.close();
    }
    await use({ backbone, tokenizer, additions: loaded.additions });
  } finally {
    loaded?.dispose();
    await container.dispose();
  }
}
