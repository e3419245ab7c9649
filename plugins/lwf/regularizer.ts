import * as tf from '@tensorflow/tfjs-core';
import {
  inject,
  injectable,
  klDivergence,
  OPTIONS,
  type PassRequest,
  type PassResult,
  type PenaltyMoment,
  type Regularizer,
  topDivergence,
  type Unit,
  type z,
} from '../../core/index.js';
import type { lwfOptions } from './plugin.js';

const positions = { answers: 'answers', all: 'real', padded: 'all' } as const;

/**
 * weight * mean over positions of KL(p^T || q^T), p the model before this task on this task's inputs, q the model that trains,
 * p^T = softmax(logits / T); no factor T^2 unless asked for. [], nats.
 */
@injectable()
export class LearningWithoutForgetting implements Regularizer {
  readonly over: Unit;
  readonly startsAt: number;

  constructor(@inject(OPTIONS) private readonly options: z.infer<typeof lwfOptions>) {
    this.startsAt = options.startsAt;
    this.over = options.reduction === 'mean' ? positions[options.positions] : 'rows';
  }

  passes(): Record<string, PassRequest> {
    const { student, top: count, temperature } = this.options;
    const logits = positions[this.options.positions];
    const top = count === undefined ? undefined : { count, temperature };
    return {
      teacher: { adapters: 'before-this-task', logits, top, keep: true },
      student: { edits: student === 'step' ? 'step' : [], logits },
    };
  }

  penalty({ passes: { teacher, student }, batch }: PenaltyMoment): tf.Scalar {
    const { weight, temperature, squaredTemperature, reduction } = this.options;
    const divergences = this.divergences(teacher, student.logits as tf.Tensor2D);
    const total = reduction === 'mean' ? tf.mean(divergences) : tf.div(tf.sum(divergences), batch.rows);
    return tf.mul(total, weight * (squaredTemperature ? temperature ** 2 : 1)) as tf.Scalar;
  }

  /** Of every position [P]. */
  private divergences({ logits, top }: PassResult, student: tf.Tensor2D): tf.Tensor1D {
    const { direction, temperature } = this.options;
    if (top) return topDivergence(top, student, temperature);
    const teacher = logits as tf.Tensor2D;
    if (direction === 'teacher-student') return klDivergence(teacher, student, { temperature, gradient: 'q' });
    return klDivergence(student, teacher, { temperature, gradient: 'p' });
  }
}
