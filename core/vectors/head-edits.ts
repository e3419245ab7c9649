import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationEdit, Backbone, ModelSizes } from '../contracts/backbone.js';
import { headSite } from './head-site.js';
import type { Head } from './heads.js';
import { addAtPlaces, answerPlaces, type EditPositions } from './places.js';

/** How h, a head's output, is edited with its vector v at strength s: h + s v, v, or (1 - s) h + s v. */
export type EditMode = 'add' | 'replace' | 'mix';

export interface HeadEditSettings {
  readonly mode: EditMode;
  readonly positions: EditPositions;
  /** s; at 0 there is no edit. */
  readonly strength: number;
}

/** Heads with a vector each. */
export interface HeadVectors {
  readonly heads: readonly Head[];
  /** [n, d_h], row-major. */
  readonly values: Float32Array;
}

/** Factors of h and v. */
const factors: Readonly<Record<EditMode, (strength: number) => { kept: number; added: number }>> = {
  add: (strength) => ({ kept: 1, added: strength }),
  replace: () => ({ kept: 0, added: 1 }),
  mix: (strength) => ({ kept: 1 - strength, added: strength }),
};

/**
 * Edits of head outputs before the output projection (arXiv 2406.12227, Eq. 3), one for each layer that has any of the heads.
 * Equal heads, vectors and settings give edits of equal keys.
 */
export function headEdits(
  backbone: Pick<Backbone, 'activationSites' | 'sizes'>,
  vectors: HeadVectors,
  settings: HeadEditSettings,
): ActivationEdit[] {
  const { mode, positions, strength } = settings;
  if (strength === 0) return [];
  const by = factors[mode](strength);
  const key = [by.kept, by.added, positions, digestOf(vectors)].join(' ');
  const layers = [...new Set(vectors.heads.map(([layer]) => layer))];
  return layers.map((layer) => {
    const edit = new LayerEdit(vectors, layer, by, backbone.sizes);
    return {
      site: headSite(backbone, layer),
      key,
      where: 'answers',
      apply: (activation, _, rows) => edit.apply(activation as tf.Tensor4D, answerPlaces(rows, positions)),
    };
  });
}

function digestOf({ heads, values }: HeadVectors): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return createHash('sha256').update(JSON.stringify(heads)).update(bytes).digest('hex').slice(0, 16);
}

/** The edit of one layer's heads. */
class LayerEdit {
  private readonly own: number[] = [];
  /** What is added at a place [H d_h]. */
  private readonly row: Float32Array;

  constructor(
    { heads, values }: HeadVectors,
    layer: number,
    private readonly by: { kept: number; added: number },
    sizes: Pick<ModelSizes, 'heads' | 'headWidth'>,
  ) {
    const width = sizes.headWidth;
    this.row = new Float32Array(sizes.heads * width);
    heads.forEach(([at, head], i) => {
      if (at !== layer) return;
      this.own.push(head);
      const own = values.subarray(i * width, (i + 1) * width);
      this.row.set(
        own.map((value) => by.added * value),
        head * width,
      );
    });
  }

  /** @param activation [B, T, H, d_h] @param places flat positions into [B * T] */
  apply(activation: tf.Tensor4D, places: Int32Array): tf.Tensor4D {
    if (places.length === 0) return activation;
    const kept: tf.Tensor4D = this.by.kept === 1 ? activation : tf.mul(activation, this.keep(activation, places));
    return addAtPlaces(kept, this.row, places);
  }

  /** `kept` for the heads at the places, 1 elsewhere [B, T, H, 1]. */
  private keep({ shape: [rows, length, heads] }: tf.Tensor4D, places: Int32Array): tf.Tensor4D {
    const values = new Float32Array(rows * length * heads).fill(1);
    for (const place of places) {
      for (const head of this.own) values[place * heads + head] = this.by.kept;
    }
    return tf.tensor4d(values, [rows, length, heads, 1]);
  }
}
