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

/** What a plugin reads and writes in a run, beyond the step's batch and its own tensors. */
export interface Declarations {
  readonly writes?: {
    /** Kinds of linear layers (`q_proj`) to whose output it adds: one plugin each. */
    readonly linear?: readonly string[];
    /** Its trainable variables are replaced in every task, or the same ones over the run. */
    readonly variables?: 'task' | 'run';
    /** Its trainable variables are low-rank pairs: its `pairs` and `factors` are there. */
    readonly pairs?: boolean;
    /**
     * Kinds of activation sites that it edits, `heads` of `model.layers.3.heads`, `residual` of `model.layers.3`: `add` if it
     * adds something that does not depend on what is there, so that several plugins may; `set` otherwise.
     */
    readonly activations?: Readonly<Record<string, 'add' | 'set'>>;
  };
  readonly reads?: {
    /** Trainable variables that last over the run, or that are new in every task. */
    readonly variables?: 'task' | 'run';
    /** Low-rank pairs. */
    readonly pairs?: boolean;
  };
}

/** A named choice of options. */
export interface PluginPreset {
  /** One sentence: what it is and whose. */
  readonly summary: string;
  readonly options: Readonly<Record<string, unknown>>;
}

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
  /** What it reads and writes, from its options; checked before anything is loaded. A regularizer's loss term is understood. */
  declares?(options: z.infer<Options>): Declarations;
  /** Options by name, which `preset: NAME` beside `use:` stands for; what the config gives goes before them. */
  readonly presets?: Readonly<Record<string, PluginPreset>>;
  /** Abilities that the conformance kit and the docs table read. */
  readonly supports?: Readonly<Record<string, boolean>>;
}
