import * as tf from '@tensorflow/tfjs-core';
import type { Injectable, NamedTensors, PluginManifest } from '../../core/index.js';
import type { ConformanceSettings } from '../../core/testing/index.js';

/** A plugin that is wrong in one way, and the promise that it breaks. */
export interface BrokenPlugin {
  /** Ends the sentence `it ...`. */
  readonly fault: string;
  readonly promise: string;
  readonly manifest: PluginManifest;
  readonly settings?: ConformanceSettings;
}

/** Copies by name; the caller disposes them. */
export function copies(tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.clone(tensor)]));
}

/** The class with its base's `static inject` as its own, as a plugin declares it. */
export function injected<C extends Injectable<unknown> & { inject: symbol[] }>(variant: C): C {
  return Object.assign(variant, { inject: variant.inject });
}
