import { PluginRegistry } from '../container/plugin-registry.js';
import { RunContainer } from '../container/run-container.js';
import { WEIGHTS } from '../container/tokens.js';
import type { Backbone } from '../contracts/backbone.js';
import { useEngine } from '../engine/engine.js';
import type { Model } from '../evaluation/model.js';
import { openTokenizer } from '../text/tokenizer.js';
import { findModel } from '../weights/model-files.js';
import { openWeights } from '../weights/open.js';
import { readPeft } from '../weights/peft.js';
import { additionsOfPairs } from '../weights/peft-additions.js';
import type { WeightSource } from '../weights/source.js';
import { downloadProgress } from './download-progress.js';
import type { ModelOptions } from './model-options.js';

/** The backbone plugin that runs a model given without a config. */
const BACKBONE_PLUGIN = 'llama';

/**
 * Loads a model with its tokenizer and, on request, a PEFT adapter; frees everything when `use` is done.
 * @throws PalimpsestError MODEL_NOT_FOUND, MODEL_FILE, ARCHITECTURE_UNSUPPORTED, ADAPTER_INVALID, ENGINE_MISSING and others
 */
export async function withModel(
  { model: reference, adapter, engine }: Pick<ModelOptions, 'model' | 'adapter' | 'engine'>,
  use: (model: Model) => Promise<void>,
): Promise<void> {
  await useEngine(engine);
  const peft = adapter === undefined ? undefined : await readPeft(adapter);
  const files = await findModel(reference, { progress: downloadProgress() });
  const tokenizer = await openTokenizer(files);
  const source = await openWeights(files);
  const container = new RunContainer();
  try {
    const backbone = await createBackbone(container, { source, model: reference });
    const loaded = peft && additionsOfPairs(peft.pairs, backbone.linearSites, adapter as string);
    await backbone.load();
    await use({ backbone, tokenizer, additions: loaded?.additions });
    loaded?.dispose();
  } finally {
    await container.dispose();
    await source.close();
  }
}

async function createBackbone(
  container: RunContainer,
  { source, model }: { source: WeightSource; model: string },
): Promise<Backbone> {
  const manifest = await new PluginRegistry().find(BACKBONE_PLUGIN);
  const options = manifest.options.parse({ model });
  container.provide(WEIGHTS, source);
  return container.create({ manifest, contract: 'backbone', use: BACKBONE_PLUGIN, options, path: ['backbone'] });
}
