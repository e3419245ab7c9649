import type * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../contracts/adapter.js';
import type { ActivationEdit, Backbone, DropoutDraw } from '../contracts/backbone.js';
import type { TokenBatch, TrainingBatch } from '../contracts/batch.js';
import type { AdapterView, PassRequest, PassResult } from '../contracts/passes.js';
import { gatherRows } from '../engine/ops/gather-rows.js';
import { additionsOf } from './additions.js';
import { flatPositions, indexWithin, union, type Wanted } from './positions.js';

/** What a pass runs on. */
export interface PassModel {
  readonly backbone: Backbone;
  readonly adapter: Adapter;
}

/** One run of the model and the requests that it serves. */
export interface SharedPass {
  readonly rows: TokenBatch | TrainingBatch;
  readonly view: AdapterView;
  readonly edits: readonly ActivationEdit[];
  readonly gradient: boolean;
  readonly requests: PassRequest[];
}

/** What requests leave open. */
export interface PassDefaults {
  readonly rows: TokenBatch | TrainingBatch;
  /** What `edits: 'step'` stands for; nothing outside a step. */
  readonly stepEdits?: readonly ActivationEdit[];
}

/** Requests as the fewest runs: those with the same rows, adapters, edits (by key) and gradient are one. */
export function sharePasses(requests: readonly PassRequest[], defaults: PassDefaults): SharedPass[] {
  const passes: SharedPass[] = [];
  for (const request of requests) {
    const view = request.adapters ?? 'current';
    const pass: SharedPass = {
      rows: request.rows ?? defaults.rows,
      view,
      edits: (request.edits === 'step' ? defaults.stepEdits : request.edits) ?? [],
      gradient: request.gradient ?? view === 'current',
      requests: [request],
    };
    const same = passes.find((other) => isSameRun(other, pass));
    if (same) same.requests.push(request);
    else passes.push(pass);
  }
  return passes;
}

function isSameRun(a: SharedPass, b: SharedPass): boolean {
  return a.rows === b.rows && a.view === b.view && a.gradient === b.gradient && sameEdits(a.edits, b.edits);
}

function sameEdits(a: readonly ActivationEdit[], b: readonly ActivationEdit[]): boolean {
  return a.length === b.length && a.every((edit, i) => edit.site === b[i].site && edit.key === b[i].key);
}

/**
 * Runs a pass once for all of its requests: the union of their captures and positions. Tensors belong to the enclosing
 * tf.tidy. Dropout is drawn only where gradients flow.
 */
export function runPass(pass: SharedPass, model: PassModel, dropout?: DropoutDraw): Map<PassRequest, PassResult> {
  const wanted = pass.requests.map((request) => request.logits ?? 'none').filter((kind) => kind !== 'none');
  const positions = union([...new Set(wanted)].map((kind) => flatPositions(pass.rows, kind)));
  const { logits, captures } = model.backbone.forward({
    batch: pass.rows,
    logits: wanted.includes('all') ? 'all' : wanted.length > 0 ? positions : 'none',
    additions: additionsOf(model.adapter, pass.view),
    edits: pass.edits,
    captures: [...new Set(pass.requests.flatMap((request) => request.captures ?? []))],
    dropout: pass.gradient ? dropout : undefined,
  });
  const share = sharedLogits(pass, positions, logits);
  return new Map(pass.requests.map((request) => [request, { logits: share(request.logits ?? 'none'), captures }]));
}

/** Serves each kind of positions from logits at all of them; equal kinds get the same tensor. */
function sharedLogits(
  { rows }: SharedPass,
  positions: Int32Array,
  logits: tf.Tensor2D | undefined,
): (kind: Wanted | 'none') => tf.Tensor2D | undefined {
  const served = new Map<Wanted, tf.Tensor2D>();
  return (kind) => {
    if (kind === 'none' || !logits) return undefined;
    const own = flatPositions(rows, kind);
    if (own.length === positions.length) return logits;
    if (!served.has(kind)) served.set(kind, gatherRows(logits, indexWithin(own, positions)));
    return served.get(kind);
  };
}
