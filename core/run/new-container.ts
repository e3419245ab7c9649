import path from 'node:path';
import type { LoadedConfig } from '../config/load.js';
import { type Made, RunContainer } from '../container/run-container.js';
import { CONFIG_FOLDER, LOGGER, RANDOM, RUN_FOLDER } from '../container/tokens.js';
import type { Logger } from '../logger.js';
import { seededRandom } from '../training/random.js';

/** What a container knows before there is a model. */
export interface ContainerParts {
  readonly loaded: LoadedConfig;
  /** The run directory; left out where nothing is run. */
  readonly folder?: string;
  readonly logger: Logger;
}

/** A container with what plugins of a config may ask for before there is a model: all that a benchmark is built of. */
export function newContainer({ loaded, folder, logger }: ContainerParts, made?: Made): RunContainer {
  const container = new RunContainer(made);
  container.provide(CONFIG_FOLDER, loaded.folder);
  container.provide(RUN_FOLDER, folder === undefined ? undefined : path.resolve(folder));
  container.provide(RANDOM, seededRandom(loaded.config.seed));
  container.provide(LOGGER, logger);
  return container;
}
