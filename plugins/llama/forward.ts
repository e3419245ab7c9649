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
import { kindsBehindHeads, type LinearKind, layerSites, linearKinds, siteNames } from './sites.js';
import type { LlamaWeights } from './weights.js';

/** What every pass of one model shares. */
export interface LoadedLlama {
  readonly sizes: ModelSizes;
  readonly config: ModelConfig;
  readonly weights: LlamaWeights;
  readonly frequencies: Float64Array;
  readonly linearSites: readonly LinearSite[];
  /** Activations inside every n-th layer are made anew in the backward pass; 0: in none. */
  readonly recomputedEvery: number;
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
  /** Whether the last layer went on with the positions of the logits only. */
  private picked = false;

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
    const end = this.layersNeeded();
    for (let layer = 0; layer < end; layer++) x = this.layer(layer, x, frame);
    const normTouched = this.touches(siteNames.norm);
    if (normTouched) x = this.site(siteNames.norm, rmsNorm(x, weights.norm, config.rms_norm_eps));
    if (logits === 'none') return undefined;
    const positions = this.picked ? undefined : logitPositions(batch, logits, this.rows);
    const rows = positions ? gatherRows(x, positions) : x;
    return weights.head.apply(normTouched ? rows : rmsNorm(rows, weights.norm, config.rms_norm_eps));
  }

  /** How many layers reach the logits, the cache or a capture. */
  private layersNeeded(): number {
    const { logits = 'none', keepCache, variants } = this.request;
    const { length } = this.model.weights.layers;
    if (logits !== 'none' || keepCache || variants || this.wanted.has(siteNames.norm)) return length;
    const captured = (layer: number) => layerSites(layer).some((site) => this.wanted.has(site));
    for (let layer = length - 1; layer >= 0; layer--) if (captured(layer)) return layer + 1;
    return 0;
  }

  private embed(): tf.Tensor2D {
    return this.model.weights.embedding.rows(this.request.batch.ids);
  }

  /** Frees what the layer made but its output and the captures, which the tape does not need. */
  private layer(layer: number, x: tf.Tensor2D, frame: AttentionFrame): tf.Tensor2D {
    return tf.tidy(() => ({ x: this.residualAfter(layer, x, frame), captures: this.captures })).x;
  }

  private residualAfter(layer: number, x: tf.Tensor2D, frame: AttentionFrame): tf.Tensor2D {
    const { heads, headWidth } = this.model.sizes;
    const parts = this.layerFrame(layer, frame);
    const all = this.site(siteNames.heads(layer), headOutputs(x, parts), [heads, headWidth]);
    const [z, before] = this.reachingLogits(layer, [all, this.rows.level(x)]);
    const afterHeads = this.layerFrame(layer, frame, hasTrainable(parts, ['q_proj', 'k_proj', 'v_proj']));
    const o = this.site(siteNames.attention(layer), attentionOutput(z, afterHeads));
    const afterOutput = this.layerFrame(layer, frame, hasTrainable(parts, ['o_proj']));
    const after = this.site(
      siteNames.residual(layer),
      feedForward(this.picked ? before : this.rows.level(before), o, afterOutput),
    );
    this.differentiable ||= hasTrainable(parts, linearKinds);
    return after;
  }

  /**
   * Rows [N, F] at the positions whose logits are wanted, [P, F], in the last layer, behind whose heads no position reads another;
   * all rows elsewhere, or where an adapter, an edit or a capture there sees them.
   */
  private reachingLogits(layer: number, rows: readonly tf.Tensor2D[]): readonly tf.Tensor2D[] {
    const { batch, logits, additions } = this.request;
    if (layer < this.model.weights.layers.length - 1) return rows;
    const positions = logitPositions(batch, logits, this.rows);
    const seen = [siteNames.attention(layer), siteNames.residual(layer), siteNames.norm].some((site) =>
      this.touches(site),
    );
    const adapted = kindsBehindHeads.some((kind) => additions?.(this.linearSite(layer, kind)));
    if (!positions || seen || adapted) return rows;
    this.picked = true;
    return rows.map((x) => gatherRows(x, positions));
  }

  private linearSite(layer: number, kind: LinearKind): LinearSite {
    return this.model.linearSites[layer * linearKinds.length + linearKinds.indexOf(kind)];
  }

  private layerFrame(layer: number, attention: AttentionFrame, differentiable = false): LayerFrame {
    this.differentiable ||= differentiable;
    const { past, fresh } = this;
    const keep = this.request.keepCache === true;
    const every = this.model.recomputedEvery;
    return {
      weights: this.model.weights.layers[layer],
      site: (kind) => this.linearSite(layer, kind),
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
      recompute: every > 0 && layer % every === 0 && !keep,
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
