import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationEdit, Backbone, LinearSite } from '../contracts/backbone.js';
import type { ModelView } from '../contracts/model-view.js';
import { problem } from '../errors.js';
import type { HeadVectors } from './head-edits.js';
import { addAtPlaces, answerPlaces, type EditPositions } from './places.js';

/** A point of the residual stream: a layer's output, or what its attention adds, before the feed-forward part. */
export type StreamSite = 'residual' | 'attention';

/**
 * Instruction vector theta = sum over heads (l, j) of W_O^(lj) v_lj [D] (arXiv 2406.12227): what the heads' vectors add to the
 * residual stream. W_O is the output projection as the backbone holds it, without what adapters add.
 */
export function instructionVector(model: Omit<ModelView, 'forward'>, { heads, values }: HeadVectors): Float32Array {
  const { headWidth, width } = model.sizes;
  return tf.tidy(() => {
    const parts = heads.map(([layer, head], i) => {
      const projection = tf.slice(model.weight(outputSite(model, layer)), [0, head * headWidth], [width, headWidth]);
      return tf.matMul(projection, tf.tensor2d(values.subarray(i * headWidth, (i + 1) * headWidth), [headWidth, 1]));
    });
    return Float32Array.from(tf.addN(parts).dataSync<'float32'>());
  });
}

function outputSite({ linearSites, sizes }: Pick<Backbone, 'linearSites' | 'sizes'>, layer: number): LinearSite {
  const site = linearSites.find((one) => one.layer === layer && one.kind === 'o_proj');
  if (site && site.inFeatures === sizes.heads * sizes.headWidth) return site;
  throw problem('SITE_UNKNOWN', { expected: 'an output projection o_proj of heads', got: `none in layer ${layer}` });
}

export interface StreamEditSettings {
  readonly site: StreamSite;
  /** From 0. */
  readonly layer: number;
  readonly positions: EditPositions;
  readonly strength: number;
}

/** Adds strength * theta at a layer; equal vectors and settings give edits of equal keys; none at strength 0. */
export function streamEdits(
  { activationSites }: Pick<Backbone, 'activationSites'>,
  theta: Float32Array,
  { site, layer, positions, strength }: StreamEditSettings,
): ActivationEdit[] {
  if (strength === 0) return [];
  const inLayer = activationSites.filter((one) => one.layer === layer && one.shape === '[B, T, D]');
  const found = inLayer.find(({ name }) => name.endsWith('.attention') === (site === 'attention'));
  if (!found) throw problem('SITE_UNKNOWN', { expected: `a site of the ${site} in layer ${layer}`, got: 'none' });
  const scaled = theta.map((value) => strength * value);
  const digest = createHash('sha256').update(new Uint8Array(scaled.buffer)).digest('hex').slice(0, 16);
  return [
    {
      site: found.name,
      key: `add ${positions} ${digest}`,
      where: 'answers',
      apply: (activation, _, rows) => addAtPlaces(activation, scaled, answerPlaces(rows, positions)),
    },
  ];
}
