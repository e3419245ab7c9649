import * as tf from '@tensorflow/tfjs-core';
import {
  inject,
  injectable,
  type MicroPosition,
  nextLabels,
  OPTIONS,
  type PassRequest,
  type PenaltyMoment,
  type PluginState,
  type PrepareMoment,
  problem,
  RANDOM,
  type RandomSource,
  type Regularizer,
  type TaskMoment,
  TOKENIZER,
  type Tokenizer,
  type TrainingBatch,
  tokenCrossEntropy,
  trainingBatch,
} from '../../core/index.js';
import { type AddTask, addToReservoir, addToShares, type BufferState, emptyBuffer } from './buffer.js';
import type { ReplayOptions } from './plugin.js';

const addTask: Readonly<Record<ReplayOptions['buffer'], AddTask>> = {
  reservoir: addToReservoir,
  'per-task': addToShares,
};

/** The rows drawn for a micro-batch. */
interface Draw {
  readonly name: string;
  readonly rows: TrainingBatch;
}

/**
 * weight * mean over the answer tokens of replayed rows of their cross-entropy. The rows are drawn anew for every micro-batch,
 * without replacement, from buffered examples of earlier tasks. [], nats.
 */
@injectable()
export class Replay implements Regularizer {
  readonly over = 'rows';
  readonly startsAt = 1;
  readonly ownRows: number;
  private buffer: BufferState = emptyBuffer;
  private last?: Draw;

  constructor(
    @inject(OPTIONS) private readonly options: ReplayOptions,
    @inject(RANDOM) private readonly random: RandomSource,
    @inject(TOKENIZER) private readonly tokenizer: Tokenizer,
  ) {
    this.ownRows = options.ratio;
  }

  /** @throws PalimpsestError CONFIG_VALUE for a buffer with no place for some task */
  prepare({ tasks }: PrepareMoment): void {
    const { buffer, capacity } = this.options;
    const earlier = tasks.length - 1;
    if (buffer === 'reservoir' || capacity >= earlier) return;
    const expected = `at least ${earlier} with buffer: per-task, an example of every task that another one follows`;
    throw problem('CONFIG_VALUE', { where: 'plugin "replay", capacity', expected, got: String(capacity) });
  }

  passes(step: MicroPosition, batch: TrainingBatch): Record<string, PassRequest> {
    const edits = this.options.edits === 'step' ? 'step' : [];
    return { replayed: { rows: this.draw(step, batch), edits, logits: 'answers' } };
  }

  penalty({ step, batch, passes: { replayed } }: PenaltyMoment): tf.Scalar {
    const losses = tokenCrossEntropy(replayed.logits as tf.Tensor2D, nextLabels(this.draw(step, batch)));
    return tf.mul(tf.mean(losses), this.options.weight);
  }

  afterTask({ examples, taskIndex }: TaskMoment): void {
    const { buffer, capacity } = this.options;
    const stream = this.random.stream(`replay/task-${taskIndex + 1}/${buffer}`);
    this.hold(addTask[buffer](this.buffer, examples, capacity, stream));
  }

  state(): PluginState {
    return { tensors: {}, json: { ...this.buffer } };
  }

  restore({ json }: PluginState): void {
    this.hold(json as unknown as BufferState);
  }

  /** How many examples of every task are buffered. */
  summary(): Record<string, unknown> {
    const counts = new Array<number>(this.buffer.tasks).fill(0);
    for (const { task } of this.buffer.examples) counts[task]++;
    return { buffered: counts };
  }

  private hold(buffer: BufferState): void {
    this.buffer = buffer;
    this.last = undefined;
  }

  /** Equal steps get the very same rows, which makes their passes one. */
  private draw({ step, micro }: MicroPosition, batch: TrainingBatch): TrainingBatch {
    const { examples } = this.buffer;
    const count = Math.min(examples.length, Math.max(1, Math.round(this.options.ratio * batch.rows)));
    const name = `replay/step-${step}/micro-${micro}`;
    if (this.last?.name !== name || this.last.rows.rows !== count) {
      const indices = this.random.stream(name).shuffle([...examples.keys()]);
      this.last = { name, rows: trainingBatch(examples, indices.slice(0, count), this.tokenizer.padding) };
    }
    return this.last.rows;
  }
}
