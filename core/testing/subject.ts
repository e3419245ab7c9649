import type { PluginUse } from '../config/schema.js';
import { contractOf } from '../container/define-plugin.js';
import { applyStaticInject } from '../container/static-inject.js';
import type { ContractName, Injectable, PluginManifest } from '../contracts/plugin.js';
import type { WeightSource } from '../weights/source.js';

/** What a conformance test says about a plugin. */
export interface ConformanceSettings {
  /** Options as a config would give them. Paths are absolute, or relative to the working directory. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The plugin's folder: its last part must equal the plugin's name. */
  readonly folder?: string;
  /** Abilities, over those of the manifest: `{ pairs: false }` for an adapter that is not of low rank. */
  readonly supports?: Readonly<Record<string, boolean>>;
  /** The adapter of the toy run that the plugin takes part in; by default `inc-lora` of rank 4. */
  readonly adapter?: PluginUse;
  /** Weights for a backbone; by default a two-layer Llama. */
  readonly weights?: WeightSource;
}

/** A plugin under test. */
export interface Subject<C extends ContractName = ContractName> {
  readonly manifest: PluginManifest;
  readonly contract: C;
  readonly settings: ConformanceSettings;
}

/** @param manifest of TypeScript or plain JavaScript */
export function subjectOf(manifest: PluginManifest, settings: ConformanceSettings = {}): Subject {
  const { contract, provided } = contractOf(manifest);
  applyStaticInject(provided as Injectable<unknown>);
  return { manifest, contract, settings };
}

/** Whether an ability is declared; one that nobody speaks of is. */
export function supports({ manifest, settings }: Subject, ability: string): boolean {
  return settings.supports?.[ability] ?? manifest.supports?.[ability] ?? true;
}
