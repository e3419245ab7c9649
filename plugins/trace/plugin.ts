import { definePlugin, distinctNames, evaluatedOptions, filePath, z } from '../../core/index.js';
import { TraceBenchmark } from './benchmark.js';
import { paperOrder, taskNames } from './tasks.js';

const count = z.number().int().min(1);

export const options = z
  .strictObject({
    root: filePath().describe('Folder that holds TASK/train.json, TASK/eval.json and TASK/test.json.'),
    tasks: z
      .array(z.enum(taskNames))
      .min(1)
      .refine(distinctNames, 'expected each name once')
      .default(paperOrder)
      .describe('The tasks in the order of training.'),
    epochs: z
      .union([count, z.record(z.string(), count)])
      .optional()
      .describe('Passes over the training samples: of every task, or {TASK: number}; by default as in the paper.'),
    maxTrain: count.optional().describe('Trains on the first samples of every task only.'),
    maxTest: count.optional().describe('Scores the first samples of every task only.'),
    maxValidation: count.optional().describe('Keeps the first validation samples of every task only.'),
    heldOut: evaluatedOptions.optional().describe('Sets that are only evaluated.'),
  })
  .superRefine(({ epochs }, context) => {
    if (typeof epochs !== 'object') return;
    for (const name of Object.keys(epochs)) {
      if (taskNames.some((known) => known === name)) continue;
      context.addIssue({
        code: 'custom',
        path: ['epochs', name],
        message: `expected one of ${taskNames.join(', ')} as the key`,
      });
    }
  });

export default definePlugin({
  name: 'trace',
  summary: 'TRACE: six tasks of generation, from stances in Chinese to Python code, read from its own files.',
  paper: 'Wang et al. 2023, TRACE: A Comprehensive Benchmark for Continual Learning in Large Language Models',
  provides: { benchmark: TraceBenchmark },
  options,
});
