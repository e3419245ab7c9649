import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import { fused } from './fused.js';
import { narrowed, type Precision, widened } from './precision.js';

/** What adapters add to gate and up, [N, F] each. */
export interface GateAdditions {
  readonly gate?: tf.Tensor2D;
  readonly up?: tf.Tensor2D;
}

/**
 * h = gate sigmoid(gate) up of gate and up side by side [N, 2F] and what is added to them -> [N, F], `joined` and h in the precision
 * given; not differentiable.
 */
export function gateForward(joined: tf.Tensor2D, added: GateAdditions = {}, precision: Precision = 'f32'): tf.Tensor2D {
  if (hasKernels()) {
    const inputs = [joined, added.gate, added.up];
    return runKernel('SwiGlu', inputs, { T: { type: precision } }, 1)[0] as tf.Tensor2D;
  }
  const [gate, up] = parts(widened(joined, precision), added);
  return narrowed(tf.mul(tf.mul(gate, tf.sigmoid(gate)), up), precision);
}

/**
 * The gradient of `gateForward` in `joined` [N, 2F], then in each addition that there is [N, F]. With s = sigmoid(gate):
 * dgate = dh up s (1 + gate (1 - s)), dup = dh gate s; dh,
 * `joined` and its gradient in the precision given.
 */
export function gateBackward(
  dh: tf.Tensor2D,
  joined: tf.Tensor2D,
  added: GateAdditions = {},
  precision: Precision = 'f32',
): tf.Tensor2D[] {
  const wanted = <T>(gate: T, up: T): T[] => [...(added.gate ? [gate] : []), ...(added.up ? [up] : [])];
  if (hasKernels()) {
    const [slopes, ofGate, ofUp] = runKernel(
      'SwiGluGrad',
      [dh, joined, added.gate, added.up],
      { T: { type: precision } },
      3,
    ) as tf.Tensor2D[];
    return [slopes, ...wanted(ofGate, ofUp)];
  }
  const [gate, up] = parts(widened(joined, precision), added);
  const dy = widened(dh, precision);
  const s = tf.sigmoid(gate);
  const silu = tf.mul(gate, s);
  const slope = tf.add(s, tf.sub(silu, tf.mul(silu, s)));
  const [ofGate, ofUp]: tf.Tensor2D[] = [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, silu)];
  return [narrowed(tf.concat2d([ofGate, ofUp], 1), precision), ...wanted(ofGate, ofUp)];
}

/** SwiGLU (Shazeer 2020): gate and up side by side [N, 2F], with what adapters add to them, -> [N, F]. */
export function swiGlu(joined: tf.Tensor2D, added: GateAdditions = {}): tf.Tensor2D {
  const additions = [added.gate, added.up].filter((one) => one !== undefined);
  return fused([joined, ...additions], ([joined, ...given], save) => {
    const now = named(given as tf.Tensor2D[], added);
    save(joined, ...given);
    return {
      value: gateForward(joined as tf.Tensor2D, now),
      gradient: (dh, [joined, ...kept]) => gateBackward(dh, joined as tf.Tensor2D, named(kept as tf.Tensor2D[], added)),
    };
  });
}

/** A list of what there is of `as`, by its names again. */
function named(list: readonly tf.Tensor2D[], as: GateAdditions): GateAdditions {
  return { gate: as.gate && list[0], up: as.up && list[as.gate ? 1 : 0] };
}

function parts(joined: tf.Tensor2D, { gate, up }: GateAdditions): tf.Tensor2D[] {
  const [ownGate, ownUp]: tf.Tensor2D[] = tf.split(joined, 2, 1);
  const plus = (own: tf.Tensor2D, more?: tf.Tensor2D) => (more ? tf.add<tf.Tensor2D>(own, more) : own);
  return [plus(ownGate, gate), plus(ownUp, up)];
}
