import path from 'node:path';
import type { LoadedConfig } from '../config/load.js';
import { type Composition, composePlugins } from '../container/compose.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import { RunContainer } from '../container/run-container.js';
import { ADAPTER, CONFIG_FOLDER, LOGGER, RANDOM, RUN_FOLDER } from '../container/tokens.js';
import type { BenchmarkData } from '../contracts/benchmark.js';
import type { Observer } from '../contracts/observer.js';
import type { Logger } from '../logger.js';
import { MetricsFile } from '../report/metrics-file.js';
import type { Participants } from '../training/participants.js';
import { seededRandom } from '../training/random.js';
import { trainSequence } from '../training/sequence.js';
import type { Progress } from '../weights/progress.js';
import { checkData } from './check-data.js';
import { type OpenModel, openModel } from './open-model.js';
import { PhaseClock } from './phase-clock.js';
import { RunDirectory } from './run-directory.js';
import { RunRecord } from './run-record.js';

/** A run as the command line asks for it. */
export interface RunRequest {
  readonly loaded: LoadedConfig;
  /** The run directory, absolute. */
  readonly folder: string;
  /** Beside those of the config. */
  readonly observers: readonly Observer[];
  readonly logger: Logger;
  /** Told while a model is fetched. */
  readonly progress?: Progress;
}

/**
 * Runs a config from beginning to end. Config, plugins, options, data and model are checked in this order, each before
 * anything costlier; the run directory is made when all of them have passed.
 * @throws PalimpsestError whatever a part of the run throws
 */
export async function runConfig(request: RunRequest): Promise<void> {
  const { loaded } = request;
  const clock = new PhaseClock();
  const directory = new RunDirectory(request.folder);
  directory.assertFree();
  const plugins = await composePlugins(loaded, new PluginRegistry());
  const container = runContainer(request);
  try {
    const data = await clock.time('data', () => container.create(plugins.benchmark).load());
    checkData(data, plugins.benchmark.manifest.name);
    const { progress } = request;
    const model = await clock.time('load', () => openModel(plugins.backbone, { container, loaded, progress }));
    try {
      const participants = createParticipants(container, plugins, model);
      const configured = plugins.observers.map((plugin) => container.create(plugin));
      const observers = [new MetricsFile(directory), ...request.observers, ...configured];
      await clock.time('load', () => model.backbone.load());
      const record = new RunRecord({
        plugins,
        data,
        model,
        adapter: participants.adapter,
        directory,
        observers,
        clock,
      });
      await train({ request, data, model, participants, observers, record });
    } finally {
      await model.source.close();
    }
  } finally {
    await container.dispose();
  }
}

function runContainer({ loaded, folder, logger }: RunRequest): RunContainer {
  const container = new RunContainer();
  container.provide(CONFIG_FOLDER, loaded.folder);
  container.provide(RUN_FOLDER, path.resolve(folder));
  container.provide(RANDOM, seededRandom(loaded.config.seed));
  container.provide(LOGGER, logger);
  return container;
}

function createParticipants(container: RunContainer, plugins: Composition, { backbone }: OpenModel): Participants {
  const adapter = container.create(plugins.adapter);
  container.provide(ADAPTER, adapter);
  return {
    backbone,
    adapter,
    regularizers: plugins.regularizers.map((plugin) => ({
      name: plugin.manifest.name,
      regularizer: container.create(plugin),
    })),
    interventions: plugins.interventions.map((plugin) => ({
      name: plugin.manifest.name,
      intervention: container.create(plugin),
    })),
  };
}

interface Training {
  readonly request: RunRequest;
  readonly data: BenchmarkData;
  readonly model: OpenModel;
  readonly participants: Participants;
  readonly observers: readonly Observer[];
  readonly record: RunRecord;
}

async function train({ request, data, model, participants, observers, record }: Training): Promise<void> {
  const { config } = request.loaded;
  const summaries = await trainSequence({
    ...participants,
    data,
    observers: [...observers, record],
    tokenizer: model.tokenizer,
    random: seededRandom(config.seed),
    settings: config.training,
    betweenTasks: (row, task) => record.betweenTasks(row, task),
  });
  record.finish(summaries);
}
