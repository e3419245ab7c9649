import type { LoadedConfig } from '../config/load.js';
import { type Composition, composePlugins } from '../container/compose.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import type { RunContainer } from '../container/run-container.js';
import type { BenchmarkData } from '../contracts/benchmark.js';
import type { Observer } from '../contracts/observer.js';
import { problem } from '../errors.js';
import type { Logger } from '../logger.js';
import { MetricsFile } from '../report/metrics-file.js';
import { seededRandom } from '../training/random.js';
import { trainSequence } from '../training/sequence.js';
import type { Progress } from '../weights/progress.js';
import { createParticipants } from './create-participants.js';
import { dataWarnings } from './data-warnings.js';
import { loadData } from './load-data.js';
import { assertFilesThere } from './named-files.js';
import { newContainer } from './new-container.js';
import { type OpenModel, openModel } from './open-model.js';
import { PhaseClock } from './phase-clock.js';
import { assertSameConfig, beginnings, type RunState, runStateOf } from './resumed-run.js';
import { RunCheckpoints } from './run-checkpoints.js';
import { RunDirectory } from './run-directory.js';
import { type ProfileSettings, RunProfile } from './run-profile.js';
import { RunRecord } from './run-record.js';
import { trainedTasks } from './trained-tasks.js';

/** A run as the command line asks for it. */
export interface RunRequest {
  readonly loaded: LoadedConfig;
  /** The run directory, absolute. */
  readonly folder: string;
  /** Goes on with an interrupted run in the directory, where there is one. */
  readonly resume?: boolean;
  /** A folder in which runs share what models score before training. */
  readonly sharedScores?: string;
  /** Writes where the time goes. */
  readonly profile?: ProfileSettings;
  /** Beside those of the config. */
  readonly observers: readonly Observer[];
  readonly logger: Logger;
  /** Told while a model is fetched. */
  readonly progress?: Progress;
}

/** A run whose directory, config, plugins and options have been checked. */
export interface PreparedRun {
  readonly request: RunRequest;
  readonly plugins: Composition;
  readonly directory: RunDirectory;
  /** What the directory holds of the run, where it is to go on. */
  readonly state: RunState;
}

/**
 * Checks what costs nothing: the directory, plugins, their options, and that a run which goes on is the one that was begun.
 * @throws PalimpsestError OUTPUT_EXISTS, PLUGIN_*, CONFIG_KEY, CONFIG_VALUE, CHECKPOINT_INVALID
 */
export async function prepareRun(request: RunRequest, registry = new PluginRegistry()): Promise<PreparedRun> {
  const directory = new RunDirectory(request.folder);
  const state = request.resume ? runStateOf(directory) : 'none';
  if (state === 'none') directory.assertFree(beginnings);
  const plugins = await composePlugins(request.loaded, registry);
  if (state !== 'none') assertSameConfig(directory, plugins.resolved);
  if (state !== 'over') assertFilesThere(plugins, request.loaded);
  return { request, plugins, directory, state };
}

/** Runs a config from beginning to end. @throws PalimpsestError whatever a part of the run throws */
export async function runConfig(request: RunRequest): Promise<void> {
  await runPrepared(await prepareRun(request));
}

/**
 * Runs from the beginning, or from where the run was interrupted. Data and model are checked, the costlier after the cheaper; the
 * run directory is made when all of them have passed. @throws PalimpsestError whatever a part of the run throws
 */
export async function runPrepared({ request, plugins, directory, state }: PreparedRun): Promise<void> {
  if (state === 'over') throw overAlready(directory);
  const { loaded } = request;
  const profile = request.profile && new RunProfile(request.profile);
  const clock = new PhaseClock(profile?.span);
  const container = newContainer(request, profile && ((plugin, made) => profile.plugin(plugin, made)));
  try {
    const data = await clock.time('data', () =>
      loadData(container.create(plugins.benchmark), plugins.benchmark, loaded),
    );
    tell(data, request);
    const { progress } = request;
    const model = await openModel(plugins.backbone, { container, loaded, clock, progress });
    profile?.watch(model.engine.name);
    try {
      await train({ request, plugins, container, clock, directory, data, model, profile, goesOn: state === 'begun' });
    } finally {
      profile?.release();
      await model.source.close();
    }
  } finally {
    await container.dispose();
    profile?.write(directory, request.logger);
  }
}

function overAlready({ folder }: RunDirectory): Error {
  return problem('OUTPUT_EXISTS', {
    where: folder,
    expected: 'a run that was interrupted',
    got: 'one that is over (it has a summary.json)',
  });
}

/** Says what is to be known of the data before they are used. */
function tell(data: BenchmarkData, { loaded, logger }: RunRequest): void {
  for (const warning of dataWarnings(data, loaded.config.evaluation)) logger.warn(warning);
  if (data.tasks.length === 0)
    logger.info('the benchmark has no tasks: nothing is trained, the model is scored as it came');
}

interface Training {
  readonly request: RunRequest;
  readonly plugins: Composition;
  readonly container: RunContainer;
  readonly clock: PhaseClock;
  readonly directory: RunDirectory;
  readonly data: BenchmarkData;
  readonly model: OpenModel;
  readonly profile?: RunProfile;
  /** Whether the directory holds a run that was interrupted. */
  readonly goesOn: boolean;
}

async function train(training: Training): Promise<void> {
  const { request, plugins, container, clock, directory, data, model, profile, goesOn } = training;
  const { config } = request.loaded;
  const participants = createParticipants(container, plugins, model);
  const configured = plugins.observers.map((plugin) => container.create(plugin));
  const observers = [new MetricsFile(directory), ...request.observers, ...configured];
  await clock.time('weights', () => model.backbone.load());
  const checkpoints = new RunCheckpoints(directory, clock);
  const found = goesOn ? checkpoints.newest() : undefined;
  const stepsDone = goesOn ? (found?.step ?? 0) : undefined;
  const trained = trainedTasks(data.tasks, config.training.tasks);
  const { logger, sharedScores } = request;
  const span = profile?.span;
  const record = new RunRecord({
    ...{ plugins, data, trained, model, participants, directory, observers },
    ...{ clock, span, logger, stepsDone, sharedScores },
  });
  const summary = await trainSequence({
    ...participants,
    data: { ...data, tasks: trained },
    observers: [...observers, record],
    tokenizer: model.tokenizer,
    random: seededRandom(config.seed),
    settings: config.training,
    span,
    keepFolder: checkpoints.keepFolder,
    checkpoints: await checkpoints.forSequence(config.checkpoint.every, found),
    started: (tasks) => record.started(tasks),
    betweenTasks: (row, task) => record.betweenTasks(row, task),
  });
  await record.finish(summary);
  checkpoints.remove();
}
