import * as tf from '@tensorflow/tfjs-core';
import { FrozenLinear, type ModelSizes, problem, uploadingAtOnce, type WeightSource } from '../../core/index.js';
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
  dispose(): void;
}

/** Reads every tensor, one at a time; keeps none where one fails. @throws PalimpsestError TENSOR_INVALID, MODEL_FILE */
export async function loadWeights(source: WeightSource, sizes: ModelSizes): Promise<LlamaWeights> {
  const made: Disposable[] = [];
  const dispose = () => {
    for (const one of made.splice(0)) one.dispose();
  };
  try {
    return { ...(await uploadingAtOnce(() => new WeightLoader(source, made).model(sizes))), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

interface Disposable {
  dispose(): void;
}

class WeightLoader {
  /** @param made receives everything that the engine holds from now on */
  constructor(
    private readonly source: WeightSource,
    private readonly made: Disposable[],
  ) {}

  async model(sizes: ModelSizes): Promise<Omit<LlamaWeights, 'dispose'>> {
    const { vocabulary, width } = sizes;
    const shape: [number, number] = [vocabulary, width];
    const embedding = this.keep(tf.tensor2d(await this.values(`${siteNames.embedding}.weight`, shape), shape));
    const tied = this.source.config.tie_word_embeddings;
    const head = this.keep(
      new FrozenLinear(tied ? embedding : await this.values('lm_head.weight', shape), vocabulary, width),
    );
    const norm = await this.gain(siteNames.norm, width);
    const layers: LayerWeights[] = [];
    for (let layer = 0; layer < sizes.layers; layer++) layers.push(await this.layer(layer, sizes));
    return { embedding, layers, norm, head };
  }

  private async layer(layer: number, sizes: ModelSizes): Promise<LayerWeights> {
    const linear: Partial<Record<LinearKind, FrozenLinear>> = {};
    const sites = linearSites({ ...sizes, layers: 1 });
    for (const [i, kind] of linearKinds.entries()) {
      linear[kind] = await this.linear(siteNames.linear(layer, kind), sites[i]);
    }
    return {
      inputNorm: await this.gain(`${siteNames.residual(layer)}.input_layernorm`, sizes.width),
      postNorm: await this.gain(`${siteNames.residual(layer)}.post_attention_layernorm`, sizes.width),
      linear: linear as Record<LinearKind, FrozenLinear>,
    };
  }

  private async linear(
    name: string,
    { inFeatures, outFeatures }: { inFeatures: number; outFeatures: number },
  ): Promise<FrozenLinear> {
    const values = await this.values(`${name}.weight`, [outFeatures, inFeatures]);
    const biasName = `${name}.bias`;
    const bias = this.source.tensors.has(biasName) ? await this.values(biasName, [outFeatures]) : undefined;
    return this.keep(new FrozenLinear(values, outFeatures, inFeatures, bias));
  }

  private async gain(name: string, width: number): Promise<tf.Tensor1D> {
    return this.keep(tf.tensor1d(await this.values(`${name}.weight`, [width])));
  }

  private async values(name: string, shape: readonly number[]): Promise<Float32Array> {
    const { path, tensors } = this.source;
    const where = `${path}, tensor ${name}`;
    const expected = `shape [${shape.join(', ')}]`;
    const info = tensors.get(name);
    if (!info) throw problem('TENSOR_INVALID', { where, expected, got: 'no such tensor' });
    if (info.shape.join() !== shape.join()) {
      throw problem('TENSOR_INVALID', { where, expected, got: `shape [${info.shape.join(', ')}]` });
    }
    return this.source.read(name);
  }

  private keep<T extends Disposable>(made: T): T {
    this.made.push(made);
    return made;
  }
}
