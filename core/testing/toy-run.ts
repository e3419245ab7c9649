import 'reflect-metadata';
import type { PluginUse } from '../config/schema.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import { RunContainer } from '../container/run-container.js';
import {
  ADAPTER,
  BACKBONE,
  CONFIG_FOLDER,
  LOGGER,
  MODEL,
  RANDOM,
  RUN_FOLDER,
  TOKENIZER,
  WEIGHTS,
} from '../container/tokens.js';
import type { Adapter } from '../contracts/adapter.js';
import type { Backbone } from '../contracts/backbone.js';
import type { Benchmark, BenchmarkData } from '../contracts/benchmark.js';
import type { Moments } from '../contracts/moments.js';
import type { ContractName, Contracts, PluginManifest } from '../contracts/plugin.js';
import type { Logger } from '../logger.js';
import { type RandomSource, seededRandom } from '../training/random.js';
import type { Subject } from './subject.js';
import { toyTokenizer } from './toy-tokenizer.js';
import { toyWeights } from './toy-weights.js';

/** What stands in where the plugin under test is of another contract. */
const STAND_INS = {
  backbone: { use: 'llama', model: 'toy model' },
  adapter: { use: 'inc-lora', rank: 4, alpha: 8 },
} satisfies Record<string, PluginUse>;

const silent: Logger = { info: () => {}, warn: () => {} };

/** A plugin in a run of the toy model, in a container of its own. */
export interface ToyRun<C extends ContractName = ContractName> {
  readonly contract: C;
  readonly plugin: Contracts[C];
  readonly backbone: Backbone;
  readonly adapter: Adapter;
  readonly random: RandomSource;
  /** What the plugin loaded, where it is a benchmark. */
  readonly data?: BenchmarkData;
  dispose(): Promise<void>;
}

/**
 * Builds a plugin with nothing around it but a toy model, an adapter and what the container of a run has when it comes to
 * its contract. The plugin's options are taken as a config would give them.
 */
export async function buildToyRun<C extends ContractName>(subject: Subject<C>, seed = 1): Promise<ToyRun<C>> {
  const container = new RunContainer();
  const random = seededRandom(seed);
  container.provide(RANDOM, random);
  container.provide(LOGGER, silent);
  container.provide(CONFIG_FOLDER, process.cwd());
  container.provide(RUN_FOLDER, undefined);
  try {
    const parts = await createParts(subject, container);
    return { contract: subject.contract, ...parts, random, dispose: () => container.dispose() };
  } catch (error) {
    await container.dispose();
    throw error;
  }
}

async function createParts<C extends ContractName>(
  { manifest, contract, settings }: Subject<C>,
  container: RunContainer,
) {
  const create = <K extends ContractName>(kind: K, made: PluginManifest, options: unknown): Contracts[K] =>
    container.create({
      contract: kind,
      manifest: made,
      use: made.name,
      options: made.options.parse(options),
      path: [],
    });
  const own = () => create(contract, manifest, settings.options ?? {});
  const standIn = async <K extends ContractName>(kind: K, { use, ...options }: PluginUse) =>
    create(kind, await registry.find(use), options);

  const benchmark = contract === 'benchmark' ? (own() as Benchmark) : undefined;
  const data = await benchmark?.load();
  container.provide(WEIGHTS, settings.weights ?? toyWeights());
  const backbone = contract === 'backbone' ? (own() as Backbone) : await standIn('backbone', STAND_INS.backbone);
  await backbone.load();
  container.provide(BACKBONE, backbone);
  container.provide(MODEL, 'toy model');
  container.provide(TOKENIZER, toyTokenizer);
  const adapter =
    contract === 'adapter' ? (own() as Adapter) : await standIn('adapter', settings.adapter ?? STAND_INS.adapter);
  container.provide(ADAPTER, adapter);
  const made: { [K in ContractName]?: unknown } = { benchmark, backbone, adapter };
  const plugin = (made[contract] ?? own()) as Contracts[C];
  return { plugin, backbone, adapter, data };
}

const registry = new PluginRegistry();

/** Builds a run, uses it and disposes it, also where `use` fails. */
export async function withToyRun<C extends ContractName, R>(
  subject: Subject<C>,
  use: (run: ToyRun<C>) => R | Promise<R>,
  seed?: number,
): Promise<R> {
  const run = await buildToyRun(subject, seed);
  try {
    return await use(run);
  } finally {
    await run.dispose();
  }
}

/** The adapter and, where it takes part in moments, the plugin: what a checkpoint holds. */
export function participantsOf({ contract, plugin, adapter }: ToyRun): Moments[] {
  const takesPart = contract === 'regularizer' || contract === 'intervention';
  return takesPart ? [adapter, plugin as Moments] : [adapter];
}
