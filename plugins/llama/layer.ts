import * as tf from '@tensorflow/tfjs-core';
import {
  type Additions,
  type AttentionFrame,
  type DropoutDraw,
  feedForwardBlock,
  type LinearAddition,
  type LinearSite,
  type ProjectionAddition,
  projectedAttention,
  type RotaryTable,
  recomputed,
  rmsNorm,
  sumOf,
  swiGlu,
} from '../../core/index.js';
import type { LinearKind } from './sites.js';
import type { LayerWeights } from './weights.js';

/** What the parts of one layer share in one forward pass. */
export interface LayerFrame {
  readonly weights: LayerWeights;
  readonly site: (kind: LinearKind) => LinearSite;
  readonly epsilon: number;
  readonly attention: AttentionFrame;
  readonly additions?: Additions;
  readonly dropout?: DropoutDraw;
  /** Make activations anew in the backward pass. */
  readonly recompute: boolean;
  /** Whether anything before this layer needs a gradient. */
  readonly differentiable: boolean;
}

/** What the adapter brings to the linear layers of a part, each with input x; undefined for nothing. */
interface PartAdditions {
  /** The addition [N, out]. */
  made(kind: LinearKind, x: tf.Tensor2D): tf.Tensor2D | undefined;
  /** The same, or the low-rank pair that makes it. */
  pairOrMade(kind: LinearKind, x: tf.Tensor2D): ProjectionAddition | undefined;
}

/** Residual x [N, D] -> head outputs [N, H d_h], before the output projection. */
export function headOutputs(x: tf.Tensor2D, frame: LayerFrame): tf.Tensor2D {
  return part(frame, ['q_proj', 'k_proj', 'v_proj'], [x], (additions, [x], frame) => {
    const normed = rmsNorm(x, frame.weights.inputNorm, frame.epsilon);
    const added = {
      queries: additions.pairOrMade('q_proj', normed),
      keys: additions.pairOrMade('k_proj', normed),
      values: additions.pairOrMade('v_proj', normed),
    };
    return projectedAttention(normed, frame.weights.queryKeyValue, added, frame.attention);
  });
}

/** Head outputs [N, H d_h] -> what attention adds to the residual [N, D]. */
export function attentionOutput(z: tf.Tensor2D, frame: LayerFrame): tf.Tensor2D {
  return part({ ...frame, recompute: false }, ['o_proj'], [z], (additions, [z]) =>
    plus(frame.weights.output.apply(z), additions.made('o_proj', z)),
  );
}

/** Residual x and attention output o, both [N, D] -> the residual after the layer: (x + o) + MLP(norm(x + o)). */
export function feedForward(x: tf.Tensor2D, o: tf.Tensor2D, frame: LayerFrame): tf.Tensor2D {
  const { weights, epsilon } = frame;
  const kinds: LinearKind[] = ['gate_proj', 'up_proj', 'down_proj'];
  const adapted = kinds.some((kind) => frame.additions?.(frame.site(kind)));
  return part(frame, kinds, [x, o], (additions, [x, o]) => {
    if (!adapted) return feedForwardBlock(x, o, { ...weights, gain: weights.postNorm, epsilon });
    const middle = sumOf(x, o);
    const normed = rmsNorm(middle, weights.postNorm, epsilon);
    const added = { gate: additions.made('gate_proj', normed), up: additions.made('up_proj', normed) };
    const hidden = swiGlu(weights.gateUp.apply(normed), added);
    return sumOf(middle, plus(weights.down.apply(hidden), additions.made('down_proj', hidden)));
  });
}

function plus(y: tf.Tensor2D, addition?: tf.Tensor2D): tf.Tensor2D {
  return addition ? sumOf(y, addition) : y;
}

/** Whether the layer's adapters bring something to differentiate. */
export function hasTrainable(frame: LayerFrame, kinds: readonly LinearKind[]): boolean {
  return kinds.some((kind) => (frame.additions?.(frame.site(kind))?.inputs.length ?? 0) > 0);
}

/**
 * Runs a part of the layer, its activations kept or made anew. The adapters' tensors are inputs of the part, so that
 * gradients reach them through a recomputation too.
 */
function part(
  frame: LayerFrame,
  kinds: readonly LinearKind[],
  activations: readonly tf.Tensor2D[],
  run: (additions: PartAdditions, activations: readonly tf.Tensor2D[], frame: LayerFrame) => tf.Tensor2D,
): tf.Tensor2D {
  const additions = new Map<LinearKind, LinearAddition>();
  for (const kind of kinds) {
    const addition = frame.additions?.(frame.site(kind));
    if (addition) additions.set(kind, addition);
  }
  const adapterTensors = [...additions.values()].flatMap((addition) => addition.inputs);
  const flowing = frame.differentiable ? activations : [];
  const compute = (inputs: readonly tf.Tensor[], constants: readonly tf.Tensor[]): tf.Tensor => {
    const given = inputs.slice(0, adapterTensors.length);
    const rest = frame.differentiable ? inputs.slice(given.length) : constants.slice(tables.length);
    return run(additionsOf(frame, additions, given), rest as tf.Tensor2D[], withTables(frame, constants));
  };
  const tables = tablesOf(frame);
  const constants = frame.differentiable ? tables : [...tables, ...activations];
  const inputs = [...adapterTensors, ...flowing];
  if (!frame.recompute || inputs.length === 0) return tf.tidy(() => compute(inputs, constants)) as tf.Tensor2D;
  return recomputed(compute, inputs, constants) as tf.Tensor2D;
}

/** The pass's own tensors that attention reads; a recomputation reads them after the pass is over. */
function tablesOf({ attention: { rotary, bias } }: LayerFrame): tf.Tensor[] {
  return bias ? [rotary.cos, rotary.sin, bias] : [rotary.cos, rotary.sin];
}

function withTables(frame: LayerFrame, [cos, sin, bias]: readonly tf.Tensor[]): LayerFrame {
  const rotary = { cos, sin } as RotaryTable;
  const kept = frame.attention.bias ? (bias as tf.Tensor4D) : undefined;
  return { ...frame, attention: { ...frame.attention, rotary, bias: kept } };
}

/** @param given the tensors of all additions, in their order */
function additionsOf(
  frame: LayerFrame,
  additions: ReadonlyMap<LinearKind, LinearAddition>,
  given: readonly tf.Tensor[],
): PartAdditions {
  const inputsOf = new Map<LinearKind, tf.Tensor[]>();
  let at = 0;
  for (const [kind, { inputs }] of additions) {
    inputsOf.set(kind, given.slice(at, at + inputs.length));
    at += inputs.length;
  }
  const made = (kind: LinearKind, x: tf.Tensor2D) =>
    additions.get(kind)?.apply(x, inputsOf.get(kind) as tf.Tensor[], frame.dropout);
  return {
    made,
    pairOrMade(kind, x) {
      const pair = additions.get(kind)?.lowRank;
      const [a, b] = (inputsOf.get(kind) ?? []) as tf.Tensor2D[];
      return pair ? { a, b, scale: pair.scale } : made(kind, x);
    },
  };
}
