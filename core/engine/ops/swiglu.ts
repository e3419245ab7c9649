import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import { fused } from './fused.js';

/** What adapters add to gate and up, [N, F] each. */
export interface GateAdditions {
  readonly gate?: tf.Tensor2D;
  readonly up?: tf.Tensor2D;
}

/** h = gate sigmoid(gate) up of gate and up side by side [N, 2F] and what is added to them -> [N, F]; not differentiable. */
export function gateForward(joined: tf.Tensor2D, added: GateAdditions = {}): tf.Tensor2D {
  if (hasKernels()) return runKernel('SwiGlu', [joined, added.gate, added.up], {}, 1)[0] as tf.Tensor2D;
  const [gate, up] = parts(joined, added);
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up) as tf.Tensor2D;
}

/**
 * The gradient of `gateForward` in `joined` [N, 2F], then in each addition that there is [N, F]. With s = sigmoid(gate):
 * dgate = dh up s (1 + gate (1 - s)), dup = dh gate s.
 */
export function gateBackward(dh: tf.Tensor, joined: tf.Tensor2D, added: GateAdditions = {}): tf.Tensor[] {
  const wanted = <T>(gate: T, up: T): T[] => [...(added.gate ? [gate] : []), ...(added.up ? [up] : [])];
  if (hasKernels()) {
    const [slopes, ofGate, ofUp] = runKernel('SwiGluGrad', [dh, joined, added.gate, added.up], {}, 3);
    return [slopes, ...wanted(ofGate, ofUp)];
  }
  const [gate, up] = parts(joined, added);
  const s = tf.sigmoid(gate);
  const silu = tf.mul(gate, s);
  const slope = tf.add(s, tf.sub(silu, tf.mul(silu, s)));
  const [ofGate, ofUp] = [tf.mul(tf.mul(dh, up), slope), tf.mul(dh, silu)];
  return [tf.concat([ofGate, ofUp], 1), ...wanted(ofGate, ofUp)];
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

function parts(joined: tf.Tensor2D, { gate, up }: GateAdditions): [tf.Tensor, tf.Tensor] {
  const [ownGate, ownUp] = tf.split(joined, 2, 1);
  return [gate ? tf.add(ownGate, gate) : ownGate, up ? tf.add(ownUp, up) : ownUp];
}
