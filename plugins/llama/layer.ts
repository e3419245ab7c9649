import * as tf from '@tensorflow/tfjs-core';
import {
  type Additions,
  type AttentionFrame,
  attention,
  type DropoutDraw,
  type LinearAddition,
  type LinearSite,
  type RotaryTable,
  recomputed,
  rmsNorm,
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

type Linear = (kind: LinearKind, x: tf.Tensor2D) => tf.Tensor2D;

/** Residual x [N, D] -> head outputs [N, H d_h], before the output projection. */
export function headOutputs(x: tf.Tensor2D, frame: LayerFrame): tf.Tensor2D {
  return part(frame, ['q_proj', 'k_proj', 'v_proj'], [x], (linear, [x], frame) => {
    const normed = rmsNorm(x, frame.weights.inputNorm, frame.epsilon);
    return attention(linear('q_proj', normed), linear('k_proj', normed), linear('v_proj', normed), frame.attention);
  });
}

/** Head outputs [N, H d_h] -> what attention adds to the residual [N, D]. */
export function attentionOutput(z: tf.Tensor2D, frame: LayerFrame): tf.Tensor2D {
  return part({ ...frame, recompute: false }, ['o_proj'], [z], (linear, [z]) => linear('o_proj', z));
}

/** Residual x and attention output o, both [N, D] -> the residual after the layer: (x + o) + MLP(norm(x + o)). */
export function feedForward(x: tf.Tensor2D, o: tf.Tensor2D, frame: LayerFrame): tf.Tensor2D {
  return part(frame, ['gate_proj', 'up_proj', 'down_proj'], [x, o], (linear, [x, o]) => {
    const middle = tf.add<tf.Tensor2D>(x, o);
    const normed = rmsNorm(middle, frame.weights.postNorm, frame.epsilon);
    const hidden = swiGlu(linear('gate_proj', normed), linear('up_proj', normed));
    return tf.add<tf.Tensor2D>(middle, linear('down_proj', hidden));
  });
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
  run: (linear: Linear, activations: readonly tf.Tensor2D[], frame: LayerFrame) => tf.Tensor2D,
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
    return run(linearMaps(frame, additions, given), rest as tf.Tensor2D[], withTables(frame, constants));
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

function linearMaps(
  frame: LayerFrame,
  additions: Map<LinearKind, LinearAddition>,
  given: readonly tf.Tensor[],
): Linear {
  const inputsOf = new Map<LinearKind, tf.Tensor[]>();
  let at = 0;
  for (const [kind, { inputs }] of additions) {
    inputsOf.set(kind, given.slice(at, at + inputs.length));
    at += inputs.length;
  }
  return (kind, x) => {
    const y = frame.weights.linear[kind].apply(x);
    const addition = additions.get(kind);
    if (!addition) return y;
    return tf.add<tf.Tensor2D>(y, addition.apply(x, inputsOf.get(kind) as tf.Tensor[], frame.dropout));
  };
}
