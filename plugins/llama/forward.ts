import * as tf from '@tensorflow/tfjs-core';
import {
  type ActivationEdit,
  type AttentionFrame,
  type ForwardRequest,
  type ForwardResult,
  gatherRows,
  type LinearSite,
  type ModelConfig,
  type ModelSizes,
  type PastSegment,
  rmsNorm,
  rotaryTable,
} from '../../core/index.js';
import { slidingWindow } from './architecture.js';
import { grownCache, joinMasks, type LlamaCache } from './cache.js';
import { attentionBias, positionsOf } from './frame.js';
import { GrowingRows } from './growing-rows.js';
import { attentionOutput, feedForward, hasTrainable, headOutputs, type LayerFrame } from './layer.js';
import { bySite, logitPositions } from './request.js';
import { linearKinds, siteNames } from './sites.js';
import type { LlamaWeights } from './weights.js';

/** What every pass of one model shares. */
export interface LoadedLlama {
  readonly sizes: ModelSizes;
  readonly config: ModelConfig;
  readonly weights: LlamaWeights;
  readonly frequencies: Float64Array;
  readonly linearSites: readonly LinearSite[];
  readonly recompute: boolean;
}

/** One run of the model over one batch. */
export class ForwardPass {
  private readonly edits: Map<string, ActivationEdit[]>;
  private readonly rows: GrowingRows;
  private readonly captures: Record<string, tf.Tensor> = {};
  private readonly wanted: ReadonlySet<string>;
  private readonly past?: LlamaCache;
  private readonly fresh: PastSegment[] = [];
  private differentiable = false;

  constructor(
    private readonly request: ForwardRequest,
    private readonly model: LoadedLlama,
  ) {
    this.edits = bySite(request.edits);
    this.rows = new GrowingRows(request.batch, request.variants);
    this.wanted = new Set(request.captures ?? []);
    this.past = request.past as LlamaCache | undefined;
  }

  run(): ForwardResult {
    try {
      const { logits, captures } = tf.tidy(() => ({ logits: this.outputs(), captures: this.captures }));
      const cache = this.request.keepCache ? grownCache(this.past, this.request.batch, this.fresh) : undefined;
      return { logits, captures, cache };
    } catch (error) {
      for (const { keys, values } of this.fresh) tf.dispose([keys, values]);
      throw error;
    }
  }

  /** Fills `captures`; returns the logits asked for. */
  private outputs(): tf.Tensor2D | undefined {
    const { batch, logits = 'none' } = this.request;
    const { weights, config } = this.model;
    const frame = this.attentionFrame();
    let x = this.site(siteNames.embedding, this.embed());
    for (let layer = 0; layer < weights.layers.length; layer++) x = this.layer(layer, x, frame);
    const normTouched = this.touches(siteNames.norm);
    if (normTouched) x = this.site(siteNames.norm, rmsNorm(x, weights.norm, config.rms_norm_eps));
    if (logits === 'none') return undefined;
    const positions = logitPositions(batch, logits, this.rows);
    const rows = positions ? gatherRows(x, positions) : x;
    return weights.head.apply(normTouched ? rows : rmsNorm(rows, weights.norm, config.rms_norm_eps));
  }

  private embed(): tf.Tensor2D {
    return tf.gather(this.model.weights.embedding, tf.tensor1d(this.request.batch.ids, 'int32'));
  }

  private layer(layer: number, x: tf.Tensor2D, frame: AttentionFrame): tf.Tensor2D {
    const { heads, headWidth } = this.model.sizes;
    const parts = this.layerFrame(layer, frame);
    const z = this.site(siteNames.heads(layer), headOutputs(x, parts), [heads, headWidth]);
    const afterHeads = this.layerFrame(layer, frame, hasTrainable(parts, ['q_proj', 'k_proj', 'v_proj']));
    const o = this.site(siteNames.attention(layer), attentionOutput(z, afterHeads));
    const afterOutput = this.layerFrame(layer, frame, hasTrainable(parts, ['o_proj']));
    const after = this.site(siteNames.residual(layer), feedForward(this.rows.level(x), o, afterOutput));
    this.differentiable ||= hasTrainable(parts, linearKinds);
    return after;
  }

  private layerFrame(layer: number, attention: AttentionFrame, differentiable = false): LayerFrame {
    this.differentiable ||= differentiable;
    const { past, fresh } = this;
    const keep = this.request.keepCache === true;
    return {
      weights: this.model.weights.layers[layer],
      site: (kind) => this.model.linearSites[layer * linearKinds.length + linearKinds.indexOf(kind)],
      epsilon: this.model.config.rms_norm_eps,
      attention: {
        ...attention,
        rows: this.rows.count,
        rotary: this.rows.angles(attention.rotary),
        past: past?.past(layer),
        onKeyValues: keep ? (keys, values) => fresh.push({ keys: tf.keep(keys), values: tf.keep(values) }) : undefined,
      },
      additions: this.request.additions,
      dropout: this.request.dropout,
      recompute: this.model.recompute && !keep,
      differentiable: this.differentiable,
    };
  }

  private attentionFrame(): AttentionFrame {
    const { batch } = this.request;
    const { sizes, config, frequencies } = this.model;
    const pastMask = this.past ? joinMasks([this.past], batch.rows) : undefined;
    const mask = this.past ? joinMasks([this.past, batch], batch.rows) : batch.mask;
    return {
      rows: batch.rows,
      length: batch.length,
      heads: sizes.heads,
      keyValueHeads: sizes.keyValueHeads,
      headWidth: sizes.headWidth,
      rotary: rotaryTable(positionsOf(batch, pastMask), frequencies),
      ...attentionBias(batch, mask, slidingWindow(config)),
    };
  }

  private touches(site: string): boolean {
    return this.wanted.has(site) || this.edits.has(site) || this.rows.growAt(site);
  }

  /**
   * Applies the edits that name this site, takes its capture, and lets variants part; activation [N, F] is seen as [B, T, F],
   * or with F in the parts given.
   */
  private site(name: string, activation: tf.Tensor2D, parts = [activation.shape[1]]): tf.Tensor2D {
    if (!this.touches(name)) return activation;
    const { batch } = this.request;
    const edits = this.edits.get(name) ?? [];
    let seen: tf.Tensor = tf.reshape(activation, [this.rows.count, batch.length, ...parts]);
    for (const edit of edits) seen = edit.apply(seen, edit.inputs ?? [], batch);
    if (this.wanted.has(name)) this.captures[name] = seen;
    this.differentiable ||= edits.some((edit) => (edit.inputs?.length ?? 0) > 0);
    if (this.rows.growAt(name)) seen = this.rows.grown(name, seen);
    return tf.reshape(seen, [-1, activation.shape[1]]);
  }
}
