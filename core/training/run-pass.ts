import * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../contracts/adapter.js';
import type { Backbone, DropoutDraw } from '../contracts/backbone.js';
import type { TokenBatch } from '../contracts/batch.js';
import type { PassRequest, PassResult, Positions } from '../contracts/passes.js';
import { gatherRows } from '../engine/ops/gather-rows.js';
import { additionsOf } from './additions.js';
import type { SharedPass } from './passes.js';
import { flatPositions, indexWithin, union } from './positions.js';

/** What a pass runs on. */
export interface PassModel {
  readonly backbone: Backbone;
  readonly adapter: Pick<Adapter, 'sites' | 'addition'>;
}

export type PassResults = ReadonlyMap<PassRequest, PassResult>;

/** Runs a pass once for all of its requests: the union of their captures and positions. Dropout is drawn only where gradients flow. */
export function runPass(pass: SharedPass, { backbone, adapter }: PassModel, dropout?: DropoutDraw): PassResults {
  const positions = positionsOf(pass);
  const { logits, captures } = backbone.forward({
    batch: pass.rows,
    logits: logitsAsked(pass.rows, positions),
    additions: additionsOf(adapter, pass.view),
    edits: pass.edits,
    captures: [...new Set(pass.requests.flatMap((request) => request.captures ?? []))],
    dropout: pass.gradient ? dropout : undefined,
  });
  const served = logits && serveLogits(pass, logits, (wanted) => indexWithin(wanted, positions));
  return new Map(pass.requests.map((request) => [request, { ...served?.get(request), captures }]));
}

/** Flat positions at which any of the pass's requests wants logits, ascending. */
export function positionsOf({ rows, requests }: SharedPass): Int32Array {
  const wanted = new Set(requests.map((request) => request.logits ?? 'none').filter((kind) => kind !== 'none'));
  return union([...wanted].map((kind) => flatPositions(rows, kind)));
}

/** All positions go without a gather. */
function logitsAsked({ rows, length }: TokenBatch, positions: Int32Array): 'none' | 'all' | Int32Array {
  if (positions.length === 0) return 'none';
  return positions.length === rows * length ? 'all' : positions;
}

type Served = Pick<PassResult, 'logits' | 'top'>;

/**
 * Serves every request from logits [P, V]; requests of equal positions get the same tensor.
 * @param place rows of the logits at which flat positions stand
 */
export function serveLogits(
  { rows, requests }: SharedPass,
  logits: tf.Tensor2D,
  place: (positions: Int32Array) => Int32Array,
): Map<PassRequest, Served> {
  const byKind = new Map<Positions, tf.Tensor2D>();
  const at = (kind: Positions): tf.Tensor2D => {
    const known = byKind.get(kind) ?? rowsAt(logits, place(flatPositions(rows, kind)));
    byKind.set(kind, known);
    return known;
  };
  const serve = ({ logits: kind = 'none', top }: PassRequest): Served => {
    if (kind === 'none') return {};
    if (top === undefined) return { logits: at(kind) };
    const all = at(kind);
    const { values, indices } = tf.topk<tf.Tensor2D>(all, Math.min(top.count, logits.shape[1]));
    const logSumExp: tf.Tensor1D = tf.logSumExp(tf.div(all, top.temperature), -1);
    return { top: { values, ids: indices, logSumExp } };
  };
  return new Map(requests.map((request) => [request, serve(request)]));
}

function rowsAt(logits: tf.Tensor2D, index: Int32Array): tf.Tensor2D {
  const all = index.length === logits.shape[0] && index.every((row, i) => row === i);
  return all ? logits : gatherRows(logits, index);
}
