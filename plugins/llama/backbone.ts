import * as tf from '@tensorflow/tfjs-core';
import {
  type ActivationSite,
  type Backbone,
  type BackboneMemory,
  type ForwardRequest,
  type ForwardResult,
  type FrozenLinear,
  hasBfloat16,
  hasKernels,
  inject,
  injectable,
  type LinearSite,
  type ModelSizes,
  OPTIONS,
  type PassShape,
  type Precision,
  problem,
  WEIGHTS,
  type WeightSource,
} from '../../core/index.js';
import { checkArchitecture, sizesOf } from './architecture.js';
import { ForwardPass } from './forward.js';
import { activationBytes, weightBytes } from './memory.js';
import { checkRequest, namesOf } from './request.js';
import { rotaryFrequencies } from './rope.js';
import { activationSites, linearSites } from './sites.js';
import { holderOf, type LlamaWeights, loadWeights } from './weights.js';

/** GGUF's name for the rotary divisors of Llama 3.x. */
const DIVISORS = 'rope_freqs.weight';

/** The options that the backbone reads. */
export interface LlamaOptions {
  readonly recompute: 'auto' | 'none' | 'layer' | number;
  /** Default f32. */
  readonly precision?: Precision;
}

/** Decoder of the Llama family with frozen weights (Touvron et al. 2023, arXiv 2307.09288). */
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
    @inject(OPTIONS) private readonly options: LlamaOptions,
  ) {
    checkPrecision(options.precision ?? 'f32');
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
    this.weights = await loadWeights(this.source, this.sizes, this.options.precision ?? 'f32');
  }

  forward(request: ForwardRequest): ForwardResult {
    checkRequest(request, this.sizes, this.siteNames);
    return new ForwardPass(request, {
      sizes: this.sizes,
      config: this.source.config,
      weights: this.loaded(),
      frequencies: this.frequencies,
      linearSites: this.linearSites,
      recomputedEvery: this.recomputedEvery(),
    }).run();
  }

  fold(site: LinearSite, delta: tf.Tensor2D): void {
    const { linear, row } = this.holder(site);
    linear.add(delta, row);
  }

  weight(site: LinearSite): tf.Tensor2D {
    const { linear, row } = this.holder(site);
    return linear.copy(row, site.outFeatures);
  }

  memory(pass: PassShape): BackboneMemory {
    const recomputedEvery = this.recomputedEvery();
    const precision = this.options.precision ?? 'f32';
    const { tie_word_embeddings: tied } = this.source.config;
    return {
      weights: weightBytes(this.sizes, { tied, turned: tf.getBackend() === 'wasm', precision }),
      ...activationBytes(this.sizes, pass, { recomputedEvery, native: hasKernels(), precision }),
      ...(recomputedEvery === 1 ? {} : { remedy: 'Set `backbone.recompute: layer`.' }),
    };
  }

  dispose(): void {
    this.weights?.dispose();
    this.weights = undefined;
  }

  private recomputedEvery(): number {
    const { recompute } = this.options;
    if (typeof recompute === 'number') return recompute;
    return recompute === 'layer' || (recompute === 'auto' && tf.getBackend() === 'wasm') ? 1 : 0;
  }

  private holder(site: LinearSite): { linear: FrozenLinear; row: number } {
    const found = holderOf(this.loaded().layers, site);
    if (!found) throw problem('SITE_UNKNOWN', { got: site.name, expected: 'a linear site of this model' });
    return found;
  }

  private loaded(): LlamaWeights {
    if (!this.weights) throw new Error('LlamaBackbone.load() has not been called');
    return this.weights;
  }
}

/** @throws PalimpsestError PRECISION_UNSUPPORTED */
function checkPrecision(precision: Precision): void {
  if (precision === 'f32' || hasBfloat16()) return;
  throw problem('PRECISION_UNSUPPORTED', {
    where: 'precision',
    expected: 'f32',
    got: `${precision} on ${tf.getBackend()}`,
  });
}
