import * as tf from '@tensorflow/tfjs-core';
import {
  type ActivationSite,
  type Backbone,
  type BackboneMemory,
  type ForwardRequest,
  type ForwardResult,
  FrozenLinear,
  inject,
  injectable,
  type LinearSite,
  type ModelSizes,
  OPTIONS,
  type PassShape,
  problem,
  WEIGHTS,
  type WeightSource,
} from '../../core/index.js';
import { checkArchitecture, sizesOf } from './architecture.js';
import { ForwardPass } from './forward.js';
import { activationBytes, weightBytes } from './memory.js';
import { checkRequest, namesOf } from './request.js';
import { rotaryFrequencies } from './rope.js';
import { activationSites, type LinearKind, linearSites } from './sites.js';
import { type LlamaWeights, loadWeights } from './weights.js';

/** GGUF's name for the rotary divisors of Llama 3.x. */
const DIVISORS = 'rope_freqs.weight';

/** Decoder of the Llama family with frozen weights in float32 (Touvron et al. 2023, arXiv 2307.09288). */
@injectable()
export class LlamaBackbone implements Backbone {
  readonly sizes: ModelSizes;
  readonly linearSites: readonly LinearSite[];
  readonly activationSites: readonly ActivationSite[];
  private readonly siteNames: ReadonlySet<string>;
  private weights?: LlamaWeights;
  private frequencies: Float64Array = new Float64Array(0);

  constructor(
    @inject(WEIGHTS) private readonly source: WeightSource,
    @inject(OPTIONS) private readonly options: { recompute: 'auto' | 'none' | 'layer' },
  ) {
    checkArchitecture(source);
    this.sizes = sizesOf(source.config, source.tensors.values());
    this.linearSites = linearSites(this.sizes);
    this.activationSites = activationSites(this.sizes);
    this.siteNames = namesOf(this.activationSites);
  }

  async load(): Promise<void> {
    const { config, path, tensors } = this.source;
    const divisors = tensors.has(DIVISORS) ? await this.source.read(DIVISORS) : undefined;
    this.frequencies = rotaryFrequencies(config, divisors, path);
    this.weights = await loadWeights(this.source, this.sizes);
  }

  forward(request: ForwardRequest): ForwardResult {
    checkRequest(request, this.sizes, this.siteNames);
    return new ForwardPass(request, {
      sizes: this.sizes,
      config: this.source.config,
      weights: this.loaded(),
      frequencies: this.frequencies,
      linearSites: this.linearSites,
      recompute: this.recomputes(),
    }).run();
  }

  fold(site: LinearSite, delta: tf.Tensor2D): void {
    this.linear(site).add(delta);
  }

  weight(site: LinearSite): tf.Tensor2D {
    return this.linear(site).copy();
  }

  memory(pass: PassShape): BackboneMemory {
    const remade = this.recomputes();
    const { tie_word_embeddings: tied } = this.source.config;
    return {
      weights: weightBytes(this.sizes, { tied, turned: tf.getBackend() === 'wasm' }),
      ...activationBytes(this.sizes, pass, remade ? 1 : this.sizes.layers),
      ...(remade ? {} : { remedy: 'Set `backbone.recompute: layer`.' }),
    };
  }

  dispose(): void {
    this.weights?.dispose();
    this.weights = undefined;
  }

  private recomputes(): boolean {
    return this.options.recompute === 'layer' || (this.options.recompute === 'auto' && tf.getBackend() === 'wasm');
  }

  private linear(site: LinearSite): FrozenLinear {
    const layer = this.loaded().layers[site.layer];
    const found = layer?.linear[site.kind as LinearKind];
    if (!found) throw problem('SITE_UNKNOWN', { got: site.name, expected: 'a linear site of this model' });
    return found;
  }

  private loaded(): LlamaWeights {
    if (!this.weights) throw new Error('LlamaBackbone.load() has not been called');
    return this.weights;
  }
}
