import type { Adapter } from '../../core/contracts/adapter.js';
import type { TokenExample } from '../../core/contracts/benchmark.js';
import type { TaskMoment } from '../../core/contracts/moments.js';
import type { PassModel } from '../../core/training/run-pass.js';
import type { PreparedTask } from '../../core/training/task-data.js';
import { TaskPasses } from '../../core/training/task-passes.js';
import { toyTask } from './toy-run.js';

export interface MomentOptions {
  readonly taskIndex?: number;
  /** What passes run on; without it there are none, only batches. */
  readonly model?: PassModel & { readonly adapter: Adapter };
  readonly batchSize?: number;
}

/** The end of a task that was trained on the examples. */
export function endOfTask(
  examples: readonly TokenExample[],
  { taskIndex = 0, model, batchSize = 2 }: MomentOptions = {},
): TaskMoment {
  const encoded = examples.map(({ tokens, labels }) => ({
    tokens: [...tokens],
    labels: [...labels],
    promptTokens: 1,
    truncatedPrompt: false,
    truncatedAnswer: false,
  }));
  const task = toyTask('toy', []);
  const prepared: PreparedTask = { task, examples: encoded, steps: 1, truncated: { prompts: 0, answers: 0 } };
  return {
    task,
    taskIndex,
    steps: 1,
    examples: encoded,
    passes: new TaskPasses(model as PassModel & { readonly adapter: Adapter }, prepared, batchSize, 0),
    shared: async (_, make) => make(),
  };
}
