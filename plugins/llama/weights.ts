import * as tf from '@tensorflow/tfjs-core';
import {
  FrozenLinear,
  type FrozenMatrix,
  frozenMatrix,
  type LinearPart,
  type LinearSite,
  type ModelSizes,
  type Precision,
  problem,
  uploadingAtOnce,
  type WeightSource,
} from '../../core/index.js';
import { type LinearKind, linearSites, siteNames } from './sites.js';

/** The frozen tensors of one layer. */
export interface LayerWeights {
  /** [D] */
  readonly inputNorm: tf.Tensor1D;
  /** [D] */
  readonly postNorm: tf.Tensor1D;
  /** q_proj, k_proj and v_proj as one [(H + 2K) d_h, D]. */
  readonly queryKeyValue: FrozenLinear;
  /** o_proj [D, H d_h] */
  readonly output: FrozenLinear;
  /** gate_proj and up_proj as one [2F, D]. */
  readonly gateUp: FrozenLinear;
  /** down_proj [D, F] */
  readonly down: FrozenLinear;
}

/** Which of a layer's tensors holds each kind of linear layer, in order. */
const JOINED = {
  queryKeyValue: ['q_proj', 'k_proj', 'v_proj'],
  output: ['o_proj'],
  gateUp: ['gate_proj', 'up_proj'],
  down: ['down_proj'],
} as const satisfies Record<string, readonly LinearKind[]>;

type JoinedName = keyof typeof JOINED;

/** The tensor that holds a linear layer of the model, and the layer's first row in it. */
export function holderOf(
  layers: readonly LayerWeights[],
  site: LinearSite,
): { linear: FrozenLinear; row: number } | undefined {
  const layer = layers[site.layer];
  const name = (Object.keys(JOINED) as JoinedName[]).find((name) => JOINED[name].includes(site.kind as never));
  if (!layer || !name) return undefined;
  const linear = layer[name];
  return { linear, row: linear.starts[JOINED[name].indexOf(site.kind as never)] };
}

/** All frozen tensors of a model. */
export interface LlamaWeights {
  /** [V, D] */
  readonly embedding: FrozenMatrix;
  readonly layers: readonly LayerWeights[];
  /** [D] */
  readonly norm: tf.Tensor1D;
  readonly head: FrozenLinear;
  dispose(): void;
}

/** Reads every tensor, one at a time; keeps none where one fails. @throws PalimpsestError TENSOR_INVALID, MODEL_FILE */
export async function loadWeights(
  source: WeightSource,
  sizes: ModelSizes,
  precision: Precision,
): Promise<LlamaWeights> {
  const made: Disposable[] = [];
  const dispose = () => {
    for (const one of made.splice(0)) one.dispose();
  };
  try {
    return { ...(await uploadingAtOnce(() => new WeightLoader(source, precision, made).model(sizes))), dispose };
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
    private readonly precision: Precision,
    private readonly made: Disposable[],
  ) {}

  async model(sizes: ModelSizes): Promise<Omit<LlamaWeights, 'dispose'>> {
    const { vocabulary, width } = sizes;
    const embedding = await this.matrix(`${siteNames.embedding}.weight`, [vocabulary, width], true);
    const tied = this.source.config.tie_word_embeddings;
    const outputs = tied ? embedding : await this.matrix('lm_head.weight', [vocabulary, width]);
    const head = new FrozenLinear(outputs, vocabulary);
    const norm = await this.gain(siteNames.norm, width);
    const layers: LayerWeights[] = [];
    for (let layer = 0; layer < sizes.layers; layer++) layers.push(await this.layer(layer, sizes));
    return { embedding, layers, norm, head };
  }

  private async layer(layer: number, sizes: ModelSizes): Promise<LayerWeights> {
    const sites = linearSites({ ...sizes, layers: 1 });
    const joined: Partial<Record<JoinedName, FrozenLinear>> = {};
    for (const [name, kinds] of Object.entries(JOINED) as [JoinedName, readonly LinearKind[]][]) {
      const parts: LinearPart[] = [];
      for (const kind of kinds) parts.push(await this.part(siteNames.linear(layer, kind), siteOf(sites, kind)));
      joined[name] = this.keep(FrozenLinear.joined(parts, siteOf(sites, kinds[0]).inFeatures, this.precision));
    }
    return {
      inputNorm: await this.gain(`${siteNames.residual(layer)}.input_layernorm`, sizes.width),
      postNorm: await this.gain(`${siteNames.residual(layer)}.post_attention_layernorm`, sizes.width),
      ...(joined as Record<JoinedName, FrozenLinear>),
    };
  }

  private async part(name: string, { inFeatures, outFeatures }: LinearSite): Promise<LinearPart> {
    const weight = await this.values(`${name}.weight`, [outFeatures, inFeatures]);
    const biasName = `${name}.bias`;
    const bias = this.source.tensors.has(biasName) ? await this.values(biasName, [outFeatures]) : undefined;
    return { weight, outFeatures, bias };
  }

  private async matrix(name: string, shape: [number, number], asRows = false): Promise<FrozenMatrix> {
    return this.keep(frozenMatrix(tf.tensor2d(await this.values(name, shape), shape), this.precision, asRows));
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

function siteOf(sites: readonly LinearSite[], kind: LinearKind): LinearSite {
  return sites.find((site) => site.kind === kind) as LinearSite;
}
