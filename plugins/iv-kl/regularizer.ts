import * as tf from '@tensorflow/tfjs-core';
import {
  type ActivationEdit,
  BACKBONE,
  type Backbone,
  fused,
  headEdits,
  inject,
  injectable,
  instructionVector,
  klDivergence,
  LOGGER,
  type Logger,
  type MicroPosition,
  MODEL,
  OPTIONS,
  type PassRequest,
  type PenaltyMoment,
  type PluginState,
  type PrepareMoment,
  RANDOM,
  type RandomSource,
  type Regularizer,
  type StepPosition,
  streamEdits,
  strengthAt,
  type TaskMoment,
  TaskVectors,
  TOKENIZER,
  type Tokenizer,
  type Unit,
} from '../../core/index.js';
import { headDifference, headsAt } from './head-term.js';
import type { IvKlOptions } from './plugin.js';

type Term = IvKlOptions['terms'][number];

/** What a term is a mean over. */
function unitOf({ positions, reduction }: Term): Unit {
  return reduction === 'sum-per-row' ? 'rows' : positions;
}

/**
 * lambda KL(p_IV || p_zero-shot) (Eq. 4): p_IV the target model's next-token distribution with the instruction vector, detached;
 * p_zero-shot that of the model that trains, without it. [], nats.
 */
@injectable()
export class InstructionVectorDivergence implements Regularizer {
  readonly over = 'shares';
  readonly startsAt = 0;
  readonly mayRest: boolean;
  private readonly vectors: TaskVectors;
  /** The instruction vector of this task, once it was asked for. */
  private theta?: Float32Array;

  constructor(
    @inject(OPTIONS) private readonly options: IvKlOptions,
    @inject(BACKBONE) private readonly backbone: Backbone,
    @inject(TOKENIZER) tokenizer: Tokenizer,
    @inject(RANDOM) random: RandomSource,
    @inject(LOGGER) logger: Logger,
    @inject(MODEL) model: string,
  ) {
    const { terms, headTerm } = options;
    this.mayRest = [...terms, ...(headTerm ? [headTerm] : [])].every(({ above }) => above > 0);
    this.vectors = new TaskVectors({ plugin: 'iv-kl', backbone, model, tokenizer, random, logger }, options);
  }

  prepare(moment: PrepareMoment): Promise<void> {
    return this.vectors.prepare(moment);
  }

  beforeTask(moment: TaskMoment): Promise<void> {
    this.theta = undefined;
    return this.vectors.beforeTask(moment);
  }

  passes(step: MicroPosition): Record<string, PassRequest> {
    const { terms, target, detach, strength, headTerm } = this.options;
    const edits = this.edits(step);
    const requests: Record<string, PassRequest> = {};
    for (const positions of new Set(terms.map((term) => term.positions))) {
      const keep = strength !== 'schedule';
      requests[`vector ${positions}`] = { adapters: target, edits, gradient: !detach, logits: positions, keep };
      requests[`plain ${positions}`] = { logits: positions };
    }
    if (headTerm) {
      const captures = headsAt(this.backbone, this.vectors.current().heads);
      requests.heads = { captures };
      requests['target heads'] = { adapters: target, gradient: false, captures };
    }
    return requests;
  }

  penalty({ passes, batch, share }: PenaltyMoment): tf.Scalar {
    const { terms, headTerm } = this.options;
    const charges: tf.Tensor[] = terms.map((term) => {
      const [vector, plain] = [passes[`vector ${term.positions}`].logits, passes[`plain ${term.positions}`].logits];
      const charge = this.charge(term, this.divergence(vector as tf.Tensor2D, plain as tf.Tensor2D), batch.rows);
      return tf.mul(charge, share(unitOf(term)));
    });
    if (headTerm) {
      const [own, target] = [passes.heads.captures, passes['target heads'].captures];
      const difference = headDifference(this.backbone, this.vectors.current().heads, { own, target, batch });
      charges.push(tf.mul(whileAbove(difference, headTerm.above), headTerm.weight * share('answer-start')));
    }
    return tf.addN(charges) as tf.Scalar;
  }

  state(): PluginState {
    return this.vectors.state();
  }

  restore(state: PluginState): void {
    this.theta = undefined;
    this.vectors.restore(state);
  }

  summary(): Record<string, unknown> {
    return this.vectors.summary();
  }

  /** Of every position [P]. */
  private divergence(vector: tf.Tensor2D, plain: tf.Tensor2D): tf.Tensor1D {
    const { direction, temperature, detach } = this.options;
    if (direction === 'vector-plain') {
      return klDivergence(vector, plain, { temperature, gradient: detach ? 'q' : 'both' });
    }
    return klDivergence(plain, vector, { temperature, gradient: detach ? 'p' : 'both' });
  }

  private charge({ weight, reduction, above }: Term, divergences: tf.Tensor1D, rows: number): tf.Scalar {
    const total = reduction === 'mean' ? tf.mean(divergences) : tf.div(tf.sum(divergences), rows);
    return tf.mul(weight, whileAbove(total as tf.Scalar, above));
  }

  private edits(step: StepPosition): ActivationEdit[] {
    const { site, layer, schedule } = this.options;
    const strength = this.options.strength === 'schedule' ? strengthAt(schedule, step) : this.options.strength;
    const positions = 'prompt-end';
    const vectors = this.vectors.current();
    if (site === 'heads') return headEdits(this.backbone, vectors, { mode: 'add', positions, strength });
    this.theta ??= instructionVector(this.backbone, vectors);
    return streamEdits(this.backbone, this.theta, { site, layer: layer as number, positions, strength });
  }
}

/** The value where it is larger, else 0, and its gradient likewise. */
function whileAbove(value: tf.Scalar, above: number): tf.Scalar {
  if (above === 0) return value;
  return fused([value], ([given], save) => {
    const charged = tf.cast(tf.greater(given, above), 'float32');
    save(charged);
    return { value: tf.mul(given, charged) as tf.Scalar, gradient: (dy, [charged]) => [tf.mul(dy, charged)] };
  });
}
