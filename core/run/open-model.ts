import type { LoadedConfig } from '../config/load.js';
import type { ComposedPlugin } from '../container/compose.js';
import type { RunContainer } from '../container/run-container.js';
import { BACKBONE, MODEL, TOKENIZER, WEIGHTS } from '../container/tokens.js';
import type { Backbone } from '../contracts/backbone.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { type EngineInfo, useEngine } from '../engine/engine.js';
import { assertFits } from '../engine/memory.js';
import { PalimpsestError, problem } from '../errors.js';
import { openTokenizer } from '../text/tokenizer.js';
import { findModel, type ModelFiles } from '../weights/model-files.js';
import { openWeights } from '../weights/open.js';
import type { Progress } from '../weights/progress.js';
import type { WeightSource } from '../weights/source.js';
import type { PhaseClock } from './phase-clock.js';

/** A run's model: found, opened and known to the container, its weights not read yet. */
export interface OpenModel {
  readonly engine: EngineInfo;
  readonly files: ModelFiles;
  readonly source: WeightSource;
  readonly tokenizer: Tokenizer;
  readonly backbone: Backbone;
}

/** What a run opens its model with. */
interface OpeningParts {
  readonly container: RunContainer;
  readonly loaded: LoadedConfig;
  readonly clock: PhaseClock;
  readonly progress?: Progress;
}

/**
 * Starts the engine, finds the model that the backbone's option `model` names, and builds the backbone over it.
 * @throws PalimpsestError ENGINE_*, MODEL_*, ARCHITECTURE_UNSUPPORTED, MEMORY_TOO_SMALL, TOKENIZER_UNSUPPORTED, PLUGIN_MANIFEST
 */
export async function openModel(
  plugin: ComposedPlugin<'backbone'>,
  { container, loaded, clock, progress }: OpeningParts,
): Promise<OpenModel> {
  const engine = await clock.time('engine', () => useEngine(loaded.config.engine));
  return clock.time('model', async () => {
    const files = await findConfiguredModel(plugin, loaded, progress);
    return { engine, files, ...(await openParts(plugin, { container, files, engine })) };
  });
}

/**
 * Finds the model that a backbone's option `model` names.
 * @throws PalimpsestError MODEL_*, naming the place in the config where it is not there, PLUGIN_MANIFEST
 */
export async function findConfiguredModel(
  { manifest, options, path }: ComposedPlugin<'backbone'>,
  { folder, origin }: LoadedConfig,
  progress?: Progress,
): Promise<ModelFiles> {
  const { model } = options;
  if (typeof model !== 'string') {
    const where = `plugin "${manifest.name}"`;
    throw problem('PLUGIN_MANIFEST', { where, expected: 'a backbone with an option `model`', got: 'none' });
  }
  try {
    return await findModel(model, { folder, progress });
  } catch (error) {
    if (!(error instanceof PalimpsestError) || error.code !== 'MODEL_NOT_FOUND') throw error;
    const where = `${origin.where([...path, 'model'])}, ${error.details.where ?? model}`;
    throw problem('MODEL_NOT_FOUND', { ...error.details, where });
  }
}

/**
 * Opens a model's files and builds the backbone over them, its weights not read yet; the container knows both.
 * @throws PalimpsestError MODEL_FILE, ARCHITECTURE_UNSUPPORTED, MEMORY_TOO_SMALL, TOKENIZER_UNSUPPORTED
 */
export async function openParts(
  plugin: ComposedPlugin<'backbone'>,
  { container, files, engine }: { container: RunContainer; files: ModelFiles; engine: EngineInfo },
): Promise<Pick<OpenModel, 'source' | 'tokenizer' | 'backbone'>> {
  const source = await openWeights(files);
  try {
    container.provide(WEIGHTS, source);
    const backbone = container.create(plugin);
    container.provide(BACKBONE, backbone);
    container.provide(MODEL, files.reference);
    const weights = backbone.memory?.({ rows: 0, length: 0, adapted: [] }).weights;
    assertFits({ parameters: backbone.sizes.parameters, weights, engine: engine.name, what: files.path });
    const tokenizer = await openTokenizer(files, source.metadata);
    container.provide(TOKENIZER, tokenizer);
    return { source, tokenizer, backbone };
  } catch (error) {
    await source.close();
    throw error;
  }
}
