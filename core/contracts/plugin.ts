import type { z } from 'zod';
import type { Adapter } from './adapter.js';
import type { Backbone } from './backbone.js';
import type { Benchmark } from './benchmark.js';
import type { Intervention } from './intervention.js';
import type { Observer } from './observer.js';
import type { Regularizer } from './regularizer.js';

/** The contracts by the name under which a plugin provides them. */
export interface Contracts {
  backbone: Backbone;
  adapter: Adapter;
  regularizer: Regularizer;
  intervention: Intervention;
  benchmark: Benchmark;
  observer: Observer;
}

export type ContractName = keyof Contracts;

/** A class that the run's container builds; parameters are injected by token. */
// biome-ignore lint/suspicious/noExplicitAny: constructor parameters are known to the container alone
export type Injectable<T> = new (...parameters: any[]) => T;

/** A plugin's shop window. */
export interface PluginManifest<Options extends z.ZodObject = z.ZodObject> {
  /** Lower-case words joined by hyphens; equals the folder's name. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** The method's source: paper and equation. */
  readonly paper?: string;
  /** Names of other plugins that must be in the same run. */
  readonly requires?: readonly string[];
  /** Exactly one contract and the class that fulfils it. */
  readonly provides: { readonly [C in ContractName]?: Injectable<Contracts[C]> };
  /** Options with default, range, unit and help; an unknown key is refused. */
  readonly options: Options;
  /** Abilities that the conformance kit and the docs table read. */
  readonly supports?: Readonly<Record<string, boolean>>;
}
