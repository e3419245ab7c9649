import * as tf from '@tensorflow/tfjs-core';
import { FrozenLinear, type ModelSizes, problem, type WeightSource } from '../../core/index.js';
import { type LinearKind, linearKinds, linearSites, siteNames } from './sites.js';

/** The frozen tensors of one layer. */
export interface LayerWeights {
  /** [D] */
  readonly inputNorm: tf.Tensor1D;
  /** [D] */
  readonly postNorm: tf.Tensor1D;
  readonly linear: Readonly<Record<LinearKind, FrozenLinear>>;
}

/** All frozen tensors of a model. */
export interface LlamaWeights {
  /** [V, D] */
  readonly embedding: tf.Tensor2D;
  readonly layers: readonly LayerWeights[];
  /** [D] */
  readonly norm: tf.Tensor1D;
  readonly head: FrozenLinear;
}

/** Reads every tensor, one at a time. @throws PalimpsestError TENSOR_INVALID */
export async function loadWeights(source: WeightSource, sizes: ModelSizes): Promise<LlamaWeights> {
  const { vocabulary, width } = sizes;
  const embeddingName = `${siteNames.embedding}.weight`;
  const embeddingValues = await checked(source, embeddingName, [vocabulary, width]);
  const tied = source.config.tie_word_embeddings || !source.tensors.has('lm_head.weight');
  const headValues = tied ? embeddingValues : await checked(source, 'lm_head.weight', [vocabulary, width]);
  const embedding = tf.tensor2d(embeddingValues, [vocabulary, width]);
  const head = new FrozenLinear(headValues, vocabulary, width);
  const norm = tf.tensor1d(await checked(source, 'model.norm.weight', [width]));
  const layers: LayerWeights[] = [];
  for (let layer = 0; layer < sizes.layers; layer++) layers.push(await loadLayer(source, sizes, layer));
  return { embedding, layers, norm, head };
}

async function loadLayer(source: WeightSource, sizes: ModelSizes, layer: number): Promise<LayerWeights> {
  const gain = async (name: string) =>
    tf.tensor1d(await checked(source, `${siteNames.residual(layer)}.${name}.weight`, [sizes.width]));
  const linear: Partial<Record<LinearKind, FrozenLinear>> = {};
  const sites = linearSites({ ...sizes, layers: 1 });
  for (const [i, kind] of linearKinds.entries()) {
    linear[kind] = await loadLinear(source, siteNames.linear(layer, kind), sites[i]);
  }
  return {
    inputNorm: await gain('input_layernorm'),
    postNorm: await gain('post_attention_layernorm'),
    linear: linear as Record<LinearKind, FrozenLinear>,
  };
}

async function loadLinear(
  source: WeightSource,
  name: string,
  { inFeatures, outFeatures }: { inFeatures: number; outFeatures: number },
): Promise<FrozenLinear> {
  const values = await checked(source, `${name}.weight`, [outFeatures, inFeatures]);
  const biasName = `${name}.bias`;
  const bias = source.tensors.has(biasName) ? await checked(source, biasName, [outFeatures]) : undefined;
  return new FrozenLinear(values, outFeatures, inFeatures, bias);
}

async function checked(source: WeightSource, name: string, shape: readonly number[]): Promise<Float32Array> {
  const where = `${source.path}, tensor ${name}`;
  const expected = `shape [${shape.join(', ')}]`;
  const info = source.tensors.get(name);
  if (!info) throw problem('TENSOR_INVALID', { where, expected, got: 'no such tensor' });
  if (info.shape.join() !== shape.join()) {
    throw problem('TENSOR_INVALID', { where, expected, got: `shape [${info.shape.join(', ')}]` });
  }
  return source.read(name);
}

export function disposeWeights({ embedding, layers, norm, head }: LlamaWeights): void {
  tf.dispose([embedding, norm]);
  head.dispose();
  for (const { inputNorm, postNorm, linear } of layers) {
    tf.dispose([inputNorm, postNorm]);
    for (const kind of linearKinds) linear[kind].dispose();
  }
}
