import type { TrainingSettings } from '../config/schema.js';
import type { BenchmarkData, Task } from '../contracts/benchmark.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import { type EncodedExample, encodeExample, NO_LOSS } from '../text/examples.js';

/** How many of a task's training examples were cut to the maximum lengths. */
export interface TruncationCounts {
  readonly prompts: number;
  readonly answers: number;
}

/** A task ready to train. */
export interface PreparedTask {
  readonly task: Task;
  readonly examples: readonly EncodedExample[];
  /** T, its optimizer steps. */
  readonly steps: number;
  readonly truncated: TruncationCounts;
}

/** Optimizer steps of a task: in every epoch, a last group of fewer than `accumulate` micro-batches is a step too. */
export function optimizerSteps(task: Task, { batchSize, accumulate }: TrainingSettings): number {
  return task.epochs * Math.ceil(Math.ceil(task.train.length / batchSize) / accumulate);
}

/**
 * Encodes and checks the training examples of every task, before any of them trains.
 * @param maxPositions longest row in tokens that the model takes
 * @throws PalimpsestError DATA_EMPTY, DATA_LINE, DATA_TOO_LONG, TOKENS_TOO_LONG, TOKEN_OUT_OF_RANGE
 */
export function prepareTasks(
  { tasks, answerEnd }: BenchmarkData,
  tokenizer: Tokenizer,
  settings: TrainingSettings,
  maxPositions: number,
): PreparedTask[] {
  return tasks.map((task) => {
    assertExamples(task);
    const examples = task.train.map((example, i) => {
      const where = example.where ?? `task "${task.name}", example ${i + 1}`;
      const encoded = encodeExample(example, tokenizer, { ...settings, answerEnd }, where);
      check(encoded, where, maxPositions);
      return encoded;
    });
    return { task, examples, steps: optimizerSteps(task, settings), truncated: countTruncated(examples) };
  });
}

/** Refuses a task without training examples. @throws PalimpsestError DATA_EMPTY */
export function assertExamples({ name, train }: Task): void {
  if (train.length > 0) return;
  throw problem('DATA_EMPTY', { where: `task "${name}"`, expected: 'at least one example', got: 'none' });
}

function check({ tokens, labels }: EncodedExample, where: string, maxPositions: number): void {
  if (!labels.some((label, i) => i > 0 && label !== NO_LOSS)) {
    throw problem('DATA_LINE', { where, expected: 'a labelled token after the first one', got: 'none' });
  }
  if (tokens.length > maxPositions) {
    throw problem('TOKENS_TOO_LONG', { where, expected: `at most ${maxPositions} tokens`, got: `${tokens.length}` });
  }
}

function countTruncated(examples: readonly EncodedExample[]): TruncationCounts {
  return {
    prompts: examples.filter((example) => example.truncatedPrompt).length,
    answers: examples.filter((example) => example.truncatedAnswer).length,
  };
}
