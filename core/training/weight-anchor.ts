import * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../contracts/adapter.js';
import type { PluginState } from '../contracts/moments.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { problem } from '../errors.js';
import { type Displacement, mergedDisplacements, variableDisplacements } from './displacements.js';
import { copyTensors, groupOf, growTensors, joinGroups } from './named-tensors.js';

/** What is anchored: the adapter's variables, or the merged weights, that is the frozen ones with all additions. */
export type AnchorTarget = 'adapter' | 'merged';

/** What becomes of the anchors of earlier tasks when a new one is set. */
export type EarlierAnchors = 'separate' | { /** Factor of their importance, anchored anew. */ readonly online: number };

/**
 * Anchors of weights w*_k with importances F_k, and the charge for leaving them,
 *
 *     D = sum over tasks k and weights i of F_k,i (w_i - w*_k,i)^2.
 *
 * With d = w - w*, w* the newest anchor, and d_k = w* - w*_k this is S0 d^2 + 2 S1 d + S2 with S0 = sum F_k, S1 = sum F_k d_k,
 * S2 = sum F_k d_k^2, so that memory does not grow with the number of tasks.
 */
export class WeightAnchor {
  private s0: NamedTensors = {};
  private s1: NamedTensors = {};
  private s2 = 0;
  /** w*, for variables; merged weights are measured from where the task found them. */
  private anchor: NamedTensors = {};

  /** @throws PalimpsestError PLUGIN_CLASH for merged weights of an adapter that has no low-rank pairs */
  constructor(
    private readonly adapter: Adapter,
    private readonly over: AnchorTarget,
  ) {
    if (over === 'adapter' || adapter.factors) return;
    throw problem('PLUGIN_CLASH', { expected: 'an adapter of low-rank pairs for `over: merged`', got: 'another one' });
  }

  /** D, shape []; 0 before the first anchor. Gradients flow to the adapter's variables. */
  distance(): tf.Scalar {
    const parts = this.displacements().flatMap((displacement) => {
      const { name } = displacement;
      return this.s0[name] ? [displacement.charge(this.s0[name], this.s1[name])] : [];
    });
    return parts.length === 0 ? tf.scalar(0) : (tf.add(tf.addN(parts), this.s2) as tf.Scalar);
  }

  /**
   * Sets an anchor at the weights as they are. For the end of a task, before the adapter's own.
   * @param importance F by the names of variables or sites, of their shapes (a scalar stands for all entries), or one scalar
   * for all of them. Copied.
   */
  set(importance: NamedTensors | tf.Scalar, earlier: EarlierAnchors): void {
    for (const displacement of this.displacements()) {
      const { name } = displacement;
      const [s0, s1] = [this.s0[name], this.s1[name]];
      const own = importance instanceof tf.Tensor ? importance : importance[name];
      tf.tidy(() => {
        const { s0: next0, s1: next1, s2 } = moved(displacement, own, { s0, s1, earlier });
        this.s0[name] = tf.keep(next0);
        if (next1) this.s1[name] = tf.keep(next1);
        this.s2 += s2;
      });
      tf.dispose([s0, s1].filter((old) => old !== undefined));
    }
    this.hold();
  }

  /** Adds to the importance of the newest anchor, which stays where it is. @param importance by name, as for `set` */
  grow(importance: NamedTensors): void {
    growTensors(this.s0, importance);
  }

  /** S0 by the names of variables or sites, empty before the first anchor; owned by this. */
  get importance(): Readonly<NamedTensors> {
    return this.s0;
  }

  /** w - w*, w* the newest anchor, by the names of variables or sites; the caller disposes it. */
  offsets(): NamedTensors {
    return tf.tidy(() => Object.fromEntries(this.displacements().map((one) => [one.name, one.value()])));
  }

  /** Moves the newest anchor to where the weights are. */
  hold(): void {
    if (this.over === 'merged') return;
    tf.dispose(this.anchor);
    this.anchor = {};
    growTensors(this.anchor, this.adapter.trainable());
  }

  state(): PluginState {
    const { s0, s1, anchor } = this;
    return { tensors: copyTensors(joinGroups({ s0, s1, anchor })), json: { s2: this.s2 } };
  }

  restore({ tensors, json }: PluginState): void {
    this.dispose();
    const copies = (group: string) => copyTensors(groupOf(tensors, group));
    [this.s0, this.s1, this.anchor] = [copies('s0'), copies('s1'), copies('anchor')];
    this.s2 = Number(json.s2);
  }

  dispose(): void {
    tf.dispose([this.s0, this.s1, this.anchor]);
    [this.s0, this.s1, this.anchor, this.s2] = [{}, {}, {}, 0];
  }

  private displacements(): Displacement[] {
    return this.over === 'adapter'
      ? variableDisplacements(this.adapter, this.anchor)
      : mergedDisplacements(this.adapter);
  }
}

interface Sums {
  readonly s0: tf.Tensor | undefined;
  readonly s1: tf.Tensor | undefined;
  readonly earlier: EarlierAnchors;
}

/** S0, S1 and the growth of S2 seen from the weights as they are, with the new importance. */
function moved(
  displacement: Displacement,
  importance: tf.Tensor,
  { s0, s1, earlier }: Sums,
): { s0: tf.Tensor; s1?: tf.Tensor; s2: number } {
  if (!s0) return { s0: tf.clone(importance), s2: 0 };
  if (earlier !== 'separate') return { s0: tf.add(tf.mul(s0, earlier.online), importance), s2: 0 };
  const d = displacement.value();
  const [s2] = displacement.charge(s0, s1).dataSync<'float32'>();
  const pull = tf.mul(s0, d);
  return { s0: tf.add(s0, importance), s1: s1 ? tf.add(s1, pull) : pull, s2 };
}
