import * as tf from '@tensorflow/tfjs-core';
import type { TrainingSettings } from '../config/schema.js';
import type { TrainingBatch } from '../contracts/batch.js';
import type { StepPosition } from '../contracts/moments.js';
import type { StepRecord } from '../contracts/observer.js';
import { problem } from '../errors.js';
import { dropoutDraw } from './dropout.js';
import { microGradient } from './loss.js';
import { AdamW } from './optimizer.js';
import { l2Norm, Packing } from './packing.js';
import { type Participants, whoTakesPart } from './participants.js';
import type { RandomSource } from './random.js';
import { learningRateFactor } from './schedule.js';

/** The optimizer steps of one task: made after `beforeTask`, when the adapter's variables stand. */
export class TaskTrainer {
  private readonly packing: Packing;
  readonly optimizer: AdamW;

  constructor(
    private readonly run: Participants,
    private readonly task: string,
    private readonly settings: TrainingSettings,
    private readonly random: RandomSource,
  ) {
    const variables = run.adapter.trainable();
    this.packing = new Packing(variables);
    this.optimizer = new AdamW(variables, this.packing, settings);
  }

  /**
   * One optimizer step over micro-batches, each weighted by its answer tokens, so that it equals the step of one large
   * batch. Leaves no tensor behind. @throws PalimpsestError TRAINING_DIVERGED, before anything is updated
   */
  step(micros: readonly TrainingBatch[], position: StepPosition): StepRecord {
    const start = performance.now();
    const learningRate = this.learningRate(position);
    const { terms, gradientNorm } = tf.tidy(() => {
      const { terms, gradient } = this.accumulated(micros, position);
      const gradientNorm = l2Norm(gradient);
      this.refuseDivergence(position, sum(terms), gradientNorm);
      this.update(clipped(gradient, gradientNorm, this.settings.clip), learningRate, position);
      return { terms, gradientNorm };
    });
    const seconds = (performance.now() - start) / 1000;
    const tokens = sum(micros.map(({ mask }) => mask.reduce((real, bit) => real + bit, 0)));
    return {
      step: position.step,
      task: this.task,
      epoch: position.epoch + 1,
      loss: this.namedLoss(terms),
      gradientNorm,
      learningRate,
      tokens,
      tokensPerSecond: tokens / seconds,
      seconds,
    };
  }

  dispose(): void {
    this.optimizer.dispose();
  }

  private learningRate({ taskStep, taskSteps }: StepPosition): number {
    return this.settings.learningRate * learningRateFactor(this.settings.schedule, taskStep, taskSteps);
  }

  private accumulated(
    micros: readonly TrainingBatch[],
    step: StepPosition,
  ): { terms: number[]; gradient: tf.Tensor1D } {
    const answers = sum(micros.map(({ answerPositions }) => answerPositions.length));
    const parts = micros.map((batch, i) =>
      microGradient(this.run, this.packing, {
        batch,
        step,
        share: batch.answerPositions.length / answers,
        paysWeights: i === 0,
        dropout: dropoutDraw(this.random, step.step, i),
      }),
    );
    return {
      terms: [...parts[0].terms].map((_, i) => sum(parts.map(({ terms }) => terms[i]))),
      gradient: tf.addN(parts.map(({ gradient }) => gradient)),
    };
  }

  private refuseDivergence({ taskStep }: StepPosition, loss: number, norm: number): void {
    if (Number.isFinite(loss) && Number.isFinite(norm)) return;
    throw problem('TRAINING_DIVERGED', {
      where: `task "${this.task}", optimizer step ${taskStep + 1}`,
      expected: 'a finite loss and gradient',
      got: `loss ${loss}, gradient norm ${norm}`,
    });
  }

  /** Updates the variables; gradients and updates are named only for those who listen. */
  private update(gradient: tf.Tensor1D, learningRate: number, step: StepPosition): void {
    const difference = this.optimizer.update(gradient, learningRate);
    const listeners = whoTakesPart(this.run, 'afterStep').filter((participant) => participant.afterStep);
    if (listeners.length === 0) return;
    const moment = { step, gradients: this.packing.unpack(gradient), updates: this.packing.unpack(difference) };
    for (const listener of listeners) listener.afterStep?.(moment);
  }

  private namedLoss(terms: readonly number[]): Record<string, number> {
    const penalties = this.run.regularizers.map(({ name }, i) => [name, terms[i + 1]]);
    return { total: sum(terms), crossEntropy: terms[0], ...Object.fromEntries(penalties) };
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The gradient scaled to a global norm of at most `clip`, as PyTorch does (with 1e-6 added to the norm). */
function clipped(gradient: tf.Tensor1D, norm: number, clip: number | null): tf.Tensor1D {
  return clip === null || norm <= clip ? gradient : tf.mul(gradient, clip / (norm + 1e-6));
}
