import * as tf from '@tensorflow/tfjs-core';
import type { Adapter, LinearSite, LowRankFactors } from '../../core/index.js';

/** Assigns values to a variable and frees the tensor that held them. */
export function move(variable: tf.Variable, values: tf.TensorLike): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
}

/** An adapter that trains one vector `w` [n] at no site. */
export class OneVector implements Adapter {
  readonly sites = [];
  readonly w: tf.Variable;

  constructor(values: number[]) {
    this.w = tf.tidy(() => tf.variable(tf.tensor1d(values)));
  }

  trainable() {
    return { w: this.w };
  }

  addition() {
    return undefined;
  }

  move(values: number[]): void {
    move(this.w, values);
  }

  dispose(): void {
    this.w.dispose();
  }
}

/** Where OnePair adds. */
export const pairSite: LinearSite = { name: 'layer', kind: 'layer', layer: 0, inFeatures: 2, outFeatures: 2 };

/** An adapter that adds scale B A, A [1, 2], B [2, 1], scale 1/2, to one weight; each task begins with a fresh pair. */
export class OnePair implements Adapter {
  readonly sites = [pairSite];
  private readonly a = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R2>([1, 2])));
  private readonly b = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R2>([2, 1])));

  trainable() {
    return { a: this.a, b: this.b };
  }

  addition() {
    return undefined;
  }

  factors(_: LinearSite, view: 'current' | 'before-this-task'): LowRankFactors | undefined {
    if (view !== 'current') return undefined;
    const [a, b] = [this.a, this.b] as unknown as tf.Tensor2D[];
    return { a, b, scale: 0.5 };
  }

  move(a: number[], b: number[]): void {
    move(this.a, a);
    move(this.b, b);
  }

  dispose(): void {
    tf.dispose([this.a, this.b]);
  }
}
