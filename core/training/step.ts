import * as tf from '@tensorflow/tfjs-core';
import type { TrainingSettings } from '../config/schema.js';
import type { TrainingBatch } from '../contracts/batch.js';
import type { StepPosition } from '../contracts/moments.js';
import type { StepRecord } from '../contracts/observer.js';
import type { Unit } from '../contracts/regularizer.js';
import type { NamedVariables } from '../contracts/tensors.js';
import { problem } from '../errors.js';
import { dropoutDraw } from './dropout.js';
import type { IdleWatch } from './idle-watch.js';
import type { KeptPasses } from './kept-passes.js';
import { microGradient } from './loss.js';
import { AdamW } from './optimizer.js';
import { l2Norm, Packing } from './packing.js';
import { type Participants, whoTakesPart } from './participants.js';
import { flatPositions } from './positions.js';
import type { RandomSource } from './random.js';
import { learningRateFactor } from './schedule.js';
import { type Span, untimed } from './span.js';

/** What a task's steps are made of. */
export interface TrainerParts {
  readonly run: Participants;
  /** The task's name. */
  readonly task: string;
  readonly settings: TrainingSettings;
  readonly random: RandomSource;
  readonly kept: KeptPasses;
  readonly watch: IdleWatch;
  readonly span?: Span;
}

/** The optimizer steps of one task: made after `beforeTask`, when the adapter's variables stand. */
export class TaskTrainer {
  private readonly packing: Packing;
  readonly optimizer: AdamW;

  /** @throws PalimpsestError PLUGIN_IDLE for an adapter without trainable variables */
  constructor(private readonly parts: TrainerParts) {
    const variables = trainableOf(parts);
    this.packing = new Packing(variables);
    this.optimizer = new AdamW(variables, this.packing, parts.settings);
  }

  /**
   * One optimizer step over micro-batches, each weighted by its answer tokens, so that it equals the step of one large
   * batch. Leaves no tensor behind. @throws PalimpsestError TRAINING_DIVERGED, before anything is updated; PLUGIN_IDLE
   */
  step(micros: readonly TrainingBatch[], position: StepPosition): StepRecord {
    const start = performance.now();
    const learningRate = this.learningRate(position);
    const { terms, gradientNorm } = tf.tidy(() => {
      const { terms, gradient } = this.accumulated(micros, position);
      const gradientNorm = l2Norm(gradient);
      this.refuseDivergence(position, sum(terms), gradientNorm);
      const clipping = clippingOf(gradientNorm, this.parts.settings.clip);
      this.update(gradient, { clipping, learningRate, step: position });
      return { terms, gradientNorm };
    });
    this.parts.watch.stepDone(position, this.parts.task);
    const seconds = (performance.now() - start) / 1000;
    const tokens = sum(micros.map(({ mask }) => mask.reduce((real, bit) => real + bit, 0)));
    return {
      step: position.step,
      task: this.parts.task,
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
    const { learningRate, schedule } = this.parts.settings;
    return learningRate * learningRateFactor(schedule, taskStep, taskSteps);
  }

  private accumulated(
    micros: readonly TrainingBatch[],
    step: StepPosition,
  ): { terms: number[]; gradient: tf.Tensor1D } {
    const count = (batch: TrainingBatch, unit: Unit) =>
      unit === 'rows' ? batch.rows : flatPositions(batch, unit).length;
    const parts = micros.map((batch, micro) =>
      microGradient(
        { ...this.parts, packing: this.packing },
        {
          batch,
          step: { ...step, micro },
          share: (unit) => count(batch, unit) / sum(micros.map((other) => count(other, unit))),
          dropout: dropoutDraw(this.parts.random, step.step, micro),
        },
      ),
    );
    return {
      terms: [...parts[0].terms].map((_, i) => sum(parts.map(({ terms }) => terms[i]))),
      gradient: tf.addN(parts.map(({ gradient }) => gradient)),
    };
  }

  private refuseDivergence({ taskStep }: StepPosition, loss: number, norm: number): void {
    if (Number.isFinite(loss) && Number.isFinite(norm)) return;
    throw problem('TRAINING_DIVERGED', {
      where: `task "${this.parts.task}", optimizer step ${taskStep + 1}`,
      expected: 'a finite loss and gradient',
      got: `loss ${loss}, gradient norm ${norm}`,
    });
  }

  /** Updates the variables; gradients and updates are named only for those who listen. */
  private update(gradient: tf.Tensor1D, { clipping, learningRate, step }: Update): void {
    const clipped: tf.Tensor1D = clipping === 1 ? gradient : tf.mul(gradient, clipping);
    const { span = untimed } = this.parts;
    const difference = span('optimizer', () => this.optimizer.update(clipped, learningRate));
    const listeners = whoTakesPart(this.parts.run, 'afterStep').filter((participant) => participant.afterStep);
    if (listeners.length === 0) return;
    const [gradients, updates] = [this.packing.unpack(gradient), this.packing.unpack(difference)];
    const moment = { step, gradients, clipping, updates };
    for (const listener of listeners) listener.afterStep?.(moment);
  }

  private namedLoss(terms: readonly number[]): Record<string, number> {
    const penalties = this.parts.run.regularizers.map(({ name }, i) => [name, terms[i + 1]]);
    return { total: sum(terms), crossEntropy: terms[0], ...Object.fromEntries(penalties) };
  }
}

function trainableOf({ run: { adapter, adapterName = 'adapter' }, task }: TrainerParts): NamedVariables {
  const variables = adapter.trainable();
  if (Object.keys(variables).length > 0) return variables;
  throw problem('PLUGIN_IDLE', {
    where: `plugin "${adapterName}", task "${task}"`,
    expected: 'trainable variables',
    got: 'none',
    remedy: 'Check its options, such as the layers that it acts on; of a plugin of your own, what `trainable()` gives.',
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What brings a gradient to a global norm of at most `clip`, as PyTorch does (with 1e-6 added to the norm). */
function clippingOf(norm: number, clip: number | null): number {
  return clip === null || norm <= clip ? 1 : clip / (norm + 1e-6);
}

interface Update {
  /** Factor of the gradient. */
  readonly clipping: number;
  readonly learningRate: number;
  readonly step: StepPosition;
}
