import * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../../core/contracts/adapter.js';

/** An adapter that trains one vector `w` and adds it nowhere: enough for what depends on variables alone. */
export class VectorAdapter implements Adapter {
  readonly sites = [];
  private readonly w: tf.Variable;

  constructor(values: readonly number[]) {
    this.w = tf.tidy(() => tf.variable(tf.tensor1d([...values])));
  }

  trainable() {
    return { w: this.w };
  }

  addition() {
    return undefined;
  }

  moveTo(values: readonly number[]): void {
    tf.tidy(() => this.w.assign(tf.tensor1d([...values])));
  }

  dispose(): void {
    this.w.dispose();
  }
}
