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
import { attentionOutput, feedForward, hasTrainable, headOutputs, type LayerFrame } from './layer.js';
import { editsBySite, logitPositions } from './request.js';
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
  private readonly captures: Record<string, tf.Tensor> = {};
  private readonly wanted: ReadonlySet<string>;
  private readonly past?: LlamaCache;
  private readonly fresh: PastSegment[] = [];
  private differentiable = false;

  constructor(
    private readonly request: ForwardRequest,
    private readonly model: LoadedLlama,
  ) {
    this.edits = editsBySite(request.edits);
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
    const normTouched = this.wanted.has(siteNames.norm) || this.edits.has(siteNames.norm);
    if (normTouched) x = this.site(siteNames.norm, rmsNorm(x, weights.norm, config.rms_norm_eps));
    if (logits === 'none') return undefined;
    const positions = logitPositions(batch, logits);
    const rows = positions ? gatherRows(x, positions) : x;
    return weights.head.apply(normTouched ? rows : rmsNorm(rows, weights.norm, config.rms_norm_eps));
  }

  private embed(): tf.Tensor2D {
    return tf.gather(this.model.weights.embedding, tf.tensor1d(this.request.batch.ids, 'int32'));
  }

  private layer(layer: number, x: tf.Tensor2D, frame: AttentionFrame): tf.Tensor2D {
    const { sizes } = this.model;
    const parts = this.layerFrame(layer, frame);
    const { rows, length } = this.request.batch;
    const z = this.site(siteNames.heads(layer), headOutputs(x, parts), [rows, length, sizes.heads, sizes.headWidth]);
    const afterHeads = this.layerFrame(layer, frame, hasTrainable(parts, ['q_proj', 'k_proj', 'v_proj']));
    const o = this.site(siteNames.attention(layer), attentionOutput(z, afterHeads));
    const afterOutput = this.layerFrame(layer, frame, hasTrainable(parts, ['o_proj']));
    const after = this.site(siteNames.residual(layer), feedForward(x, o, afterOutput));
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
      bias: attentionBias(batch, mask, slidingWindow(config)),
    };
  }

  /** Applies the edits that name this site and takes its capture; activation [N, D] is seen as `shape`. */
  private site(name: string, activation: tf.Tensor2D, shape?: number[]): tf.Tensor2D {
    const edits = this.edits.get(name) ?? [];
    if (edits.length === 0 && !this.wanted.has(name)) return activation;
    const { batch } = this.request;
    let seen: tf.Tensor = tf.reshape(activation, shape ?? [batch.rows, batch.length, activation.shape[1]]);
    for (const edit of edits) seen = edit.apply(seen, edit.inputs ?? [], batch);
    if (this.wanted.has(name)) this.captures[name] = seen;
    this.differentiable ||= edits.some((edit) => (edit.inputs?.length ?? 0) > 0);
    return tf.reshape(seen, activation.shape);
  }
}
