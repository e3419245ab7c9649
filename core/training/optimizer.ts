import * as tf from '@tensorflow/tfjs-core';
import type { TrainingSettings } from '../config/schema.js';
import type { NamedTensors, NamedVariables } from '../contracts/tensors.js';
import { adamwUpdate } from '../engine/ops/adamw.js';
import type { Packing } from './packing.js';

export type AdamWSettings = Pick<TrainingSettings, 'betas' | 'epsilon' | 'weightDecay'>;

/** An optimizer's saved state: first and second moments by variable name (the caller disposes them) and the step count. */
export interface OptimizerState {
  readonly first: NamedTensors;
  readonly second: NamedTensors;
  readonly steps: number;
}

/**
 * AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) over every trainable variable at once, with PyTorch's arithmetic:
 * m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, p = p (1 - lr wd) - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).
 * Made anew for every task.
 */
export class AdamW {
  private first: tf.Tensor1D;
  private second: tf.Tensor1D;
  private steps = 0;

  /** @param packing layout of the variables in one vector [n] */
  constructor(
    private readonly variables: NamedVariables,
    private readonly packing: Packing,
    private readonly settings: AdamWSettings,
  ) {
    const count = Object.values(variables).reduce((sum, variable) => sum + variable.size, 0);
    this.first = tf.keep(tf.zeros([count]));
    this.second = tf.keep(tf.zeros([count]));
  }

  /** Updates the variables from their gradient [n] and returns the difference that it made [n]; the caller disposes it. */
  update(gradient: tf.Tensor1D, learningRate: number): tf.Tensor1D {
    this.steps++;
    const { betas, epsilon, weightDecay } = this.settings;
    const moments = { first: this.first, second: this.second };
    return tf.tidy(() => {
      const { difference, next, first, second } = adamwUpdate(this.packing.pack(this.variables), gradient, moments, {
        ...{ betas, epsilon, decay: learningRate * weightDecay },
        size: learningRate / (1 - betas[0] ** this.steps),
        root: 1 / Math.sqrt(1 - betas[1] ** this.steps),
      });
      this.dispose();
      [this.first, this.second] = [tf.keep(first), tf.keep(second)];
      const values = this.packing.unpack(next);
      for (const name of this.packing.names) this.variables[name].assign(values[name]);
      return difference;
    });
  }

  state(): OptimizerState {
    return { first: this.packing.unpack(this.first), second: this.packing.unpack(this.second), steps: this.steps };
  }

  /** Takes back what `state` gave; copies the tensors. */
  restore(state: OptimizerState): void {
    this.dispose();
    this.first = tf.keep(this.packing.pack(state.first));
    this.second = tf.keep(this.packing.pack(state.second));
    this.steps = state.steps;
  }

  dispose(): void {
    tf.dispose([this.first, this.second]);
  }
}
